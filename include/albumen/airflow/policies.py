"""Retries that tell poison from transient, and what every DAG has by default."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from albumen.airflow.notifiers.alert import AlertNotifier

START_OF_TIME = "2024-01-01"

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=["albumen.pipeline.running.WorldBroken", "albumen.storage.object_store.StorageError"],
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=20),
            reason="the object store is away or overloaded: the shard goes on where it stopped",
        ),
        RetryRule(
            exception="sqlalchemy.exc.OperationalError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=20),
            reason="the catalog is away",
        ),
        RetryRule(
            exception="albumen.catalog.leases.LeaseLost",
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=5),
            reason="another worker took the shard over; the retry finds it finished or takes another",
        ),
        RetryRule(
            exception=[
                "albumen.catalog.libraries.LibraryError",
                "albumen.vision.weights.WeightsError",
                "sqlalchemy.exc.ProgrammingError",
                "builtins.TypeError",
                "builtins.ValueError",
            ],
            action=RetryAction.FAIL,
            reason="a wrong parameter, a missing model or a bug: trying again changes nothing",
        ),
    ],
)

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "albumen",
    "retries": 4,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "retry_policy": RETRY_POLICY,
    "execution_timeout": timedelta(hours=2),
    "on_failure_callback": AlertNotifier(),
}
