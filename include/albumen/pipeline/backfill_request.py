"""A backfill as a person asks for it, in a form: names and texts, checked before anything is counted or started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from albumen.catalog import backfills
from albumen.catalog.backfills import Selection
from albumen.catalog.libraries import Library
from albumen.pipeline import backfilling, registry
from albumen.pipeline.backfilling import Estimate
from albumen.pipeline.contract import Step
from albumen.pipeline.taxonomy import Reason
from albumen.settings import Settings

REASONS = [reason.value for reason in Reason]
"""What a step may end with, for the proposals of a form."""
NAMED = 5
"""Unknown keys that an error names; the rest it counts."""


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """What a form holds.

    Attributes
    ----------
    keys, prefix : sequence of str, str
        As people see them, below the library's own prefix.
    taken_from, taken_to : str
        Local days as ISO text, empty for none.
    """

    step: str
    keys: Sequence[str] = ()
    prefix: str = ""
    reason: str = ""
    taken_from: str = ""
    taken_to: str = ""
    stale_only: bool = True

    def understood(self, connection: Connection, library: Library) -> tuple[type[Step], Selection]:
        """The step and the selection.

        Raises
        ------
        ValueError
            Telling which field is wrong.
        """
        if self.step not in registry.steps():
            raise ValueError(f"no step is called {self.step!r}; there are: {', '.join(registry.steps())}")
        if self.reason and self.reason not in REASONS:
            raise ValueError(f"no reason is called {self.reason!r}; there are: {', '.join(REASONS)}")
        first, last = _date("taken_from", self.taken_from), _date("taken_to", self.taken_to)
        if first and last and first > last:
            raise ValueError(f"taken_from ({first}) lies after taken_to ({last})")
        keys = tuple(library.prefix + key for key in self.keys)
        if unknown := backfills.unknown_keys(connection, library.library_id, keys):
            named = ", ".join(repr(key.removeprefix(library.prefix)) for key in unknown[:NAMED])
            raise ValueError(f"library {library.name} has no file {named} ({len(unknown)} unknown keys)")
        selection = Selection(
            keys=keys,
            prefix=library.prefix + self.prefix if self.prefix else "",
            reason=self.reason,
            taken_from=first,
            taken_to=last,
            stale_only=self.stale_only,
        )
        return registry.steps()[self.step], selection


def measure(connection: Connection, library: Library, asked: BackfillRequest, settings: Settings) -> Estimate:
    """Size and cost of what is asked for; errors as `understood`."""
    step, selection = asked.understood(connection, library)
    return backfilling.estimate(connection, library, step, selection, settings)


def start(connection: Connection, library: Library, asked: BackfillRequest, settings: Settings) -> int:
    """Record the backfill and make its first part due; its id. Errors as `understood`."""
    step, selection = asked.understood(connection, library)
    backfill_id = backfills.create(connection, library.library_id, step.name, selection)
    backfilling.advance(connection, step.reads, settings)
    return backfill_id


def step_choices() -> dict[str, str]:
    """Every step with what it does, for the choices of a form."""
    choices = {}
    for name, step in registry.steps().items():
        what = (step.__doc__ or "").partition(".")[0]
        choices[name] = f"{name}: {what[:1].lower()}{what[1:]}{' (on demand)' if step.on_demand else ''}"
    return choices


def _date(field: str, value: str) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{field} is no day (YYYY-MM-DD): {value!r}") from error
