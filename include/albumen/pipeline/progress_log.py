"""What long steps report, in a task's log: a line for each tenth of the way."""

from __future__ import annotations

from collections.abc import Callable

_LINES = 10


class ProgressLog:
    """Writes a line whenever a step of a subject has come another tenth further."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._told: tuple[str, int, int] | None = None

    def __call__(self, step: str, subject_id: int, share: float) -> None:
        """Take a report: step, subject id, and 0 to 1 done."""
        now = step, subject_id, int(share * _LINES)
        if now != self._told:
            self._told = now
            self._log(f"{step} of {subject_id}: {share:.0%}")
