from datetime import date, datetime, timedelta

import pytest

from albumen.memories.context import Told
from albumen.memories.kinds.theme import THEMES, ThemeKind, turns
from albumen.settings import MemorySettings
from albumen.testing.memories import a_context, a_memorable
from albumen.vision.labels import class_names, groups

DAY = date(2024, 6, 12)


def showing(label, *, years=(2018, 2020, 2022), each=4, start=1, **changes):
    moments = [datetime(year, 2 + 2 * n, 3 + n, 12) for year in years for n in range(each)]
    labels = changes.pop("labels", (label, "animal"))
    return [a_memorable(start + n, at, labels=labels, **changes) for n, at in enumerate(moments)]


def told(photos, day=DAY, **facts):
    kind = ThemeKind(MemorySettings())
    return [(story, kind.title(story, "en_GB")) for story in kind.candidates(a_context(photos, **facts), day, 1)]


def day_of(name, **facts):
    """A day in whose week a theme has its turn first."""
    return next(day for day in (DAY + timedelta(days=7 * n) for n in range(90))
                if turns(a_context([], **facts), day)[0].name == name)  # fmt: skip


def test_every_label_is_a_word_of_the_scene_model():
    known = {*groups(), *class_names()}
    assert {label for theme in THEMES for label in theme.labels} <= known


def test_pets_over_the_years_say_what_each_picture_shows():
    photos = showing("dog") + showing("boat", start=50)
    ((story, title),) = told(photos, day_of("pets"))
    assert title == "Pets, 2018 to 2022"
    assert story.reason == "12 photos of 12 days, from 2018, 2020 and 2022"
    assert story.key == "theme:pets"
    assert {item.photo.labels[0] for item in story.items} == {"dog"}
    assert all("shows: dog" in item.reason for item in story.items)


def test_the_window_asks_for_the_labels_of_two_themes():
    window = ThemeKind(MemorySettings()).window(a_context([]), DAY)
    asked = {label for theme in turns(a_context([]), DAY) for label in theme.labels}
    assert set(window.features) == {f"label:{label}" for label in asked}
    assert window.ranges == ()


def test_a_word_the_model_is_least_sure_of_is_not_what_a_picture_is_about():
    photos = showing("dog", labels=("street", "car", "bicycle", "dog"))
    assert told(photos, day_of("pets")) == []


@pytest.mark.parametrize(
    "photos",
    [
        showing("dog", years=(2022,)),
        [a_memorable(n, datetime(2022, 5, 1, 8) + timedelta(hours=n), labels=("dog",)) for n in range(12)],
        showing("dog", quality=0.1),
        showing("dog", years=(2025, 2026)),
        [],
    ],
    ids=["few", "one day", "blurred", "later", "none"],
)
def test_too_little_is_no_theme(photos):
    assert told(photos, day_of("pets")) == []


def test_what_was_told_rests_and_every_theme_has_its_turn():
    day = day_of("pets")
    before = (Told("theme", "theme:pets", day - timedelta(days=30), frozenset()),)
    assert told(showing("dog"), day, told=before) == []
    weeks = [DAY + timedelta(days=7 * n) for n in range(60)]
    assert {turns(a_context([]), week)[0].name for week in weeks} == {theme.name for theme in THEMES}
    assert turns(a_context([]), date(2024, 6, 10)) == turns(a_context([]), date(2024, 6, 11))
