"""Waiting until few enough are in quarantine, or until it is clear that they will not be."""

from __future__ import annotations

from typing import Any

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.triggers.looking import LookingTrigger, chosen_steps
from albumen.catalog import libraries, progress


class QuarantineBelowTrigger(LookingTrigger):
    """Fires when fewer than a number, or a share, of what was tried is in quarantine.

    Parameters
    ----------
    library : str
        The library's name.
    below : int or None
        Fewer than so many (item, step) pairs.
    below_percent : float or None
        Less than this share of the pairs that were tried (done or in quarantine).
    step : str
        The step's name; empty: every step.
    reason : str
        Only those quarantined for this reason; empty: all.
    fail_fast : bool
        Give up as soon as there are too many and nothing is left to do that could change it.
    """

    arguments = ("library", "below", "below_percent", "step", "reason", "fail_fast", *LookingTrigger.arguments)

    def __init__(
        self,
        *,
        library: str,
        below: int | None = None,
        below_percent: float | None = None,
        step: str = "",
        reason: str = "",
        fail_fast: bool = True,
        poll_interval: float = 30.0,
        catalog_conn_id: str = "",
    ) -> None:
        super().__init__(poll_interval=poll_interval, catalog_conn_id=catalog_conn_id)
        self.library = library
        self.below = below
        self.below_percent = below_percent
        self.step = step
        self.reason = reason
        self.fail_fast = fail_fast

    def look(self, catalog: CatalogHook) -> dict[str, Any] | None:
        """Read the tallies, and what is left where there are too many."""
        if self.below is None and self.below_percent is None:
            raise ValueError("name the limit: below, below_percent or both")
        steps = chosen_steps(self.step)
        with catalog.connect() as connection:
            library = libraries.named(connection, self.library)
            # In this order: what ends between the two looks is counted among what ended.
            left = progress.left(connection, library.library_id, steps)
            ended = progress.ended(connection, library.library_id, steps, reason=self.reason)
        told = f"{self.library}: {ended.quarantined} of {ended.tried} in quarantine ({ended.percent:.2f} %)"
        enough = self.below is None or ended.quarantined < self.below
        share = self.below_percent is None or not ended.quarantined or ended.percent < self.below_percent
        if enough and share:
            return {
                "library": self.library,
                "step": self.step,
                "tried": ended.tried,
                "quarantined": ended.quarantined,
                "percent": round(ended.percent, 4),
            }
        if self.fail_fast and not left:
            return {"failed": f"{told}, which is not {self._limit()}, and nothing is left to do"}
        self.log.info("%s; %s", told, left)
        return None

    def _limit(self) -> str:
        limits = (self.below, None if self.below_percent is None else f"{self.below_percent:g} %")
        return " and ".join(f"below {limit}" for limit in limits if limit is not None)
