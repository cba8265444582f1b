"""The children of a sandbox, one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from albumen.pipeline.sandbox_ending import Ending
from albumen.pipeline.sandbox_process import SandboxError, SandboxProcess
from albumen.settings import Settings


class SandboxChildren:
    """Keeps one child ready, and starts another where the last one has ended.

    Attributes
    ----------
    restarts : int
        Children started after the first.
    load_s : dict of step to float
        Seconds that its steps took to load, models included, in all children together.
    """

    def __init__(self, step_references: Sequence[str], settings: Settings, search_path: Sequence[str]) -> None:
        self._references = tuple(step_references)
        self._settings = settings
        self._search_path = tuple(search_path)
        self._peak_rss_bytes = 0
        self._batch_sizes: Mapping[str, int] | None = None
        self._is_closed = False
        self.restarts = 0
        self.load_s: defaultdict[str, float] = defaultdict(float)
        # Started here, awaited on first use: models load while the caller reads its first objects.
        self._child: SandboxProcess | None = self._start()

    @property
    def peak_rss_bytes(self) -> int:
        """The most memory a child was seen to hold, bytes."""
        return max(self._peak_rss_bytes, self._child.peak_rss_bytes if self._child else 0)

    def ready(self) -> tuple[SandboxProcess, Mapping[str, int]]:
        """The child, its steps imported, and the batch size of each step.

        Raises
        ------
        SandboxError
            When it cannot be started, or all is closed.
        """
        if self._is_closed:
            raise SandboxError("the sandbox is closed")
        if self._child is None:
            self._child = self._start()
            self.restarts += 1
        if self._batch_sizes is None:
            try:
                self._batch_sizes = self._child.wait_ready()
            except BaseException:
                self.end(at_once=True)
                raise
            for step, seconds in self._child.load_s.items():
                self.load_s[step] += seconds
        return self._child, self._batch_sizes

    def forget_dead(self) -> None:
        """Make room for a new child where an idle one has died, which is nobody's fault."""
        if self._child is not None and self._batch_sizes is not None and not self._child.is_alive():
            self.end(at_once=True)

    def end(self, *, at_once: bool) -> Ending:
        """End the child; the next `ready` starts another."""
        if self._child is None:
            return Ending(status=None, cpu_s=0.0, words="none", killed=False)
        ending = self._child.end(at_once=at_once)
        self._peak_rss_bytes = self.peak_rss_bytes
        self._child, self._batch_sizes = None, None
        return ending

    def close(self) -> None:
        """End the child for good."""
        self._is_closed = True
        self.end(at_once=False)

    def _start(self) -> SandboxProcess:
        return SandboxProcess(self._references, self._settings, self._search_path)
