"""Why a picture is in a story, in words that every kind shares: in English, whatever the story's language."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from albumen.memories.context import Photo
from albumen.memories.contract import CandidateItem
from albumen.memories.curation import Choice


def merit(choice: Choice, before: Photo | None, group: str) -> list[str]:
    """What speaks for a chosen photo.

    Parameters
    ----------
    choice : Choice
        The photo and what it was chosen from.
    before : Photo or None
        The one told before it, if that is of the same group.
    group : str
        The part of the story it stands for, such as `2022` or `the first week`.

    Returns
    -------
    list of str
        One part or more, such as `sharpest of 5 alike`, without a full stop.
    """
    photo = choice.photo
    parts = []
    if photo.is_favourite:
        parts.append("a favourite")
    if choice.alike:
        parts.append(f"{_beats(choice)} of {len(choice.alike) + 1} alike")
    if choice.of_group == 1:
        parts.append(f"the only one from {group}")
    elif choice.best_of_group:
        parts.append(f"the best of {choice.of_group} from {group}")
    elif photo.faces and not parts:
        parts.append("with " + ("a face" if len(photo.faces) == 1 else f"{len(photo.faces)} faces") + " in it")
    if not parts and before is not None:
        later = time_between((photo.taken_local - before.taken_local).total_seconds())
        parts.append(f"another moment of {group}, {later} after the one before")
    if not parts:
        parts.append(f"one of {choice.of_group} from {group}")
    if choice.crowded:
        parts.append("kept although close in time to another, since there are few photos")
    return parts


def told_items(
    choices: Sequence[Choice],
    cover: Photo,
    group: Callable[[Photo], str],
    more: Callable[[Photo], list[str]] = lambda photo: [],
) -> tuple[CandidateItem, ...]:
    """The items of a story, each with its reason.

    Parameters
    ----------
    choices : sequence of Choice
        In time order.
    cover : Photo
        The one of them that is on the cover.
    group : callable
        The name of the part of the story a photo stands for.
    more : callable
        What else is to be said of a photo.
    """
    items = []
    for index, choice in enumerate(choices):
        previous = choices[index - 1].photo if index else None
        before = previous if previous is not None and group(previous) == group(choice.photo) else None
        parts = [*merit(choice, before, group(choice.photo)), *more(choice.photo)]
        parts += ["on the cover"] if choice.photo is cover else []
        items.append(CandidateItem(choice.photo, "; ".join(parts)))
    return tuple(items)


def _beats(choice: Choice) -> str:
    """In what the photo beats those alike, said only where it is measured."""
    photo = choice.photo
    measured = [other.quality for other in choice.alike if other.quality is not None]
    if photo.quality is not None and len(measured) == len(choice.alike) and photo.quality > max(measured):
        return "sharpest"
    if len(photo.faces) > max(len(other.faces) for other in choice.alike):
        return "the one with the most faces"
    return "best"


def time_between(seconds: float) -> str:
    """A stretch of time, roughly: `seconds`, `4 minutes`, `3 hours`, `2 days`."""
    if seconds < 60:
        return "seconds"
    for length, noun, most in ((60, "minute", 60), (3600, "hour", 24)):
        if (number := round(seconds / length)) < most:
            return _counted(number, noun)
    return _counted(round(seconds / 86400), "day")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
