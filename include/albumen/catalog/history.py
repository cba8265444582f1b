"""Room for past outcomes: one partition a month, made ahead and dropped after their retention."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

TABLE = "outcome_history"
MONTHS_AHEAD = 2

PARTITIONS = text(f"""
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = '{TABLE}'::regclass
""")  # noqa: S608

LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('albumen history'))")

STRAYS = text(f"SELECT EXISTS (SELECT FROM {TABLE}_rest WHERE at >= :first AND at < :last)")  # noqa: S608

DROP_STRAYS = text(f"""
    DELETE FROM {TABLE}_rest WHERE (history_id, at) IN (
        SELECT history_id, at FROM {TABLE}_rest WHERE at < :before LIMIT :most)
""")  # noqa: S608


def keep_room(connection: Connection, now: datetime, *, keep_days: int) -> list[str]:
    """Make the partitions of this month and the next ones, drop those past their retention.

    A month whose rows lie in the default partition already keeps lying there.

    Returns
    -------
    list of str
        Names of the partitions made (`+…`) and dropped (`-…`).
    """
    present = set(connection.execute(PARTITIONS).scalars())
    months = [_month(now.date(), ahead) for ahead in range(MONTHS_AHEAD)]
    wanted = {_name(month): month for month in months if _name(month) not in present}
    oldest = _name((now - timedelta(days=keep_days)).date().replace(day=1))
    expired = sorted(name for name in present if name != f"{TABLE}_rest" and name < oldest)
    if not (wanted or expired) or not connection.execute(LOCK).scalar_one():
        return []
    changed = []
    for name, first in wanted.items():
        last = _month(first, 1)
        if not connection.execute(STRAYS, {"first": first, "last": last}).scalar_one():
            bounds = f"FROM ('{first.isoformat()}') TO ('{last.isoformat()}')"
            connection.execute(text(f"CREATE TABLE {name} PARTITION OF {TABLE} FOR VALUES {bounds}"))
            changed.append(f"+{name}")
    for name in expired:
        connection.execute(text(f"DROP TABLE {name}"))
        changed.append(f"-{name}")
    return changed


def _month(day: date, ahead: int) -> date:
    months = day.year * 12 + day.month - 1 + ahead
    return date(months // 12, months % 12 + 1, 1)


def _name(month: date) -> str:
    return f"{TABLE}_{month:%Y_%m}"


def drop_strays(connection: Connection, now: datetime, *, keep_days: int, most: int) -> int:
    """Drop up to `most` rows past their retention that lie in the default partition, which is never dropped."""
    values = {"before": now - timedelta(days=keep_days), "most": most}
    return connection.execute(DROP_STRAYS, values).rowcount
