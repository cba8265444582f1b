"""How much a figure grows with the size, for ten times the size."""

from __future__ import annotations

import math
from collections.abc import Mapping
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
