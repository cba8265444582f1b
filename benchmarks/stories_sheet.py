"""A contact sheet of a library's real stories: tells the days of a year, and draws each kind's strongest by its covers.

Of a stack that is up, such as that of `./albumen demo --faces`. Prints what is on the sheet.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.cli.session import Session
from albumen.memories import generating
from albumen.memories.covers import covers
from albumen.memories.story import Story
from albumen.settings import MemorySettings, Settings

Frame = NDArray[np.uint8]
CELL, GAP, WORDS = 400, 16, 84
SEVERAL = ("recap", "trip")
"""Kinds that are drawn once for each of their titles."""
GROUND, INK, FAINT = (245, 248, 250), (40, 36, 33), (110, 104, 98)


def stories_of(session: Session, name: str, last: date, days: int) -> list[Story]:
    """The strongest stories of each kind on the days up to one, told as if nothing had been told before."""
    settings = Settings(memories=MemorySettings(stories=8, cooldown_days=0, shown_days=0))
    found: dict[str, Story] = {}
    with session.connect() as connection:
        library = session.library(connection, name)
        for number in range(days):
            day = last - timedelta(days=number)
            for story in generating.stories(connection, library, day, settings, seed=1):
                key = story.title if story.kind in SEVERAL else story.kind
                if key not in found or story.strength > found[key].strength:
                    found[key] = story
    return sorted(found.values(), key=lambda story: -story.strength)


def drawn(session: Session, stories: Sequence[Story], across: int) -> Frame:
    """The sheet, BGR: a square cover of each, below it its title, and kind and reason."""
    rows = -(-len(stories) // across)
    sheet = np.full((rows * (CELL + WORDS + GAP) + GAP, across * (CELL + GAP) + GAP, 3), GROUND, np.uint8)
    face = cv2.FontFace("sans")
    for number, story in enumerate(stories):
        top, left = GAP + number // across * (CELL + WORDS + GAP), GAP + number % across * (CELL + GAP)
        photo = story.cover
        picture = session.library_store.get(session.settings.library_bucket, photo.preview_key)
        cover = cv2.imdecode(np.frombuffer(covers(picture, photo.faces)["cover-1x1.jpg"], np.uint8), cv2.IMREAD_COLOR)
        sheet[top : top + CELL, left : left + CELL] = cv2.resize(cover, (CELL, CELL), interpolation=cv2.INTER_AREA)
        lines = ((story.title, 19, 600, INK), (f"{story.kind}: {story.reason}", 12, 400, FAINT))
        for place, (words, size, weight, ink) in enumerate(lines):
            at = (left, top + CELL + 30 + 26 * place)
            cv2.putText(sheet, fitting(words, face, size, weight), at, ink, face, size, weight)
    return sheet


def fitting(words: str, face: cv2.FontFace, size: int, weight: int) -> str:
    """As much of a line as a cell is wide."""
    while cv2.getTextSize((CELL, CELL), words, (0, 0), face, size, weight)[2] > CELL:
        words = words.removesuffix("…")[:-1].rstrip() + "…"
    return words


def main() -> int:
    """Choose, draw and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default="demo")
    parser.add_argument("--last", type=date.fromisoformat, default=date.today(), help="The last day to tell.")
    parser.add_argument("--days", type=int, default=366, help="How many days up to it.")
    parser.add_argument("--across", type=int, default=4)
    parser.add_argument("--to", type=Path, required=True, help="The picture to write.")
    options = parser.parse_args()
    session = Session.of_environment()
    stories = stories_of(session, options.library, options.last, options.days)
    if not stories:
        print("no day has a story")
        return 1
    cv2.imwrite(str(options.to), drawn(session, stories, options.across), [cv2.IMWRITE_JPEG_QUALITY, 82])
    for story in stories:
        print(f"{story.date} {story.kind} {story.strength}: {story.title} ({story.reason})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
