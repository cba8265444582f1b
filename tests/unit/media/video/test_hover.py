"""A glance at a video: a few seconds from its middle, or from its beginning where no more of it is there."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from albumen.pipeline.contract import MediaInput, StepResult
from albumen.pipeline.steps.hover import HoverStep
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import Settings
from albumen.testing.videos import a_video


def hovered(data: bytes, folder: Path, mime: str) -> StepResult | ItemFault:
    path = folder / "source"
    path.write_bytes(data)
    (outcome,) = HoverStep(Settings()).run([MediaInput(1, b"", "video", mime, {}, path=str(path))])
    assert isinstance(outcome, StepResult | ItemFault)
    return outcome


@pytest.mark.parametrize("part", [1.0, 0.15])
def test_a_film_that_is_mostly_missing_is_glanced_at_from_its_beginning(tmp_path: Path, part: float) -> None:
    film = a_video(0, seconds=30, extension="flv")
    assert isinstance(hovered(film[: int(part * len(film))], tmp_path, "video/x-flv"), StepResult)
    with av.open(str(tmp_path / "hover.mp4")) as made:
        assert made.streams.video[0].frames > 10


def test_a_film_without_a_frame_is_told_as_such(tmp_path: Path) -> None:
    head, movie, data = a_video(0, seconds=5, extension="avi").partition(b"movi")
    fault = hovered(head + movie + bytes(len(data)), tmp_path, "video/x-msvideo")
    assert isinstance(fault, ItemFault)
    assert fault.reason is Reason.UNREADABLE
