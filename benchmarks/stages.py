"""Where the CPU time of one photo goes on our side, and what a bare half-scale decode of it costs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import simplejpeg
from media_worker import CONTEXT

from albumen.media import photo
from albumen.pipeline.contract import MediaInput, StepResult
from albumen.pipeline.steps.metadata import MetadataStep
from albumen.pipeline.steps.renditions import RenditionsStep
from albumen.settings import Settings

# What `photo.render` calls, by stage: wrapped in a stopwatch for the time of the measurement.
STAGES = {
    "decode": "decode",
    "shrink": "resize",
    "to_srgb": "colour",
    "turn_upright": "turn",
    "as_jpeg": "encode preview",
    "_as_webp": "encode thumb",
    "thumbhash": "thumbhash, dominant colour",
    "dominant_colour": "thumbhash, dominant colour",
}
TURNS = 3
READ, HASH, METADATA, REST, HALF = "read", "hash", "metadata", "rest of the step", "bare half-scale decode"


def measure(paths: Sequence[Path]) -> dict[str, Any]:
    """CPU milliseconds a photo by stage, in this process, and the ratio to the bare decode.

    Every photo is decoded bare and put through the whole path, in turns, so that a noisy neighbour
    meets both alike; the least of each counts.

    Parameters
    ----------
    paths : sequence of Path
        JPEGs.

    Returns
    -------
    dict
        `cpu_ms_per_photo` by stage, their sum `whole`, the floor `half_decode`, and
        `cpu_over_half_decode`.
    """
    settings = Settings()
    steps = MetadataStep(settings), RenditionsStep(settings)
    spent: dict[str, float] = dict.fromkeys([READ, HASH, METADATA, *STAGES.values(), REST, HALF], 0.0)
    for path in paths:
        halves, wholes = [], []
        for _ in range(TURNS):
            halves.append(_half_decode(path.read_bytes()))
            wholes.append(_whole(path, *steps))
        whole = min(wholes, key=lambda one: sum(one.values()))
        spent[HALF] += min(halves)
        for stage, seconds in whole.items():
            spent[stage] += seconds
    floor = spent.pop(HALF)
    each = {stage: round(1000 * seconds / len(paths), 2) for stage, seconds in spent.items()}
    return {
        "photos": len(paths),
        "cpu_ms_per_photo": each,
        "whole": round(1000 * sum(spent.values()) / len(paths), 2),
        "half_decode": round(1000 * floor / len(paths), 2),
        "cpu_over_half_decode": round(sum(spent.values()) / floor, 3),
    }


def _half_decode(data: bytes) -> float:
    height, width, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    begun = time.process_time()
    simplejpeg.decode_jpeg(
        data, "RGB", min_width=-(-width // 2), min_height=-(-height // 2), min_factor=2, strict=False
    )
    return time.process_time() - begun


def _whole(path: Path, metadata: MetadataStep, renditions: RenditionsStep) -> dict[str, float]:
    spent: dict[str, float] = {}
    begun = time.process_time()
    data = path.read_bytes()
    spent[READ] = _lap(begun)
    begun = time.process_time()
    hashlib.sha256(data).digest()
    spent[HASH] = _lap(begun)
    media = MediaInput(1, data, "photo", "image/jpeg", {**CONTEXT, "file_name": path.name})
    begun = time.process_time()
    (found,) = metadata.run([media])
    spent[METADATA] = _lap(begun)
    with _stopwatches(spent):
        begun = time.process_time()
        (rendered,) = renditions.run([media])
        step = _lap(begun)
    if not isinstance(found, StepResult) or not isinstance(rendered, StepResult):
        raise SystemExit(f"{path}: {found if not isinstance(found, StepResult) else rendered}")
    spent[REST] = step - sum(seconds for stage, seconds in spent.items() if stage in STAGES.values())
    return spent


def _lap(begun: float) -> float:
    return time.process_time() - begun


@contextmanager
def _stopwatches(spent: dict[str, float]) -> Iterator[None]:
    originals = {name: getattr(photo, name) for name in STAGES}
    try:
        for name, stage in STAGES.items():
            setattr(photo, name, _timed(originals[name], stage, spent))
        yield
    finally:
        for name, function in originals.items():
            setattr(photo, name, function)


def _timed(function: Callable[..., Any], stage: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **options: Any) -> Any:
        begun = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            spent[stage] = spent.get(stage, 0.0) + _lap(begun)

    return timed
