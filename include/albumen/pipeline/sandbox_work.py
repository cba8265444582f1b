"""What the sandbox is given, what it gives back, and in which order it does it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from albumen.pipeline.contract import StepResult, StepSkip
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import SandboxSettings


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One subject and the names of the steps that are due for it, in order."""

    subject_id: int
    data: bytes = field(repr=False)
    kind: str
    mime: str
    context: Mapping[str, Any]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkOutcome:
    """What one step said of one subject, and what it cost."""

    subject_id: int
    step: str
    result: StepResult | StepSkip | ItemFault
    cpu_s: float
    wall_s: float


def input_budget(limits: SandboxSettings) -> int:
    """How many bytes of inputs a child should hold at a time; one input may be more."""
    return limits.memory_bytes // 16


def plan_tasks(
    items: Sequence[WorkItem], batch_sizes: Mapping[str, int], budget_bytes: int
) -> list[tuple[str, list[int]]]:
    """Order the work: item by item, except that steps that take batches get them.

    Parameters
    ----------
    items : sequence of WorkItem
        The subjects and their due steps.
    batch_sizes : mapping
        Batch size by name of step.
    budget_bytes : int
        The most bytes of the items of one batch, unless it is one item.

    Returns
    -------
    list of (str, list of int)
        Step and indices of its items. The steps of every item stay in order, and only as many items
        are open at a time as the largest batch needs.
    """
    tasks: list[tuple[str, list[int]]] = []
    for window in _windows(items, batch_sizes, budget_bytes):
        left = {index: deque(items[index].steps) for index in window}
        while left:
            for index, steps in left.items():
                while steps and batch_sizes[steps[0]] == 1:
                    tasks.append((steps.popleft(), [index]))
            left = {index: steps for index, steps in left.items() if steps}
            if left:
                step = next(iter(left.values()))[0]
                group = [index for index, steps in left.items() if steps[0] == step][: batch_sizes[step]]
                tasks.append((step, group))
                for index in group:
                    left[index].popleft()
    return tasks


def _windows(items: Sequence[WorkItem], batch_sizes: Mapping[str, int], budget_bytes: int) -> Iterator[list[int]]:
    most = max((batch_sizes[step] for item in items for step in item.steps), default=1)
    window: list[int] = []
    held = 0
    for index, item in enumerate(items):
        if window and (len(window) == most or held + len(item.data) > budget_bytes):
            yield window
            window, held = [], 0
        window.append(index)
        held += len(item.data)
    if window:
        yield window
