"""Runs steps in a child process whose crash, hang or hunger costs one item.

The parent cuts the work into tasks (one step on one item, or on a group where the step takes
batches), keeps a few of them queued in the child, and blames what was in flight when the child
dies, hangs or talks nonsense. Groups are never blamed: their items are run again one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

from albumen.pipeline.sandbox_children import SandboxChildren
from albumen.pipeline.sandbox_process import SandboxError
from albumen.pipeline.sandbox_run import OnProgress, SandboxRun
from albumen.pipeline.sandbox_work import WorkItem, WorkOutcome, input_budget, plan_windows
from albumen.settings import Settings

__all__ = ["Sandbox", "SandboxError", "WorkItem", "WorkOutcome"]


class Sandbox:
    """A child process that holds the steps, replaced whenever an item breaks it.

    The kernel ends a child with the thread that started it, so use a sandbox from one thread, which
    lives as long as it.

    Parameters
    ----------
    step_references : sequence of str
        `module:Class` of the steps; imported by the child only.
    settings : Settings
        Given to the steps; `settings.sandbox` holds the limits.
    search_path : sequence of str
        Folders in which the child also looks for modules.
    on_progress : callable or None
        Told step, subject id and share done by steps that report; each report also starts an item's time anew.
    """

    def __init__(
        self,
        step_references: Sequence[str],
        settings: Settings,
        *,
        search_path: Sequence[str] = (),
        on_progress: OnProgress | None = None,
    ) -> None:
        self._limits = settings.sandbox
        self._on_progress = on_progress or (lambda step, subject_id, share: None)
        self._children = SandboxChildren(step_references, settings, search_path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @property
    def restarts(self) -> int:
        """Children started after the first."""
        return self._children.restarts

    @property
    def load_s(self) -> Mapping[str, float]:
        """Seconds that steps took to load, models included, by step and in all children together."""
        return self._children.load_s

    @property
    def peak_rss_bytes(self) -> int:
        """The most memory a child was seen to hold, bytes."""
        return self._children.peak_rss_bytes

    def close(self) -> None:
        """End the child. Harmless when closed already."""
        self._children.close()

    def run(self, items: Iterable[WorkItem]) -> Iterator[WorkOutcome]:
        """Run the due steps of every item.

        Parameters
        ----------
        items : iterable of WorkItem
            Their steps must be among the references' steps. Taken a few ahead of the child, between
            outcomes: what makes them may read, and may look at the outcomes that came so far.

        Yields
        ------
        WorkOutcome
            Exactly one for each item and step, as soon as it is known.

        Raises
        ------
        SandboxError
            When a child cannot be started, or the sandbox is closed.
        ValueError
            When an item names a step the sandbox does not hold.
        """
        self._children.forget_dead()
        _, batch_sizes = self._children.ready()
        windows = plan_windows(items, batch_sizes, input_budget(self._limits))
        run = SandboxRun(self._children, self._limits, windows, self._on_progress)
        try:
            yield from run.outcomes()
        finally:
            if run.is_unfinished:
                self._children.end(at_once=True)
