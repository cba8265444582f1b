"""What the machine lets us use: processors and memory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

CONTROL_GROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""What a container may take, of the second and of the first version of control groups."""


def cores() -> int:
    """The processors this process may run on."""
    return len(os.sched_getaffinity(0))


def memory(limits: Iterable[Path] = CONTROL_GROUP_LIMITS) -> int:
    """Bytes of memory: the machine's, or what its control group may take of them."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in limits:
        try:
            found.append(int(limit.read_text(encoding="ascii")))
        except (OSError, ValueError):  # there is no such file, or it says "max"
            continue
    return min(found)
