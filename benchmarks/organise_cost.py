"""What one more photo costs to organise, by the size of the library: simulated rows, the real code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import growth
import simulated_library
from conditions import summary, timed
from sqlalchemy import Connection
from stacks import catalog

from albumen.catalog import engine as engines
from albumen.organise import organising

FIRST = 3
"""The first ones find out where the homes are, and organise all days anew."""


def measure(maintenance: str, sizes: Sequence[int], rounds: int) -> dict[str, Any]:
    """Milliseconds of organising one new photo, by the size of the library, and growth in a decade."""
    found: dict[str, Any] = {}
    for size in sizes:
        url = catalog(maintenance, f"bench_organise_{size}")
        simulated_library.fill(url, size)
        seconds = []
        for _ in range(rounds + FIRST):
            simulated_library.new_photo(url)
            with engines.engine(url).connect() as connection:
                seconds.append(timed(partial(settle, connection)))
        found[str(size)] = summary(seconds[FIRST:], unit=0.001)
        engines.engine(url).dispose()
    return {"ms": found, "growth in a decade": growth.by_decade(medians(found))}


def settle(connection: Connection) -> None:
    """Organise until nothing waits."""
    while organising.organise(connection, 1):
        connection.commit()
    connection.commit()


def medians(milliseconds: Mapping[str, Mapping[str, float]]) -> dict[int, float]:
    """Medians by size, of what was measured."""
    return {int(size): one["median"] for size, one in milliseconds.items()}
