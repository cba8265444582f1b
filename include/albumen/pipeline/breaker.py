"""Noticing that a step fails because of itself: many of its items end in `bug` or `timed_out`.

Files that cannot be read are not its business: a folder of rubbish trips nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from albumen.catalog.results import StepOutcome
from albumen.catalog.step_pauses import BREAKER_REASONS
from albumen.settings import PipelineSettings

SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Trip:
    """A step that failed on too much of a shard.

    Attributes
    ----------
    faults : list of (subject id, reason, detail)
        The first few.
    """

    step: str
    failed: int
    of: int
    faults: list[tuple[int, str, str]]

    def __str__(self) -> str:
        _, reason, detail = self.faults[0]
        return f"{self.failed} of the {self.of} items of a shard failed, the first as {reason}: {detail}"

    def sample(self) -> dict[str, Any]:
        """Plain values, kept with the stop."""
        names = ("subject_id", "reason", "detail")
        return {
            "failed": self.failed,
            "of": self.of,
            "faults": [dict(zip(names, fault, strict=True)) for fault in self.faults],
        }


@dataclass(slots=True)
class Breaker:
    """Counts the faults of one shard's steps.

    Parameters
    ----------
    sizes : mapping of step to int
        On how many of the shard's subjects each step is due.
    """

    sizes: Mapping[str, int]
    settings: PipelineSettings
    failed: Counter[str] = field(default_factory=Counter)
    faults: defaultdict[str, list[tuple[int, str, str]]] = field(default_factory=lambda: defaultdict(list))

    def count(self, subject_id: int, outcomes: Iterable[StepOutcome]) -> None:
        """Take note of how the steps ended on one subject."""
        for outcome in outcomes:
            if outcome.reason in BREAKER_REASONS:
                self.failed[outcome.step] += 1
                if len(self.faults[outcome.step]) < SAMPLE:
                    detail = (outcome.detail or "").splitlines() or [""]
                    self.faults[outcome.step].append((subject_id, str(outcome.reason), detail[0]))

    def trips(self) -> list[Trip]:
        """The steps that have failed on too much of the shard, each told once: its count begins anew."""
        found = [
            Trip(step, failed, self.sizes[step], self.faults.pop(step))
            for step, failed in sorted(self.failed.items())
            if failed >= max(self.settings.breaker_items, self.settings.breaker_share * self.sizes[step])
        ]
        for trip in found:
            del self.failed[trip.step]
        return found
