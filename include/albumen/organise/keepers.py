"""Which one of several alike to keep, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RAW = ("image/x-", "image/tiff", "image/dng")
LOSSY = ("image/jpeg", "image/heic", "image/heif", "image/avif", "image/jxl")
MORE = 1.02
"""Differences of less than two percent decide nothing."""


@dataclass(frozen=True, slots=True)
class Rival:
    """What is known of one member of a group.

    Attributes
    ----------
    pixels : int
        Width times height.
    is_dated, is_located : bool
        Whether it tells itself when and where it was taken.
    quality : float
        0-1; 0 where it was never measured.
    rating : int
        The owner's, 0-5.
    moves : bool
        A photo that has a clip.
    seconds : float
        Length of a video; 0 of a photo.
    """

    item_id: int
    mime: str
    bytes: int
    pixels: int
    is_dated: bool
    is_located: bool
    quality: float
    rating: int
    moves: bool = False
    seconds: float = 0.0


def rank(rivals: Sequence[Rival], *, is_burst: bool) -> list[tuple[Rival, list[str]]]:
    """The members, the one to keep first, each with what speaks for it against the next.

    Of copies the one with most of the original is kept: rating, pixels, length, date and position, a clip, raw before
    lossy before the rest, bytes. Of a burst the best picture: rating, quality, then the same.
    """
    ordered = sorted(rivals, key=lambda rival: (_score(rival, is_burst), -rival.item_id), reverse=True)
    found = []
    for number, rival in enumerate(ordered):
        others = ordered[number + 1 :] or ordered[:number]
        found.append((rival, _reasons(rival, others[0], is_burst) if number == 0 and others else []))
    return found


def _score(rival: Rival, is_burst: bool) -> tuple[float, ...]:
    copies = (
        float(rival.pixels),
        float(round(rival.seconds)),
        float(rival.is_dated) + float(rival.is_located),
        float(rival.moves),
        _format(rival.mime),
        float(rival.bytes),
    )
    return (float(rival.rating), rival.quality, *copies) if is_burst else (float(rival.rating), *copies, rival.quality)


def _format(mime: str) -> float:
    if mime.startswith(RAW):
        return 2.0
    return 1.0 if mime in LOSSY else 0.0


def _reasons(rival: Rival, next_best: Rival, is_burst: bool) -> list[str]:
    told = {
        "rated higher": rival.rating > next_best.rating,
        "the better picture": is_burst and rival.quality > next_best.quality * MORE,
        "more pixels": rival.pixels > next_best.pixels * MORE,
        "longer": round(rival.seconds) > round(next_best.seconds),
        "tells when it was taken": rival.is_dated and not next_best.is_dated,
        "tells where it was taken": rival.is_located and not next_best.is_located,
        "has its clip": rival.moves and not next_best.moves,
        "nearer to the original format": _format(rival.mime) > _format(next_best.mime),
        "less compressed": rival.pixels == next_best.pixels and rival.bytes > next_best.bytes * MORE,
    }
    return [reason for reason, holds in told.items() if holds] or ["the first of its kind"]
