"""What a shard did: counted while it runs, logged and stored when it ends."""

from __future__ import annotations

import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from albumen.catalog.results import StepOutcome

SLOWEST = 5
MOST_TROUBLES = 50


@dataclass(slots=True)
class ShardSummary:
    """Counts of one shard, or of one task's part of it.

    Attributes
    ----------
    outcomes : counter of (step, state, reason)
    step_items, step_cpu_s, step_wall_s : per step
        What the steps cost where they ran.
    load_s : per step
        Seconds until its models stood ready, in every child that was started.
    adopted : int
        Copies of known content: fingerprinted, nothing decoded.
    slowest : list of (seconds, step, subject id)
        A heap of the dearest pieces of work.
    troubles : list of (subject id, step, state, reason)
        The first that were quarantined or are to be tried again.
    """

    size: int
    seconds: float = 0.0
    adopted: int = 0
    gave_way: bool = False
    bytes_read: int = 0
    bytes_written: int = 0
    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    step_items: Counter[str] = field(default_factory=Counter)
    step_cpu_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    step_wall_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    slowest: list[tuple[float, str, int]] = field(default_factory=list)
    load_s: Mapping[str, float] = field(default_factory=dict)
    troubles: list[tuple[int, str, str, str]] = field(default_factory=list)

    def count(self, subject_id: int, outcomes: Iterable[StepOutcome]) -> None:
        """Add the outcomes of one subject."""
        for outcome in outcomes:
            self.outcomes[outcome.step, outcome.state, outcome.reason or ""] += 1
            self.bytes_written += outcome.bytes_written
            if outcome.state in {"quarantined", "retrying"} and len(self.troubles) < MOST_TROUBLES:
                self.troubles.append((subject_id, outcome.step, outcome.state, str(outcome.reason or "")))
            if outcome.wall_s:
                self.step_items[outcome.step] += 1
                self.step_cpu_s[outcome.step] += outcome.cpu_s
                self.step_wall_s[outcome.step] += outcome.wall_s
                heapq.heappush(self.slowest, (outcome.wall_s, outcome.step, subject_id))
                if len(self.slowest) > SLOWEST:
                    heapq.heappop(self.slowest)

    @property
    def done(self) -> int:
        """Step outcomes that are `done`."""
        return sum(n for (_, state, _), n in self.outcomes.items() if state == "done")

    def lines(self) -> list[str]:
        """The summary for a task's log."""
        rate = self.size / self.seconds if self.seconds else 0.0
        lines = [f"{self.size} items in {self.seconds:.1f} s ({rate:.1f}/s), {self.adopted} copies adopted"]
        lines += [
            f"  {step:<12} {state}{f' ({reason})' if reason else ''}: {n}"
            for (step, state, reason), n in sorted(self.outcomes.items())
        ]
        if self.gave_way:
            lines.append("  gave the rest back: others wait")
        lines += [
            f"  slow: {step} of {subject} took {s:.2f} s" for s, step, subject in sorted(self.slowest, reverse=True)
        ]
        lines.append(f"  read {self.bytes_read / 1e6:.1f} MB, wrote {self.bytes_written / 1e6:.1f} MB")
        return lines

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for XCom and the catalog."""
        return {
            "size": self.size,
            "seconds": round(self.seconds, 3),
            "adopted": self.adopted,
            "gave_way": self.gave_way,
            "done": self.done,
            "bytes_read": self.bytes_read,
            "bytes_written": self.bytes_written,
            "outcomes": [[*group, n] for group, n in sorted(self.outcomes.items())],
            "cpu_s": {step: round(s, 3) for step, s in self.step_cpu_s.items()},
            "wall_s": {step: round(s, 3) for step, s in self.step_wall_s.items()},
            "load_s": {step: round(s, 3) for step, s in self.load_s.items()},
        }

    def as_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.as_dict())
