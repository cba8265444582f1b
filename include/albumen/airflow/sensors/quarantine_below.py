"""Holding a DAG back while too many files are in quarantine."""

from __future__ import annotations

from typing import Any

from albumen.airflow.sensors.looking import LookingSensor
from albumen.airflow.triggers.quarantine_below import QuarantineBelowTrigger


class QuarantineBelowSensor(LookingSensor):
    """Waits until fewer than a number, or a share, of what was tried in a library is in quarantine.

    It speaks of what has been tried so far: put `StepCaughtUpSensor` before it. Returns `library`,
    `step`, `tried`, `quarantined` and `percent`.

    Parameters
    ----------
    library : str
        The library's name. Templated.
    below : int or str, optional
        Fewer than so many (item, step) pairs. Templated.
    below_percent : float or str, optional
        Less than this share of the pairs that were tried: done, or in quarantine. One limit is
        needed; of two, both count. Templated.
    step : str
        The step's name; empty: every step. Templated.
    reason : str
        Only those quarantined for this reason, as `unreadable`; empty: all. Templated.
    fail_fast : bool
        When there are too many and nothing is left to do: True fails the task at once, without
        retries (with Airflow's `soft_fail` it is skipped); False goes on waiting, for somebody to
        release or replace files.
    """

    template_fields = ("library", "below", "below_percent", "step", "reason")

    def __init__(
        self,
        *,
        library: str,
        below: int | str | None = None,
        below_percent: float | str | None = None,
        step: str = "",
        reason: str = "",
        fail_fast: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.library = library
        self.below = below
        self.below_percent = below_percent
        self.step = step
        self.reason = reason
        self.fail_fast = fail_fast

    def trigger(self) -> QuarantineBelowTrigger:
        """What reads the tallies."""
        return QuarantineBelowTrigger(
            library=self.library,
            below=None if self.below is None else int(self.below),
            below_percent=None if self.below_percent is None else float(self.below_percent),
            step=self.step,
            reason=self.reason,
            fail_fast=self.fail_fast,
            poll_interval=self.poke_interval,
            catalog_conn_id=self.catalog_conn_id,
        )
