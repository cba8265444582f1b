"""How much work is there, and how is it cut? Bounded looks at the due work; never a scan."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from albumen.catalog import due, step_costs
from albumen.pipeline import registry
from albumen.pipeline.contract import PassName, Step
from albumen.settings import Settings

MAX_SLOTS = 200
FEWEST_ITEMS: dict[str, int] = {"original": 165, "preview": 500, "video": 1}
"""Below these a task's fixed cost, or loading a model, would be too large a share of a shard."""
WORTH_A_SLOT = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """Slots of one run: how many items each may lease at most."""

    sizes: Sequence[int]
    waiting: int
    seconds_per_item: float


def plan(connection: Connection, pass_name: PassName, settings: Settings, *, paused: Collection[str] = ()) -> Plan:
    """Cut one run: about `run_seconds` of work, in shards of about `shard_seconds`.

    What waits is spread evenly over the slots that work side by side, so that none works on alone at
    the end; a large backlog is capped, and the next run goes on.
    """
    steps = [
        step
        for step in registry.of_pass(pass_name)
        if step.name not in paused and (not step.on_demand or due.count(connection, [step.name], most=1))
    ]
    if not steps:
        return Plan([], 0, 0.0)
    knobs = settings.pipeline
    cost = _seconds_per_item(connection, steps)
    size = max(FEWEST_ITEMS[pass_name], math.ceil(knobs.shard_seconds / cost))
    tasks = min(MAX_SLOTS, max(1, round(knobs.run_seconds / knobs.shard_seconds)) * knobs.slots)
    waiting = max(due.count(connection, [step.name], most=size * tasks) for step in steps)
    abandoned = due.expired_shards(connection, pass_name)
    turns = max(1, math.ceil(waiting / (size * knobs.slots)))
    size = max(WORTH_A_SLOT, math.ceil(waiting / (turns * knobs.slots)))
    wanted = min(tasks, math.ceil(waiting / size) + abandoned)
    return Plan([size] * wanted, waiting, cost)


def _seconds_per_item(connection: Connection, steps: Sequence[type[Step]]) -> float:
    measured = step_costs.seconds(connection)
    return max(0.001, sum(measured.get(step.name, step.expected_seconds) for step in steps))
