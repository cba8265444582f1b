"""Making a step due again: by hand for a selection, or because its version, model or settings changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from albumen.catalog import backfills, libraries, step_costs
from albumen.catalog.backfills import Selection, StepScope
from albumen.catalog.libraries import Library
from albumen.pipeline import registry
from albumen.pipeline.contract import PassName, Step
from albumen.settings import Settings

ENQUEUE_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """Size and cost of a backfill before it starts."""

    library: str
    step: str
    items: int
    seconds_per_item: float

    def __str__(self) -> str:
        hours = self.items * self.seconds_per_item / 3600
        return (
            f"{self.step} is due for {self.items} items of library {self.library}: "
            f"about {hours:.2f} core-hours ({self.seconds_per_item:.3f} s each)"
        )


def scope_of(step: type[Step], settings: Settings) -> StepScope:
    """What the catalog needs to know to select items for a step."""
    needs_renditions = step.reads == "preview" or "renditions" in step.needs
    return StepScope(step.name, step.signature(settings), sorted(step.kinds), needs_renditions)


def estimate(
    connection: Connection, library: Library, step: type[Step], selection: Selection, settings: Settings
) -> Estimate:
    """Count the selection and price it by the step's measured cost."""
    items = 0
    if step.consent is None or step.consent in library.consents:
        items = backfills.measure(connection, library.library_id, scope_of(step, settings), selection)
    seconds = step_costs.seconds(connection).get(step.name, step.expected_seconds)
    return Estimate(library.name, step.name, items, seconds)


def notice_changes(connection: Connection, pass_name: PassName, settings: Settings) -> list[Estimate]:
    """Start a backfill of every step that is new or whose signature changed, for every library with items for it.

    A step on demand is made due again only for the items that it was asked for.
    """
    changed = [
        step
        for step in registry.of_pass(pass_name)
        if backfills.notice_change(connection, step.name, step.signature(settings), step.version)
    ]
    estimates = []
    for step in changed:
        for library in _consenting(libraries.everyone(connection), step):
            selection = Selection(again_only=step.on_demand)
            found = estimate(connection, library, step, selection, settings)
            if found.items:
                backfills.create(connection, library.library_id, step.name, selection)
                estimates.append(found)
    return estimates


def advance(connection: Connection, pass_name: PassName, settings: Settings) -> int:
    """Make the next part of the pass's open backfills due."""
    scopes = {step.name: scope_of(step, settings) for step in registry.of_pass(pass_name)}
    return backfills.advance(connection, scopes, most=ENQUEUE_AT_ONCE)


def start_for_policies(connection: Connection, library: Library, before: Library, settings: Settings) -> list[Estimate]:
    """Make due what changed policies change: steps newly consented to or that heed a consent, facts of another home
    zone, proxies.
    """
    consented = set(library.consents) - set(before.consents)
    told = set(library.consents) ^ set(before.consents)
    unasked = [step for step in registry.steps().values() if not step.on_demand]
    changed = [step for step in unasked if step.consent in consented or step.heeds & told]
    if library.home_zone != before.home_zone:
        changed += [step for step in registry.steps().values() if "facts" in step.writes]
    if library.proxy != before.proxy:
        changed.append(registry.steps()["proxy"])
    estimates = []
    for step in changed:
        selection = Selection(stale_only=False)
        estimates.append(estimate(connection, library, step, selection, settings))
        backfills.create(connection, library.library_id, step.name, selection)
        advance(connection, step.reads, settings)
    return estimates


def _consenting(everyone: Iterable[Library], step: type[Step]) -> list[Library]:
    return [library for library in everyone if step.consent is None or step.consent in library.consents]
