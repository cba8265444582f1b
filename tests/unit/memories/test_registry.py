from importlib.metadata import EntryPoint

import pytest
from pydantic import ValidationError

from albumen.memories import registry
from albumen.memories.contract import MemoryKind, Window
from albumen.memories.kinds.on_this_day import OnThisDay
from albumen.memories.publishers.page import PagePublisher
from albumen.memories.publishing import Publisher
from albumen.settings import MemorySettings, Settings

OURS = ["on_this_day", "recap", "trip", "person", "birthday", "place", "event", "theme", "then_and_now", "family"]


class Theirs(MemoryKind):
    name = "theirs"
    version = 1

    def window(self, context, date):
        return Window()

    def candidates(self, context, date, seed):
        return []

    def title(self, candidate, locale):
        return ""


class Taken(Theirs):
    name = "on_this_day"


class Frame(Publisher):
    name = "frame"
    version = 1

    def publish(self, edition, shelf):
        return "on the wall"


class NotAKind:
    name = "odd"

    def __init__(self, settings):
        pass


@pytest.fixture
def installed(monkeypatch):
    def install(*objects):
        points = []
        for number, each in enumerate(objects):
            point = EntryPoint(f"kind{number}", f"theirs:{each}", "any")
            points.append(point)
        loaded = {f"theirs:{each}": each for each in objects}

        def load(point):
            found = loaded[point.value]
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(EntryPoint, "load", load)
        monkeypatch.setattr(registry, "entry_points", lambda group: points)

    return install


def test_our_kinds_are_there_by_name(installed):
    installed()
    kinds = registry.memory_kinds(MemorySettings())
    assert list(kinds) == OURS
    assert isinstance(kinds["on_this_day"], OnThisDay)


def test_kinds_of_other_packages_join(installed):
    installed(Theirs)
    assert list(registry.memory_kinds(MemorySettings())) == [*OURS, "theirs"]


def test_a_broken_kind_costs_nobody_the_others(installed, caplog):
    installed(ImportError("gone"), NotAKind, Taken, Theirs)
    kinds = registry.memory_kinds(MemorySettings())
    assert list(kinds) == [*OURS, "theirs"]
    assert isinstance(kinds["on_this_day"], OnThisDay)
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3


def test_the_page_is_published_unless_more_is_asked_for(installed):
    installed(Frame)
    assert list(registry.publishers(MemorySettings())) == ["page"]
    both = registry.publishers(MemorySettings(publishers=("frame", "page")))
    assert list(both) == ["frame", "page"]
    assert isinstance(both["page"], PagePublisher)


def test_a_publisher_that_is_named_but_not_there_is_refused_with_those_that_are(installed):
    installed(ImportError("gone"), Frame)
    with pytest.raises(ValueError, match=r"memories\.publishers names wall; there are: page, frame"):
        registry.publishers(MemorySettings(publishers=("page", "wall")))


def test_a_memory_kind_is_no_publisher(installed, caplog):
    installed(Theirs)
    assert list(registry.publishers(MemorySettings())) == ["page"]
    assert "is no Publisher" in caplog.text


def test_publishers_are_named_in_the_environment_and_never_without_the_page(monkeypatch):
    monkeypatch.setenv("ALBUMEN_MEMORIES__PUBLISHERS", '["page", "frame"]')
    assert Settings().memories.publishers == ("page", "frame")
    monkeypatch.setenv("ALBUMEN_MEMORIES__PUBLISHERS", '["frame"]')
    with pytest.raises(ValidationError, match="lacks 'page'"):
        Settings()
