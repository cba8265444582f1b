"""The kinds of memory there are: ours, one line each, and those of installed packages."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint, entry_points

from albumen.memories.contract import MemoryKind
from albumen.memories.kinds.on_this_day import OnThisDay
from albumen.settings import MemorySettings

ENTRY_POINT_GROUP = "albumen.memories"

KINDS: tuple[type[MemoryKind], ...] = (OnThisDay,)

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
    kinds = {kind.name: kind(settings) for kind in KINDS}
    for entry_point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda found: found.name):
        kind = _loaded(entry_point, settings)
        if kind is None:
            continue
        if kind.name in kinds:
            log.error("memory kind %r of %s is left out: its name is taken", kind.name, entry_point.value)
            continue
        kinds[kind.name] = kind
    return kinds


def _loaded(entry_point: EntryPoint, settings: MemorySettings) -> MemoryKind | None:
    try:
        kind = entry_point.load()(settings)
    except Exception:
        log.exception("memory kind %s is left out: it does not load", entry_point.value)
        return None
    if not isinstance(kind, MemoryKind):
        log.error("memory kind %s is left out: it is no MemoryKind", entry_point.value)
        return None
    return kind
