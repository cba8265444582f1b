"""What does a step cost? Measured on every shard; recent work weighs more."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

FORGET_AFTER_ITEMS = 20_000

ADD = text("""
    UPDATE steps SET
        items = p.items + CASE WHEN steps.items > :forget THEN steps.items / 2 ELSE steps.items END,
        wall_s = p.wall_s + CASE WHEN steps.items > :forget THEN steps.wall_s / 2 ELSE steps.wall_s END,
        cpu_s = p.cpu_s + CASE WHEN steps.items > :forget THEN steps.cpu_s / 2 ELSE steps.cpu_s END
    FROM unnest(CAST(:names AS text[]), CAST(:items AS bigint[]), CAST(:wall AS float8[]), CAST(:cpu AS float8[]))
        AS p(step, items, wall_s, cpu_s)
    WHERE steps.step = p.step
""")

SECONDS = text("SELECT step, wall_s / items AS seconds FROM steps WHERE items > 0")


def add(
    connection: Connection, items: Mapping[str, int], wall_s: Mapping[str, float], cpu_s: Mapping[str, float]
) -> None:
    """Add what a shard measured, per step."""
    names = sorted(items)
    if names:
        parameters = {
            "forget": FORGET_AFTER_ITEMS,
            "names": names,
            "items": [items[name] for name in names],
            "wall": [wall_s.get(name, 0.0) for name in names],
            "cpu": [cpu_s.get(name, 0.0) for name in names],
        }
        connection.execute(ADD, parameters)


def seconds(connection: Connection) -> dict[str, float]:
    """Wall seconds of one item, per step that has been measured."""
    return {row.step: row.seconds for row in connection.execute(SECONDS)}
