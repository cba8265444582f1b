"""What a search is taken for: times, places, people, things; typos and other languages included."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from albumen.catalog.people import Person
from albumen.catalog.places import NamedPlace
from albumen.organise.question import Question, understand

PLACES = {
    "hr-istria-rovinj": NamedPlace("hr-istria-rovinj", "Rovinj", "Istria", "Croatia", "HR", 45.08, 13.64),
    "hr-split": NamedPlace("hr-split", "Split", "Split-Dalmatia", "Croatia", "HR", 43.5, 16.44),
    "es-donostia": NamedPlace("es-donostia", "Donostia / San Sebastián", "Basque Country", "Spain", "ES", 43.3, -1.98),
}
ANN = Person("p1", "Ann Miller", None, False, False, 9, None, None, None, None)
LABELS = {"dog", "beach", "snow", "lorry or van", "church", "children"}


def asked(text: str) -> Question:
    return understand(text, today=date(2024, 3, 1), places=PLACES, people=[ANN], labels=LABELS)


def test_the_example_of_the_manual_is_understood_in_full() -> None:
    question = asked("dog on the beach in Croatia 2019")
    assert question.labels == ["dog", "beach"]
    assert question.place_ids == ["hr-istria-rovinj", "hr-split"]
    assert (question.place_name, question.years) == ("croatia", [2019])
    assert question.words == ["dog", "beach"]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("San Sebastian", "place_ids", ["es-donostia"]),
        ("Basque Country", "place_ids", ["es-donostia"]),
        ("Rovinj Croatia", "place_ids", ["hr-istria-rovinj"]),
        ("Hund am Strand in Kroatien", "labels", ["dog", "beach"]),
        ("Kroatien", "place_ids", ["hr-istria-rovinj", "hr-split"]),
        ("perro en la playa", "labels", ["dog", "beach"]),
        ("dogs and vans", "labels", ["dog", "lorry or van"]),
        ("churches", "labels", ["church"]),
        ("ann", "person_ids", ["p1"]),
        ("Ann Miller in snow", "person_ids", ["p1"]),
        ("videos of ann", "kind", "video"),
        ("last year", "years", [2023]),
        ("summer 2019", "months", [6, 7, 8]),
        ("märz", "months", [3]),
        ("yesterday", "days", [date(2024, 2, 29)]),
        ("sunset tango", "words", ["sunset", "tango"]),
    ],
)
def test_words_are_taken_for_what_they_mean(text: str, field: str, value: Any) -> None:
    assert getattr(asked(text), field) == value


@pytest.mark.parametrize(("typo", "note"), [("Rovnij", "rovinj"), ("beech", "beach"), ("Donosta", "donostia")])
def test_typos_are_understood_and_told(typo: str, note: str) -> None:
    assert asked(typo).notes == [f"{typo.casefold()!r} was taken for {note!r}"]


@pytest.mark.parametrize("text", ["", "   ", "?!*&|:()", "'; DROP TABLE items; --", "\x00", "🏖️", "x" * 5000])
def test_nonsense_is_no_error(text: str) -> None:
    question = asked(text)
    assert question.labels == question.place_ids == question.person_ids == []


def test_times_become_spans_of_local_time() -> None:
    assert asked("december 2019").spans(1990, 2024) == [(datetime(2019, 12, 1), datetime(2020, 1, 1))]
    assert len(asked("december").spans(2020, 2024)) == 5
    assert asked("2019").spans(1990, 2024) == [(datetime(2019, 1, 1), datetime(2020, 1, 1))]
    assert asked("dog").spans(1990, 2024) == []


def test_a_word_for_several_things_is_one_thing() -> None:
    names = {"acoustic guitar", "electric guitar", "hot dog", "dog", "cat"}
    question = understand("dog with a guitar", today=date(2024, 3, 1), places={}, people=[], labels=names)
    assert question.things == [("dog",), ("acoustic guitar", "electric guitar")]
    pets = understand("Haustiere", today=date(2024, 3, 1), places={}, people=[], labels=names)
    assert pets.things == [("dog", "cat")]


def test_cameras_and_kinds_of_pictures_are_filters() -> None:
    question = understand(
        "screenshots coolpix", today=date(2024, 3, 1), places={}, people=[], labels=(), cameras=["NIKON COOLPIX P6000"]
    )
    assert (question.picture_kind, question.camera, question.words) == ("screenshot", "coolpix", [])
