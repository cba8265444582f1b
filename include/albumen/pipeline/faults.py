"""From a fault to an outcome: whether an attempt is spent, whether there is another, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from albumen.catalog.results import StepOutcome
from albumen.pipeline.contract import Step
from albumen.pipeline.taxonomy import POLICIES, ItemFault, State
from albumen.settings import PipelineSettings

DETAIL_CHARACTERS = 2000


def outcome_of_fault(
    step: type[Step],
    fault: ItemFault,
    *,
    inputs_key: str,
    attempts: int,
    failing_since: datetime | None,
    now: datetime,
    settings: PipelineSettings,
) -> StepOutcome:
    """What a fault means for this step on this subject.

    Parameters
    ----------
    attempts : int
        Item-fault attempts spent before this one.
    failing_since : datetime or None
        Since when this work fails, None for its first fault: a fault of the world is retried after as long
        as it has lasted, so that the delay doubles, within the settings' bounds.
    """
    policy = POLICIES[fault.reason]
    spent = attempts + (1 if policy.attempts else 0)
    ended = policy.ends_in is not State.RETRYING and spent >= policy.attempts
    state = policy.ends_in if ended else State.RETRYING
    return StepOutcome(
        step=step.name,
        state=state,
        reason=fault.reason,
        detail=_storable(fault.detail)[:DETAIL_CHARACTERS],
        attempts=spent,
        version=step.version,
        inputs_key=inputs_key,
        retry_at=None if ended else now + _delay(policy.fault, spent, now - (failing_since or now), settings),
    )


def _storable(detail: str) -> str:
    """PostgreSQL takes neither NULs nor lone surrogates, and a decoder's words may quote the file."""
    return detail.replace("\x00", "").encode(errors="backslashreplace").decode()


def _delay(fault: str, spent: int, age: timedelta, settings: PipelineSettings) -> timedelta:
    seconds = age.total_seconds() if fault == "world" else settings.retry_base_seconds * 2 ** max(0, spent - 1)
    return timedelta(seconds=min(settings.retry_max_seconds, max(settings.retry_base_seconds, seconds)))
