"""Waiting until nothing of a step is left to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from albumen.airflow.sensors.looking import LookingSensor
from albumen.airflow.triggers.step_caught_up import StepCaughtUpTrigger


class StepCaughtUpSensor(LookingSensor):
    """Waits until nothing of a step is due, leased or retrying in a library.

    What is in quarantine has ended: `QuarantineBelowSensor` tells of it. A library that was never
    listed in full has not caught up. Returns `library`, `step`, `tried` and `quarantined`.

    Parameters
    ----------
    library : str
        The library's name. Templated.
    step : str
        The step's name, as `renditions`; empty: every step. Templated.
    since : str
        Only work that was due at this moment already, as `{{ data_interval_end }}`: what came later does
        not prolong the wait. Templated.
    max_lag : datetime.timedelta, optional
        Only work that has been due for longer than this.
    """

    template_fields = ("library", "step", "since")

    def __init__(
        self, *, library: str, step: str = "", since: str = "", max_lag: timedelta | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.library = library
        self.step = step
        self.since = since
        self.max_lag = max_lag

    def trigger(self) -> StepCaughtUpTrigger:
        """What asks the catalog."""
        return StepCaughtUpTrigger(
            library=self.library,
            step=self.step,
            since=self.since,
            max_lag=self.max_lag.total_seconds() if self.max_lag is not None else None,
            poll_interval=self.poke_interval,
            catalog_conn_id=self.catalog_conn_id,
        )
