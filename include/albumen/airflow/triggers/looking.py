"""What triggers that wait for something have in common: look, and look again until there is an answer."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.catalog import engine
from albumen.pipeline import registry
from albumen.storage.object_store import StorageError

LONGEST_BACK_OFF_S = 300.0


class LookingTrigger(BaseTrigger):
    """Fires once, with what its `look` found; writes nothing.

    Its arguments are all it needs to be made again, in another triggerer too. A catalog or a store
    in trouble is asked again, at growing intervals; a question that can have no answer (no such
    library) is told at once.

    Parameters
    ----------
    poll_interval : float
        Seconds between two looks; a look that takes long is repeated less often.
    catalog_conn_id : str
        Airflow connection; empty: the one of the settings.
    """

    arguments: ClassVar[tuple[str, ...]] = ("poll_interval", "catalog_conn_id")
    """Names of the attributes that make it again."""

    def __init__(self, *, poll_interval: float = 30.0, catalog_conn_id: str = "") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_interval = poll_interval
        self.catalog_conn_id = catalog_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class path and arguments."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {name: getattr(self, name) for name in self.arguments}

    @abstractmethod
    def look(self, catalog: CatalogHook) -> dict[str, Any] | None:
        """Look once, without changing anything.

        Returns
        -------
        dict or None
            The answer, as JSON, or None while there is none. An answer with `failed` says, in words, why
            waiting longer is useless.

        Raises
        ------
        ValueError
            If the question can have no answer.
        """

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, wait, look again; tell the answer."""
        troubles = 0
        while True:
            started = time.monotonic()
            try:
                catalog = await CatalogHook(catalog_conn_id=self.catalog_conn_id).resolve()
                answer = await asyncio.to_thread(self.look, catalog)
                troubles = 0
            except ValueError as error:
                answer = {"failed": str(error)}
            except Exception as error:  # any fault of the outside must not end the wait
                troubles += 1
                level = self.log.warning if is_outage(error) else self.log.exception
                level("could not look: %s; trying again", error)
                answer = None
            if answer is not None:
                yield TriggerEvent(answer)  # type: ignore[no-untyped-call]
                return
            await asyncio.sleep(self._pause(time.monotonic() - started, troubles))

    def _pause(self, took: float, troubles: int) -> float:
        """Seconds to wait: doubled with every trouble in a row."""
        if troubles:
            return max(self.poll_interval, min(LONGEST_BACK_OFF_S, self.poll_interval * 2.0 ** min(troubles, 16)))
        return max(self.poll_interval, 5 * took)


def is_outage(error: BaseException) -> bool:
    """Whether the catalog or the store is away, so that the same question is worth asking again."""
    return isinstance(error, StorageError) or engine.is_outage(error)


def chosen_steps(step: str) -> list[str]:
    """The step of that name, or every step.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    known = list(registry.steps())
    if step and step not in known:
        raise ValueError(f"no step is called {step!r}; there are: {', '.join(known)}")
    return [step] if step else known
