"""What sensors have in common: they look once, then leave the waiting to the triggerer."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.triggers.looking import LookingTrigger, is_outage


class LookingSensor(BaseSensorOperator):
    """Waits for the answer of a trigger; `timeout`, `soft_fail` and the like are Airflow's own.

    Parameters
    ----------
    deferrable : bool
        True: a wait holds no worker. False: the task itself looks, every `poke_interval` seconds.
    catalog_conn_id : str
        Airflow connection; empty: the one of the settings.
    """

    def __init__(self, *, deferrable: bool = True, catalog_conn_id: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("poke_interval", 30.0)
        super().__init__(**kwargs)
        self.deferrable = deferrable
        self.catalog_conn_id = catalog_conn_id
        self._trigger: LookingTrigger | None = None

    @abstractmethod
    def trigger(self) -> LookingTrigger:
        """The trigger that does the looking, made of the rendered arguments."""

    def execute(self, context: Context) -> Any:
        """Look at once: most waits are over before they begin, and a wrong argument should fail here."""
        if not self.deferrable:
            return super().execute(context)
        answer = self.poke(context)
        if answer:
            return answer.xcom_value
        return self.defer(
            trigger=self.trigger(), method_name="execute_complete", timeout=timedelta(seconds=self.timeout)
        )

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once; a catalog or a store in trouble is asked again."""
        self._trigger = self._trigger or self.trigger()
        try:
            answer = self._trigger.look(CatalogHook(catalog_conn_id=self.catalog_conn_id))
        except Exception as error:
            if not is_outage(error):
                raise
            self.log.warning("could not look: %s; trying again", error)
            answer = None
        return PokeReturnValue(answer is not None, answer and self.execute_complete(context, answer))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Return what was found.

        Raises
        ------
        airflow.sdk.exceptions.AirflowFailException
            If waiting longer is useless.
        airflow.sdk.exceptions.AirflowSkipException
            The same with `soft_fail` or `never_fail`.
        """
        if "failed" in event:
            raise (AirflowSkipException if self.soft_fail or self.never_fail else AirflowFailException)(event["failed"])
        self.log.info("the wait is over: %s", event)
        return event
