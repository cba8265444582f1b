"""Which photos are frames of one burst? What the camera says, then time and looks; never names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from albumen.catalog.alike import Frame

GAP = timedelta(seconds=2)
FRAMES = 3
HASH_BITS = 20
"""Frames of a burst differ in at most so many of 64 bits from the one before."""


def stacks(frames: Sequence[Frame]) -> list[list[int]]:
    """Items of each burst, by time.

    Frames with the same burst id of one camera are one; without an id, three and more frames of one camera at most
    two seconds apart that look alike from each to the next.

    Parameters
    ----------
    frames : sequence of Frame
        By camera, then time.
    """
    told: dict[tuple[str, str], list[int]] = defaultdict(list)
    runs: list[list[Frame]] = []
    for frame in frames:
        if frame.burst_id:
            told[frame.camera, frame.burst_id].append(frame.item_id)
        elif runs and _goes_on(runs[-1][-1], frame):
            runs[-1].append(frame)
        else:
            runs.append([frame])
    found = [items for items in told.values() if len(items) > 1]
    return found + [[frame.item_id for frame in run] for run in runs if len(run) >= FRAMES]


def _goes_on(before: Frame, frame: Frame) -> bool:
    return (
        bool(frame.camera)
        and before.camera == frame.camera
        and frame.at - before.at <= GAP
        and ((before.phash ^ frame.phash) & 0xFFFF_FFFF_FFFF_FFFF).bit_count() <= HASH_BITS
    )
