"""How much a figure grows: with the size, for ten times the size; with time, step by step."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise

FLAT = 2.0
"""What should be flat may grow so much in a decade."""


def by_decade(figures: Mapping[int, float], *, least: float = 0.0) -> dict[str, float]:
    """Growth between each two neighbouring sizes; 1 is flat. Of rates, give what one piece takes.

    Parameters
    ----------
    least : float
        Growth to less than that does not matter, and is left out.
    """
    return {
        f"{less:,} to {more:,}": round((figures[more] / figures[less]) ** (1 / math.log10(more / less)), 2)
        for less, more in pairwise(sorted(figures))
        if figures[more] >= least
    }


def faults(what: str, figures: Mapping[int, float], *, least: float = 0.0) -> list[str]:
    """Where it grows by more than what is flat may, in words."""
    grown = by_decade(figures, least=least).items()
    return [f"{what}: {growth} times as much in a decade, {between}" for between, growth in grown if growth > FLAT]


def steadily(figures: Sequence[float]) -> float | None:
    """How much larger the last of several would be, had it grown in every step as in the median one; None from zero.

    What grows once, in one step or in two neighbouring ones, is 1: of an even number the lower median counts.
    """
    if 0 in figures:
        return None
    steps = [after / before for before, after in pairwise(figures)]
    return round(statistics.median_low(steps) ** len(steps), 3)
