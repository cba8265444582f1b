from importlib.metadata import EntryPoint

import pytest

from albumen.memories import registry
from albumen.memories.contract import MemoryKind
from albumen.memories.kinds.on_this_day import OnThisDay
from albumen.settings import MemorySettings


class Theirs(MemoryKind):
    name = "theirs"
    version = 1

    def window(self, date):
        return []

    def candidates(self, context, date, seed):
        return []

    def title(self, candidate, locale):
        return ""


class Taken(Theirs):
    name = "on_this_day"


class NotAKind:
    name = "odd"

    def __init__(self, settings):
        pass


@pytest.fixture
def installed(monkeypatch):
    def install(*objects):
        points = []
        for number, each in enumerate(objects):
            point = EntryPoint(f"kind{number}", f"theirs:{each}", registry.ENTRY_POINT_GROUP)
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
    assert list(kinds) == ["on_this_day"]
    assert isinstance(kinds["on_this_day"], OnThisDay)


def test_kinds_of_other_packages_join(installed):
    installed(Theirs)
    assert list(registry.memory_kinds(MemorySettings())) == ["on_this_day", "theirs"]


def test_a_broken_kind_costs_nobody_the_others(installed, caplog):
    installed(ImportError("gone"), NotAKind, Taken, Theirs)
    kinds = registry.memory_kinds(MemorySettings())
    assert list(kinds) == ["on_this_day", "theirs"]
    assert isinstance(kinds["on_this_day"], OnThisDay)
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3
