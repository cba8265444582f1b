"""The checks there are, in the order they are made: what repairs first, what deletes last."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from albumen.pipeline.maintenance.changed import ChangedCheck
from albumen.pipeline.maintenance.contract import Check
from albumen.pipeline.maintenance.erased import ErasedCheck
from albumen.pipeline.maintenance.missing import MissingCheck
from albumen.pipeline.maintenance.orphaned import OrphanedCheck
from albumen.pipeline.maintenance.superseded import SupersededCheck
from albumen.settings import Settings

CHECKS: Mapping[str, type[Check]] = MappingProxyType(
    {check.name: check for check in (MissingCheck, ChangedCheck, SupersededCheck, ErasedCheck, OrphanedCheck)}
)


def acting(settings: Settings, *, dry_run: bool, delete: bool) -> frozenset[str]:
    """The checks that act on what they find: those that repair, and of those that delete the ones that may."""
    if dry_run:
        return frozenset()
    may_delete = CHECKS if delete else settings.maintenance.delete
    return frozenset(name for name, check in CHECKS.items() if not check.deletes or name in may_delete)
