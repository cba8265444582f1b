"""What a figure was measured under, and how repeated measurements are summed up."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path


def conditions() -> dict[str, object]:
    """Date, machine and load: a figure without them says little."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load_1min": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))]


def summary(seconds: Sequence[float], *, unit: float = 1.0) -> dict[str, float]:
    """Median, p95 and extremes; `unit` is the seconds of one unit told."""
    return {
        "n": len(seconds),
        "median": round(statistics.median(seconds) / unit, 2),
        "p95": round(quantile(seconds, 0.95) / unit, 2),
        "least": round(min(seconds) / unit, 2),
        "most": round(max(seconds) / unit, 2),
    }


def timed(action: Callable[[], object]) -> float:
    """Wall seconds of a call."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
