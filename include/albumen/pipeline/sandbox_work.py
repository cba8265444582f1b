"""What the sandbox is given, what it gives back, and in which order it does it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    path: str = ""


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


def plan_windows(
    items: Iterable[WorkItem], batch_sizes: Mapping[str, int], budget_bytes: int
) -> Iterator[tuple[list[WorkItem], list[tuple[str, list[int]]]]]:
    """Order the work: item by item, except that steps that take batches get them.

    Items are taken one at a time, as windows are asked for, so that they may still be under way.

    Parameters
    ----------
    items : iterable of WorkItem
        The subjects and their due steps.
    batch_sizes : mapping
        Batch size by name of step.
    budget_bytes : int
        The most bytes of the items of one batch, unless it is one item.

    Yields
    ------
    tuple of list of WorkItem and list of (str, list of int)
        The items of one window, as many as the largest batch needs; and its tasks, each a step and the
        positions of its items in the window. The steps of every item stay in order.

    Raises
    ------
    ValueError
        When an item names a step that `batch_sizes` does not.
    """
    most = max(batch_sizes.values(), default=1)
    window: list[WorkItem] = []
    held = 0
    for item in items:
        if unknown := set(item.steps) - batch_sizes.keys():
            raise ValueError(f"no such step in the sandbox: {', '.join(sorted(unknown))}")
        if window and held + len(item.data) > budget_bytes:
            yield window, _tasks(window, batch_sizes)
            window, held = [], 0
        window.append(item)
        held += len(item.data)
        if len(window) == most:
            yield window, _tasks(window, batch_sizes)
            window, held = [], 0
    if window:
        yield window, _tasks(window, batch_sizes)


def _tasks(window: Sequence[WorkItem], batch_sizes: Mapping[str, int]) -> list[tuple[str, list[int]]]:
    tasks: list[tuple[str, list[int]]] = []
    left = {position: deque(item.steps) for position, item in enumerate(window) if item.steps}
    while left:
        for position, steps in left.items():
            while steps and batch_sizes[steps[0]] == 1:
                tasks.append((steps.popleft(), [position]))
        left = {position: steps for position, steps in left.items() if steps}
        if left:
            step = next(iter(left.values()))[0]
            group = [position for position, steps in left.items() if steps[0] == step][: batch_sizes[step]]
            tasks.append((step, group))
            for position in group:
                left[position].popleft()
    return tasks
