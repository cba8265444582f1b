"""How a child of the sandbox ended, in words."""

from __future__ import annotations

import contextlib
import re
import signal
from dataclasses import dataclass

from albumen.pipeline.sandbox_protocol import printable


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended: exit status (negative: a signal), processor time of its life, last words, killed by us."""

    status: int | None
    cpu_s: float
    words: str
    killed: bool


def summarise_log(text: str) -> str:
    """The lines of a log that say why a process died: around a fatal error, else the last ones."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("Extension modules:")]
    fatal = next((i for i, line in enumerate(lines) if line.startswith("Fatal Python error")), None)
    chosen = lines[-5:] if fatal is None else lines[max(0, fatal - 2) : fatal + 4]
    return printable(" | ".join(chosen))[:800] or "none"


def describe_status(status: int | None) -> str:
    """An exit status in words: `SIGABRT`, `exit code 3`."""
    if status is None:
        return "exit status unknown"
    if status >= 0:
        return f"exit code {status}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"


def mentions_memory(words: str) -> bool:
    """Whether a dead child's words say that memory was refused."""
    return re.search(r"bad_alloc|MemoryError|cannot allocate memory|out of memory", words, re.IGNORECASE) is not None
