"""The kinds of memory and the publishers there are: ours, one line each, and those of installed packages."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from albumen.memories.contract import MemoryKind
from albumen.memories.publishing import Publisher
from albumen.settings import MemorySettings

KINDS = (
    "albumen.memories.kinds.on_this_day:OnThisDay",
    "albumen.memories.kinds.recap:Recap",
    "albumen.memories.kinds.trip:TripKind",
    "albumen.memories.kinds.person:PersonKind",
    "albumen.memories.kinds.birthday:Birthday",
    "albumen.memories.kinds.place:PlaceKind",
    "albumen.memories.kinds.event:Event",
    "albumen.memories.kinds.theme:ThemeKind",
    "albumen.memories.kinds.then_and_now:ThenAndNow",
    "albumen.memories.kinds.family:Family",
)
PUBLISHERS = ("albumen.memories.publishers.page:PagePublisher",)

ENTRY_POINT_GROUP = "albumen.memories"
PUBLISHERS_ENTRY_POINT_GROUP = "albumen.publishers"

log = logging.getLogger(__name__)


def memory_kinds(settings: MemorySettings) -> dict[str, MemoryKind]:
    """Every kind by name, ours first.

    A kind of another package that cannot be loaded, is no `MemoryKind`, or takes a name that is
    taken is logged and left out: it must not cost anybody the other kinds.

    Parameters
    ----------
    settings : MemorySettings
        What the kinds keep to.

    Returns
    -------
    dict of str to MemoryKind
        By `name`.
    """
    return _parts(MemoryKind, KINDS, ENTRY_POINT_GROUP, settings)


def publishers(settings: MemorySettings) -> dict[str, Publisher]:
    """The publishers named in `memories.publishers`, by name and in that order.

    Raises
    ------
    ValueError
        If one of them is not there, or was left out as `memory_kinds` says.
    """
    found = _publishers(settings)
    if missing := [name for name in settings.publishers if name not in found]:
        raise ValueError(f"memories.publishers names {', '.join(missing)}; there are: {', '.join(found)}")
    return {name: found[name] for name in settings.publishers}


def publisher_names(settings: MemorySettings) -> list[str]:
    """The names of all publishers there are, called or not."""
    return list(_publishers(settings))


def _publishers(settings: MemorySettings) -> dict[str, Publisher]:
    return _parts(Publisher, PUBLISHERS, PUBLISHERS_ENTRY_POINT_GROUP, settings)


def _parts(contract: type[Any], built_in: Sequence[str], group: str, settings: MemorySettings) -> dict[str, Any]:
    """What is built in, then what other packages bring, in the order of their entry points."""
    parts: dict[str, Any] = {}
    for reference in built_in:
        module, _, name = reference.partition(":")
        part = getattr(import_module(module), name)(settings)
        parts[part.name] = part
    for entry_point in sorted(entry_points(group=group), key=lambda found: found.name):
        loaded = _loaded(entry_point, contract, settings)
        if loaded is None:
            continue
        if loaded.name in parts:
            log.error("%s %r of %s is left out: its name is taken", group, loaded.name, entry_point.value)
            continue
        parts[loaded.name] = loaded
    return parts


def _loaded(entry_point: EntryPoint, contract: type[Any], settings: MemorySettings) -> Any:
    try:
        part = entry_point.load()(settings)
    except Exception:
        log.exception("%s of %s is left out: it does not load", entry_point.value, entry_point.group)
        return None
    if not isinstance(part, contract):
        log.error("%s of %s is left out: it is no %s", entry_point.value, entry_point.group, contract.__name__)
        return None
    return part
