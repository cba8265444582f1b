"""What is asked for? Words of a search, taken for times, places, people, kinds and things, typos included."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from albumen.catalog.people import Person
from albumen.catalog.places import NamedPlace

LONGEST_NAME = 4
"""Words of the longest name of a place, person or thing that is recognised."""
SIMILAR = 0.8
LEAST_LETTERS = 4
"""Shorter words are never taken for typos."""
LONGEST = 500
"""Letters of a search that are looked at."""
DAYS_AGO = {"today": 0, "yesterday": 1}


@dataclass(slots=True)
class Question:
    """A search as it was understood.

    Attributes
    ----------
    years, months : list of int
        Any of these years, in any of these months.
    days : list of date
    place_ids, person_ids : list of str
        Taken in one of the places; all of the people in it.
    place_name : str
        What the places are called together.
    things : list of tuple of str
        What it should show: of each thing, the labels of which any will do.
    kind : str
        `photo`, `video` or empty.
    picture_kind : str
        `screenshot`, `document`, `receipt`, … or empty.
    camera : str
        Words of a make and model.
    words : list of str
        What is left of it, and what stood for things.
    notes : list of str
        What was taken for something else.
    """

    text: str
    years: list[int] = field(default_factory=list)
    months: list[int] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    place_ids: list[str] = field(default_factory=list)
    place_name: str = ""
    person_ids: list[str] = field(default_factory=list)
    things: list[tuple[str, ...]] = field(default_factory=list)
    kind: str = ""
    picture_kind: str = ""
    camera: str = ""
    words: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """All labels that stand for something asked for."""
        return list(dict.fromkeys(label for thing in self.things for label in thing))

    @property
    def meant(self) -> str:
        """What it should look like: all that was asked, or, where a part of that is a filter, the words left."""
        is_filtered = any((self.years, self.months, self.days, self.place_ids, self.person_ids, self.kind,
                           self.picture_kind, self.camera))  # fmt: skip
        return " ".join(self.words) if is_filtered else self.text

    def spans(self, first_year: int, last_year: int) -> list[tuple[datetime, datetime]]:
        """The local times asked for, between two years where none is named; empty: any time."""
        found = [(datetime(d.year, d.month, d.day), datetime(d.year, d.month, d.day) + timedelta(1)) for d in self.days]
        years = self.years or (list(range(first_year, last_year + 1)) if self.months else [])
        for year in years:
            if not self.months:
                found.append((datetime(year, 1, 1), datetime(year + 1, 1, 1)))
            for month in self.months:
                found.append((datetime(year, month, 1), datetime(year + month // 12, month % 12 + 1, 1)))
        return found


def understand(
    asked: str,
    *,
    today: date,
    places: Mapping[str, NamedPlace],
    people: Sequence[Person],
    labels: Collection[str],
    cameras: Collection[str] = (),
    written: Collection[str] = (),
) -> Question:
    """Take a search apart, the longest names first; what fits nothing is compared letter by letter, then left as words.

    Parameters
    ----------
    today : date
        What "yesterday" and "last year" count from.
    labels : collection of str
        Things that pictures can be found to show.
    cameras : collection of str
        Makes and models.
    written : collection of str
        Words that stand somewhere in the library, and so are no typos.
    """
    question = Question(asked.strip())
    named = _names(places, people, labels, cameras)
    tokens = words_of(asked)
    at = 0
    while at < len(tokens):
        for length in range(min(LONGEST_NAME, len(tokens) - at), 0, -1):
            phrase = " ".join(tokens[at : at + length])
            if _take(question, phrase, named, today):
                at += length
                break
        else:
            _take_alike(question, tokens[at], named, today, written)
            at += 1
    return question


def words_of(asked: str) -> list[str]:
    """The words of a search, in lower case."""
    return re.findall(r"\w+", asked[:LONGEST].casefold())


Meaning = tuple[str, str]
"""What a word stands for (`place`, `person`, `label`, `month`, …) and which one."""
ORDER = ("person", "place", "label", "month", "kind", "picture kind", "camera")
"""What a word with several meanings is taken for."""


def _names(
    places: Mapping[str, NamedPlace], people: Sequence[Person], labels: Collection[str], cameras: Collection[str]
) -> dict[str, list[Meaning]]:
    named: dict[str, list[Meaning]] = {}
    for place_id, place in places.items():
        for name in filter(None, (place.city, place.region, place.country)):
            for part in {name, *name.split(" / ")}:
                named.setdefault(_plain(part), []).append(("place", place_id))
    for person in people:
        if person.name:
            for name in {person.name, person.name.split()[0]}:
                named.setdefault(_plain(name), []).append(("person", person.person_id))
    for label in labels:
        named.setdefault(_plain(label), []).append(("label", label))
        for part in label.split(" or "):
            named.setdefault(_plain(part), []).append(("label", label))
    for label in sorted(labels):
        # "guitar" is no label, but an acoustic and an electric one are; a hot dog is no dog.
        *before, head = _plain(label).split()
        if before and head not in labels and " or " not in label:
            named.setdefault(head, []).append(("label", label))
    for camera in cameras:
        words = _plain(camera).split()
        for name in {" ".join(words), " ".join(words[1:]), words[0] if words else "", *words[1:]}:
            if len(name) >= LEAST_LETTERS:
                named.setdefault(name, []).append(("camera", name))
    for word, (means, what) in _words().items():
        if what == "place":
            named.setdefault(word, []).extend(named.get(_plain(means), []))
        elif what == "label":
            named.setdefault(word, []).extend((what, label) for label in means.split("|") if label in labels)
        elif what != "nothing":
            named.setdefault(word, []).append((what, means))
    return {name: meanings for name, meanings in named.items() if meanings}


def _take(question: Question, phrase: str, named: Mapping[str, list[Meaning]], today: date) -> bool:
    """Whether a phrase stands for something; it is written down then."""
    if _take_time(question, phrase, today):
        return True
    plain = _plain(phrase)
    candidates = [
        plain,
        *([plain[:-1]] if plain.endswith("s") else []),
        *([plain[:-2]] if plain.endswith("es") else []),
    ]
    meanings = next((named[name] for name in candidates if name in named), [])
    if not meanings:
        return False
    what = next(kind for kind in ORDER if any(m[0] == kind for m in meanings))
    found = list(dict.fromkeys(one for kind, one in meanings if kind == what))
    if what == "person":
        question.person_ids.append(found[0])
        if len(found) > 1:
            question.notes.append(f"{len(found)} people are called {phrase}: the one seen most was looked for")
    elif what == "place":
        narrowed = [place for place in found if place in question.place_ids]
        question.place_ids = narrowed or (found if not question.place_ids else question.place_ids)
        question.place_name = phrase
    elif what == "label":
        if tuple(found) not in question.things:
            question.things.append(tuple(found))
        question.words += [word for word in dict.fromkeys((plain, found[0])) if word not in question.words]
    elif what == "month":
        question.months += [int(month) for month in found[0].split(",")]
    elif what == "picture kind":
        question.picture_kind = found[0]
    elif what == "camera":
        question.camera = f"{question.camera} {found[0]}".strip()
    else:
        question.kind = found[0]
    return True


def _take_time(question: Question, phrase: str, today: date) -> bool:
    if re.fullmatch(r"(18|19|20)\d\d", phrase):
        question.years.append(int(phrase))
    elif phrase in DAYS_AGO:
        question.days.append(today - timedelta(days=DAYS_AGO[phrase]))
    elif phrase in {"last year", "this year"}:
        question.years.append(today.year - (phrase == "last year"))
    else:
        return False
    return True


def _take_alike(
    question: Question, token: str, named: Mapping[str, list[Meaning]], today: date, written: Collection[str]
) -> None:
    plain = _plain(token)
    if _words().get(plain, ("", ""))[1] == "nothing":
        return
    may_be_typo = len(plain) >= LEAST_LETTERS and plain not in written
    alike = get_close_matches(plain, list(named), n=1, cutoff=SIMILAR) if may_be_typo else []
    if alike and _take(question, alike[0], named, today):
        question.notes.append(f"{token!r} was taken for {alike[0]!r}")
    else:
        question.words.append(plain)


def _plain(name: str) -> str:
    """Lower case without accents."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join(re.findall(r"\w+", "".join(letter for letter in letters if not unicodedata.combining(letter))))


@cache
def _words() -> dict[str, tuple[str, str]]:
    """Synonyms, everyday words of other languages, and words that mean nothing in a search."""
    with files("albumen.organise").joinpath("words.tsv").open(encoding="utf-8") as file:
        return {_plain(row["word"]): (row["means"], row["what"]) for row in csv.DictReader(file, delimiter="\t")}
