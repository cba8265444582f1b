"""The catalogs: whole, true to their sentences, and with the forms their languages have."""

import ast
import re
from datetime import date, datetime
from importlib import resources
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.pofile import read_po

import albumen.memories
from albumen.memories.contract import Candidate, CandidateItem
from albumen.memories.language import language, languages
from albumen.memories.registry import memory_kinds
from albumen.settings import MemorySettings
from albumen.testing.memories import a_memorable

TRANSLATED = [code for code in languages() if code != "en"]
ROOM = Path(albumen.memories.__file__).parent
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def catalog(code):
    source = resources.files("albumen.memories").joinpath("languages", f"{code}.po")
    with source.open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def asked_for():
    """Every sentence that the room's code and page ask a language for: what `say` is given, and every pattern."""
    found = set(re.findall(r'say\("([^"]+)"', (ROOM / "templates/story.html").read_text("utf-8")))
    for file in ROOM.rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        told = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
        for each in ast.walk(tree):
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr == "say":
                found.update(one.value for one in ast.walk(each.args[0]) if isinstance(one, ast.Constant))
            elif isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in told:
                found.update([each.value] if PLACEHOLDER.search(each.value) else [])
    return {each for each in found if isinstance(each, str)}


def told_by(code):
    messages = [message for message in catalog(code) if message.id]
    return {one for message in messages for one in (message.id if isinstance(message.id, tuple) else (message.id,))}


def test_the_languages_promised_are_there():
    assert {"de", "en", "fr", "hr"} <= set(languages())


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalog_has_every_sentence_and_no_other(code):
    assert asked_for() == told_by(code)


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_names_nothing_that_its_sentence_does_not(code):
    plural = Locale(code).plural_form
    forms = len(set(plural.tags) | {"other"})
    for message in catalog(code):
        if not message.id:
            continue
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), message.id
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        if len(ids) == 2:
            assert len(strings) == min(forms, catalog(code).num_plurals)
        named = {name for one in ids for name in PLACEHOLDER.findall(one)}
        for string in strings:
            assert set(PLACEHOLDER.findall(string)) - named == set()
            assert named - set(PLACEHOLDER.findall(string)) <= {"count"}, "one may be said in words"


def test_croatian_forms_are_those_of_cldr():
    order = {"one": 0, "few": 1, "other": 2}
    rules = Locale("hr").plural_form
    forms = ["%(count)s dan", "%(count)s dana", "%(count)s dana"]
    for number in range(130):
        expected = forms[order[rules(number)]] % {"count": number}
        assert language("hr").count("%(count)s day", "%(count)s days", number) == expected


def test_names_and_places_are_never_read_as_patterns():
    assert language("en").say("%(name)s over the years", name="100 %(d)s %s") == "100 %(d)s %s over the years"


def a_candidate(kind, key, years, *, about="", place=None):
    items = tuple(
        CandidateItem(a_memorable(n, datetime(year, 6, 12, 9), place=place), "") for n, year in enumerate(years)
    )
    day = date(2026, 6, 12)
    return Candidate(kind, key, day, "", 0.5, items[0].photo, items, tuple(sorted(set(years))), about)


@pytest.mark.parametrize(
    ("candidate", "titles"),
    [
        (
            a_candidate("on_this_day", "on_this_day:2026-06-12", [2019, 2020]),
            ["On this day, June 12", "An diesem Tag, 12. Juni", "Ce jour-là, 12 juin", "Na današnji dan, 12. lipnja"],
        ),
        (
            a_candidate("trip", "trip:t", [2019], place="Višnjan"),
            ["Višnjan, June 2019", "Višnjan, Juni 2019", "Višnjan, Juin 2019", "Višnjan, Lipanj 2019."],
        ),
        (
            a_candidate("trip", "trip:t", [2019]),
            ["1 day away, June 2019", "1 Tag unterwegs, Juni 2019", "1 jour en voyage, Juin 2019",
             "1 dan na putu, Lipanj 2019."],
        ),
        (
            a_candidate("birthday", "birthday:p:2026", [2023], about="Ann Lee 1"),
            ["Ann Lee turns 1", "Ann Lee wird 1", "Ann Lee fête son premier anniversaire", "Ann Lee puni 1 godinu"],
        ),
        (
            a_candidate("birthday", "birthday:p:2026", [2023], about="Ann 22"),
            ["Ann turns 22", "Ann wird 22", "Ann fête ses 22 ans", "Ann puni 22 godine"],
        ),
        (
            a_candidate("person", "person:p", [2019, 2021], about="Ann"),
            ["Ann over the years", "Ann im Lauf der Jahre", "Ann au fil des années", "Ann kroz godine"],
        ),
        (
            a_candidate("place", "place:HR:V", [2016, 2023], about="Višnjan"),
            ["Back in Višnjan, 2016 to 2023", "Wieder in Višnjan, 2016 bis 2023",
             "Višnjan, encore et encore, 2016 à 2023", "Višnjan, opet i opet, 2016. do 2023."],
        ),
        (
            a_candidate("event", "event:2019-06-12", [2019]),
            ["Wednesday, June 12, 2019", "Mittwoch, 12. Juni 2019", "Mercredi, 12 juin 2019",
             "Srijeda, 12. lipnja 2019."],
        ),
        (
            a_candidate("recap", "recap:season:2025-08", [2025]),
            ["Summer 2025", "Sommer 2025", "Été 2025", "Ljeto 2025."],
        ),
        (
            a_candidate("recap", "recap:year:2025", [2025]),
            ["Your 2025", "Dein Jahr 2025", "Votre année 2025", "Tvoja 2025."],
        ),
    ],
)  # fmt: skip
def test_titles_in_four_languages(candidate, titles):
    kind = memory_kinds(MemorySettings())[candidate.kind]
    assert [kind.title(candidate, locale) for locale in ("en_US", "de", "fr", "hr")] == titles
