"""Waiting until nothing of a step is left to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.triggers.looking import LookingTrigger, chosen_steps
from albumen.catalog import libraries, listings, progress, step_pauses


class StepCaughtUpTrigger(LookingTrigger):
    """Fires when nothing of a step is due, leased or retrying in a library that has been listed.

    Parameters
    ----------
    library : str
        The library's name.
    step : str
        The step's name; empty: every step.
    since : str
        Only work that was due at this moment already, ISO 8601 with a zone; empty: all.
    max_lag : float or None
        Only work that has been due for more than so many seconds.
    """

    arguments = ("library", "step", "since", "max_lag", *LookingTrigger.arguments)

    def __init__(
        self,
        *,
        library: str,
        step: str = "",
        since: str = "",
        max_lag: float | None = None,
        poll_interval: float = 30.0,
        catalog_conn_id: str = "",
    ) -> None:
        super().__init__(poll_interval=poll_interval, catalog_conn_id=catalog_conn_id)
        self.library = library
        self.step = step
        self.since = since
        self.max_lag = max_lag

    def look(self, catalog: CatalogHook) -> dict[str, Any] | None:
        """Ask what is left."""
        steps, before = chosen_steps(self.step), self._before()
        with catalog.connect() as connection:
            library = libraries.named(connection, self.library)
            listed = listings.last_finished(connection, library.library_id)
            left = progress.left(connection, library.library_id, steps, since=before)
            ended = progress.ended(connection, library.library_id, steps)
            stopped = sorted(step_pauses.names(connection).intersection(steps))
        if listed is None or left:
            held = f"; stopped: {', '.join(stopped)}" if stopped else ""
            self.log.info("%s %s: %s%s", self.library, self.step, left if listed else "not listed yet", held)
            return None
        return {"library": self.library, "step": self.step, "tried": ended.tried, "quarantined": ended.quarantined}

    def _before(self) -> datetime | None:
        moments = []
        if self.since:
            since = datetime.fromisoformat(self.since)
            if since.tzinfo is None:
                raise ValueError(f"since {self.since!r} has no zone, as 2026-01-31T00:00:00+00:00")
            moments.append(since)
        if self.max_lag is not None:
            moments.append(datetime.now(UTC) - timedelta(seconds=self.max_lag))
        return min(moments, default=None)
