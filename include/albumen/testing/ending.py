"""Whether a process that had to end did."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def is_gone(pid: int, *, seconds: float = 10.0) -> bool:
    """Wait for the end of a process of any parent; one that does not end in time is killed.

    Returns
    -------
    bool
        Whether it ended by itself.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    return False
