"""From a fault to an outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from albumen.catalog.results import StepOutcome
from albumen.pipeline.faults import DETAIL_CHARACTERS, outcome_of_fault
from albumen.pipeline.steps.renditions import RenditionsStep
from albumen.pipeline.taxonomy import POLICIES, ItemFault, Reason, State
from albumen.settings import PipelineSettings

NOW = datetime(2020, 1, 1, 12, tzinfo=UTC)


def outcome(reason: Reason, *, attempts: int = 0, age_s: float | None = None, detail: str = "why") -> StepOutcome:
    return outcome_of_fault(
        RenditionsStep,
        ItemFault(reason, detail),
        inputs_key="k",
        attempts=attempts,
        failing_since=None if age_s is None else NOW - timedelta(seconds=age_s),
        now=NOW,
        settings=PipelineSettings(),
    )


def test_every_reason_has_a_policy() -> None:
    assert set(POLICIES) == set(Reason)


@pytest.mark.parametrize("reason", [r for r in Reason if r is not Reason.TRANSIENT])
def test_every_reason_but_the_worlds_ends_in_a_terminal_state_and_not_before_its_attempts(reason: Reason) -> None:
    policy = POLICIES[reason]
    for attempts in range(max(0, policy.attempts - 1)):
        early = outcome(reason, attempts=attempts)
        assert (early.state, early.attempts) == (State.RETRYING, attempts + 1)
        assert early.retry_at is not None
        assert early.retry_at > NOW
    last = outcome(reason, attempts=max(0, policy.attempts - 1))
    assert last.state in {State.SKIPPED, State.QUARANTINED}
    assert last.retry_at is None


def test_the_worlds_fault_spends_no_attempt_and_waits_as_long_as_it_has_lasted_within_bounds() -> None:
    knobs = PipelineSettings()
    waits: dict[float | None, float] = {}
    for age in (None, 0, 100, 10**6):
        found = outcome(Reason.TRANSIENT, attempts=1, age_s=age)
        assert (found.state, found.attempts) == (State.RETRYING, 1)
        assert found.retry_at is not None
        waits[age] = (found.retry_at - NOW).total_seconds()
    assert waits == {
        None: knobs.retry_base_seconds,
        0: knobs.retry_base_seconds,
        100: 100,
        10**6: knobs.retry_max_seconds,
    }


def test_a_detail_is_short_and_has_nothing_the_catalog_refuses() -> None:
    found = outcome(Reason.UNREADABLE, detail="a\x00b" + "x" * 5000)
    assert found.detail is not None
    assert found.detail.startswith("ab")
    assert len(found.detail) <= DETAIL_CHARACTERS


def test_a_detail_with_a_lone_surrogate_can_still_be_stored() -> None:
    found = outcome(Reason.UNREADABLE, detail="name \udc80")
    assert found.detail is not None
    assert found.detail.encode() == b"name \\udc80"
