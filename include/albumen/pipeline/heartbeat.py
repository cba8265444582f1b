"""Keeping a lease while its shard is worked on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event, Thread
from types import TracebackType

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from albumen.catalog import leases
from albumen.catalog.leases import Lease, LeaseLost

Connect = Callable[[], AbstractContextManager[Connection]]


class Heartbeat:
    """Renews a lease from a thread of its own; `lost` is set once the shard is somebody else's."""

    def __init__(self, connect: Connect, lease: Lease, *, lease_s: float, every_s: float) -> None:
        self.lost = Event()
        self._connect, self._lease, self._lease_s, self._every_s = connect, lease, lease_s, every_s
        self._stop = Event()
        self._thread = Thread(target=self._beat, name=f"lease-{lease.shard_id}", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=self._lease_s)

    def check(self) -> None:
        """Stop a worker whose shard was taken over; raises LeaseLost."""
        if self.lost.is_set():
            raise LeaseLost(f"shard {self._lease.shard_id} generation {self._lease.generation} is no longer ours")

    def _beat(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                with self._connect() as connection:
                    leases.heartbeat(connection, self._lease, lease_s=self._lease_s)
                    connection.commit()
            except LeaseLost:
                self.lost.set()
                return
            except SQLAlchemyError:
                continue  # the next beat may get through; if none does, the lease runs out and the fence holds
