"""The retry policy: what is worth another try and what is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from albumen.airflow.policies import DEFAULT_ARGS, RETRY_POLICY
from albumen.catalog.leases import LeaseLost
from albumen.catalog.libraries import LibraryError
from albumen.pipeline.running import WorldBroken
from albumen.storage.object_store import ObjectMissing, StorageError
from albumen.vision.weights import WeightsError


def decided(error: BaseException, policy: Any = RETRY_POLICY) -> str:
    return str(policy.evaluate(error, try_number=1, max_tries=4).action.value)


@pytest.mark.parametrize(
    "error",
    [
        WorldBroken("5 of 5 items"),
        StorageError("the store is away"),
        OperationalError("SELECT", {}, Exception("connection refused")),
        LeaseLost("somebody else has it"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_worlds_faults_are_retried_soon(error: BaseException) -> None:
    decision = RETRY_POLICY.evaluate(error, try_number=1, max_tries=4)
    assert decision.action.value == "retry"
    assert timedelta(0) < decision.retry_delay <= timedelta(seconds=60)
    assert decision.reason


@pytest.mark.parametrize(
    "error",
    [
        LibraryError("no library is called 'tset'"),
        ValueError("taken_from is no day"),
        TypeError("unexpected argument"),
        WeightsError("the weights of YuNet are missing"),
        ProgrammingError("SELEC", {}, Exception("syntax error")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_another_try_cannot_change_fails_at_once(error: BaseException) -> None:
    assert decided(error) == "fail"


@pytest.mark.parametrize(
    "error",
    [ObjectMissing("s3://b/k"), PoolTimeout("pool"), ConnectionResetError(), MemoryError(), KeyError("x")],
    ids=lambda error: type(error).__name__,
)
def test_everything_else_is_retried_as_the_task_says(error: BaseException) -> None:
    assert decided(error) == "default"


def test_the_policy_survives_the_way_to_a_worker() -> None:
    again = type(RETRY_POLICY).deserialize(RETRY_POLICY.serialize())
    for error in (WorldBroken("x"), LibraryError("x"), KeyError("x")):
        assert decided(error, again) == decided(error)


def test_retries_back_off_within_bounds() -> None:
    assert DEFAULT_ARGS["retries"] >= 1
    assert DEFAULT_ARGS["retry_exponential_backoff"]
    assert DEFAULT_ARGS["retry_delay"] < DEFAULT_ARGS["max_retry_delay"] <= timedelta(minutes=10)
    assert DEFAULT_ARGS["execution_timeout"] <= timedelta(hours=6)
