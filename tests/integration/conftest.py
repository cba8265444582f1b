"""What the integration tests share: small photos, and a sandbox without a child process."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from PIL import Image

from albumen.pipeline import registry, running
from albumen.pipeline.contract import MediaInput, Step
from albumen.pipeline.sandbox import WorkItem, WorkOutcome
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings

Interfere = Callable[[str, WorkItem], Any]


@pytest.fixture(scope="session")
def photo() -> Callable[..., bytes]:
    """Small distinct JPEGs: `photo(1)`, with a date as `photo(1, taken="2020:05:01 10:00:00")`."""

    def make(number: int, *, taken: str = "", size: tuple[int, int] = (96, 64)) -> bytes:
        picture = Image.new("RGB", size, (number * 37 % 256, number * 91 % 256, number % 256))
        picture.putpixel((number % size[0], 0), (255, 255, 255))
        exif = Image.Exif()
        exif[0x010E] = f"photo {number}"
        if taken:
            exif.get_ifd(0x8769)[0x9003] = taken
        stream = io.BytesIO()
        picture.save(stream, "JPEG", exif=exif)
        return stream.getvalue()

    return make


class QuickSandbox:
    """Runs the steps in this process: what is tested is what happens around them.

    `worked` holds (step, subject id) in order; `interfere(step, item)` may return a result in the
    step's place, raise, or return None to let the step run.
    """

    worked: list[tuple[str, int]]
    interfere: Interfere
    load_s: Mapping[str, float]

    def __init__(self, settings: Settings) -> None:
        self.steps: dict[str, Step] = {
            name: step(settings) for name, step in registry.steps().items() if name != "faces"
        }
        self.worked = []
        self.load_s = {"quality": 0.25}
        self.interfere = lambda step, item: None

    def __call__(self, references: Sequence[str], settings: Settings, **_: object) -> QuickSandbox:
        self.steps = {name: type(step)(settings) for name, step in self.steps.items()}
        return self

    def __enter__(self) -> QuickSandbox:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def run(self, items: Sequence[WorkItem]) -> Iterator[WorkOutcome]:
        for item in items:
            media = MediaInput(item.subject_id, item.data, item.kind, item.mime, item.context, item.path)
            for step in item.steps:
                self.worked.append((step, item.subject_id))
                try:
                    result = self.interfere(step, item) or self.steps[step].run([media])[0]
                except ItemFault as fault:
                    result = fault
                yield WorkOutcome(item.subject_id, step, result, 0.01, 0.02)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> QuickSandbox:
    """The steps in this process, in place of child processes."""
    quick = QuickSandbox(Settings())
    monkeypatch.setattr(running, "Sandbox", quick)
    return quick
