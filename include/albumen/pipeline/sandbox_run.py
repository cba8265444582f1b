"""One run of the sandbox: what is planned, what is in flight, what the child holds, and who is to blame."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from albumen.pipeline.sandbox_children import SandboxChildren
from albumen.pipeline.sandbox_ending import Ending, describe_status, mentions_memory
from albumen.pipeline.sandbox_process import ChildEnded, SandboxProcess
from albumen.pipeline.sandbox_protocol import (
    Begin,
    GroupFailed,
    Loaded,
    Message,
    Progress,
    ProtocolError,
    Result,
    load_outcome,
    printable,
)
from albumen.pipeline.sandbox_work import WorkItem, WorkOutcome, input_budget
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import SandboxSettings

OnProgress = Callable[[str, int, float], None]
"""Told step, subject id and share done."""

_TASKS_AHEAD = 8
"""Enough for the child to be busy while the parent writes to the catalog."""
_STARVED_AT_MOST = 20
"""Of the time limit: what is added to it on a busy machine. Processor time has the same limit and no such addition."""
# A child may die of a late effect of the item before, or be killed for what others do; a second death at the same
# place is no accident.
_DEATHS_OF_DOUBT = 2


@dataclass(slots=True)
class _Task:
    """One call of `run`: a step on the items with these indices."""

    number: int
    step: str
    tokens: list[int]
    pending: set[int]
    begun_at: float | None = None
    cpu_at_begin: float = 0.0
    deaths: int = 0


class SandboxRun:
    """Works a plan off in one child after the other.

    A child that has worked before may lack memory because of what came before: want of memory is
    believed of the first task of a child only, and tried again in a fresh one otherwise.

    Parameters
    ----------
    children : SandboxChildren
        Where a child that is ready comes from.
    limits : SandboxSettings
        The limits, for deadlines and messages.
    windows : iterator
        Items with the tasks on them, as `plan_windows` orders them; asked for a few tasks ahead of the child.
    on_progress : callable
        Told of what long steps report.
    """

    def __init__(
        self,
        children: SandboxChildren,
        limits: SandboxSettings,
        windows: Iterator[tuple[list[WorkItem], list[tuple[str, list[int]]]]],
        on_progress: OnProgress,
    ) -> None:
        self._children = children
        self._limits = limits
        self._windows = windows
        self._on_progress = on_progress
        self._items: dict[int, WorkItem] = {}
        self._steps_left: Counter[int] = Counter()
        self._numbers, self._tokens = count(), count()
        self._plan: deque[_Task] = deque()
        self._in_flight: deque[_Task] = deque()
        self._held: set[int] = set()
        self._done_by_child = 0
        self._uses: Counter[int] = Counter()
        self._clock = self._starved_before = 0.0

    def _new_task(self, step: str, tokens: list[int]) -> _Task:
        return _Task(next(self._numbers), step, tokens, set(range(len(tokens))))

    @property
    def is_unfinished(self) -> bool:
        """Whether the child may still be at work."""
        return bool(self._in_flight or self._held)

    def outcomes(self) -> Iterator[WorkOutcome]:
        """Do everything there is to do."""
        while self._plan_ahead():
            child = self._children.ready()[0]
            was_idle = not self._in_flight
            self._fill(child)
            if was_idle:
                self._restart_clock(child)
            task = self._in_flight[0] if self._in_flight else self._plan[0]
            limit = self._limits.item_seconds * len(task.tokens)
            try:
                received = self._receive(child, limit)
                if received is None:
                    yield from self._timed_out(task, limit)
                    continue
                outcome = self._handle(child, *received)
            except ChildEnded:
                yield from self._died(task)
            except ProtocolError as error:
                yield from self._spoke_garbage(task, error)
            else:
                if outcome is not None:
                    yield outcome
                # The caller's time is not the child's.
                self._restart_clock(child)

    def _restart_clock(self, child: SandboxProcess) -> None:
        self._clock, self._starved_before = time.monotonic(), child.starved_s()

    def _receive(self, child: SandboxProcess, limit: float) -> tuple[Message, bytes] | None:
        """Wait for so many seconds, not counting those for which other processes had the child's processor."""
        deadline = self._clock + limit
        while (received := child.receive(deadline)) is None:
            starved = min(child.starved_s() - self._starved_before, _STARVED_AT_MOST * limit)
            if self._clock + limit + starved <= deadline:
                return None
            deadline = self._clock + limit + starved
        return received

    def _plan_ahead(self) -> bool:
        """Plan more windows while the child could soon be idle; False when all is done."""
        waited = False
        while len(self._plan) + len(self._in_flight) <= _TASKS_AHEAD:
            window = next(self._windows, None)
            if window is None:
                break
            items, tasks = window
            tokens = [next(self._tokens) for _ in items]
            self._items.update((token, item) for token, item in zip(tokens, items, strict=True) if item.steps)
            for step, positions in tasks:
                task = self._new_task(step, [tokens[position] for position in positions])
                self._plan.append(task)
                self._uses.update(task.tokens)
                self._steps_left.update(task.tokens)
            waited = True
        if waited:
            # The time that making items took is not the child's.
            self._clock = time.monotonic()
        return bool(self._plan or self._in_flight)

    def _settle(self, token: int) -> int:
        """Note that a step has ended on an item, and let go of the item after its last; returns its subject."""
        subject_id = self._items[token].subject_id
        self._steps_left[token] -= 1
        if not self._steps_left[token]:
            del self._items[token], self._steps_left[token]
        return subject_id

    def _fill(self, child: SandboxProcess) -> None:
        """Keep a few tasks queued in the child, with their inputs."""
        while self._plan and len(self._in_flight) < _TASKS_AHEAD:
            task = self._plan[0]
            for token in task.tokens:
                if token not in self._held:
                    if not child.free_slots or (self._in_flight and self._is_full(token)):
                        return
                    self._load(child, token)
            task.begun_at = None
            child.send({"type": "run", "task": task.number, "step": task.step, "tokens": task.tokens})
            self._in_flight.append(self._plan.popleft())
            for token in task.tokens:
                self._uses[token] -= 1
                if not self._uses[token]:
                    del self._uses[token]
                    child.send({"type": "drop", "token": token})
                    self._held.discard(token)

    def _is_full(self, token: int) -> bool:
        held = sum(len(self._items[other].data) for other in self._held)
        return held + len(self._items[token].data) > input_budget(self._limits)

    def _load(self, child: SandboxProcess, token: int) -> None:
        item = self._items[token]
        slot = child.free_slots.pop()
        child.put(slot, item.data)
        child.send(
            {
                "type": "load",
                "token": token,
                "slot": slot,
                "size": len(item.data),
                "subject_id": item.subject_id,
                "kind": item.kind,
                "mime": item.mime,
                "context": dict(item.context),
                "path": item.path,
            }
        )
        self._held.add(token)

    def _handle(self, child: SandboxProcess, message: Message, blobs: bytes) -> WorkOutcome | None:
        if isinstance(message, Loaded):
            if message.slot in child.free_slots or message.slot >= child.slots:
                raise ProtocolError("a slot that was not in use")
            child.free_slots.append(message.slot)
            return None
        task = self._in_flight[0] if self._in_flight else None
        if (
            not isinstance(message, Begin | Progress | Result | GroupFailed)
            or task is None
            or message.task != task.number
        ):
            raise ProtocolError("spoke out of turn")
        if isinstance(message, Begin):
            task.begun_at, task.cpu_at_begin = time.monotonic(), message.cpu_s
            return None
        if task.begun_at is None:
            raise ProtocolError("an end without a beginning")
        if isinstance(message, Progress):
            self._on_progress(task.step, self._items[task.tokens[0]].subject_id, message.share)
            return None
        if isinstance(message, GroupFailed):
            self._in_flight.popleft()
            self._separate(task)
            outcome = None
        else:
            if message.position not in task.pending:
                raise ProtocolError("an outcome nobody asked for")
            result = load_outcome(message.outcome, blobs)
            if message.recycle and self._done_by_child:
                self._replace_child(at_once=False)
                return None
            task.pending.discard(message.position)
            token = task.tokens[message.position]
            outcome = WorkOutcome(self._settle(token), task.step, result, message.cpu_s, message.wall_s)
            if not task.pending:
                self._in_flight.popleft()
                self._done_by_child += 1
        if message.recycle:
            self._replace_child(at_once=False)
        return outcome

    def _timed_out(self, task: _Task, limit: float) -> Iterator[WorkOutcome]:
        ending = self._replace_child()
        words = f"{task.step} took longer than {limit:g} s (sandbox.item_seconds)"
        yield from self._blame(task, ItemFault(Reason.TIMED_OUT, words), ending, certain=True)

    def _died(self, task: _Task) -> Iterator[WorkOutcome]:
        begun = task.begun_at is not None
        was_fresh = not self._done_by_child
        ending = self._replace_child(at_once=False)
        status = "closed its pipe" if ending.killed else describe_status(ending.status)
        words = f"{status} in {task.step}; last words: {ending.words}"
        if status == "SIGXCPU":
            fault = ItemFault(Reason.TIMED_OUT, f"{task.step} used too much processor time (sandbox.item_seconds)")
        elif status == "SIGKILL":
            fault = ItemFault(Reason.CRASHED, f"{words}; the sandbox did not send it: perhaps the system had no memory")
        elif mentions_memory(ending.words):
            needs = f"needs more than {self._limits.memory_bytes} bytes of memory (sandbox.memory_bytes)"
            fault = ItemFault(Reason.TOO_LARGE, f"{needs}: {words}")
            if not was_fresh:
                return
        else:
            fault = ItemFault(Reason.CRASHED, words)
        yield from self._blame(task, fault, ending, certain=begun and status != "SIGKILL")

    def _spoke_garbage(self, task: _Task, error: ProtocolError) -> Iterator[WorkOutcome]:
        ending = self._replace_child()
        words = printable(f"{task.step} spoke garbage: {error}; last words: {ending.words}")
        yield from self._blame(task, ItemFault(Reason.CRASHED, words), ending, certain=True)

    def _blame(self, task: _Task, fault: ItemFault, ending: Ending, *, certain: bool) -> Iterator[WorkOutcome]:
        """Settle the task at the head of the plan, in which the last child ended."""
        task.deaths += 1
        if not certain and task.deaths < _DEATHS_OF_DOUBT:
            return
        self._plan.remove(task)
        if len(task.tokens) > 1:
            self._separate(task)
            return
        self._recount()
        begun = task.begun_at is not None
        yield WorkOutcome(
            self._settle(task.tokens[0]),
            task.step,
            fault,
            cpu_s=max(0.0, ending.cpu_s - task.cpu_at_begin) if begun else 0.0,
            wall_s=time.monotonic() - task.begun_at if task.begun_at is not None else 0.0,
        )

    def _separate(self, group: _Task) -> None:
        """Plan what is left of a group one by one."""
        tokens = [group.tokens[position] for position in sorted(group.pending)]
        self._plan.extendleft(self._new_task(group.step, [token]) for token in reversed(tokens))
        self._recount()

    def _replace_child(self, *, at_once: bool = True) -> Ending:
        """End the child and plan again what was in flight."""
        ending = self._children.end(at_once=at_once)
        for task in reversed(self._in_flight):
            if len(task.pending) < len(task.tokens):
                task.tokens = [task.tokens[position] for position in sorted(task.pending)]
                task.pending = set(range(len(task.tokens)))
            self._plan.appendleft(task)
        self._in_flight.clear()
        self._held.clear()
        self._done_by_child = 0
        self._recount()
        return ending

    def _recount(self) -> None:
        self._uses = Counter(token for task in self._plan for token in task.tokens)
