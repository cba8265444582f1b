"""Letting go records past their days: history, ended shards, listings, backfills, checks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from albumen.catalog import history, hours_of_work, retention
from albumen.pipeline.heartbeat import Connect
from albumen.pipeline.running import Workplace


def retire(place: Workplace, *, dry_run: bool) -> dict[str, int]:
    """Drop what is past its days, in small transactions, as long as `maintenance.seconds` allow.

    Returns
    -------
    dict of str to int
        Rows dropped by table, and months of the history; of a dry run, what the first transactions would drop.
    """
    knobs, now = place.settings.maintenance, place.now()
    keep_days, before = place.settings.pipeline.history_days, now - timedelta(days=knobs.record_days)
    parts: dict[str, Callable[[Connection], int]] = {
        "history_months": lambda connection: sum(
            name.startswith("-") for name in history.keep_room(connection, now, keep_days=keep_days)
        ),
        "outcome_history": partial(history.drop_strays, now=now, keep_days=keep_days, most=retention.AT_ONCE),
        "hours_of_work": partial(hours_of_work.forget, before=now - timedelta(days=keep_days), most=retention.AT_ONCE),
        **{name: partial(retention.drop_ended, name=name, before=before) for name in retention.ENDED},
    }
    end, dropped = time.monotonic() + knobs.seconds, Counter[str]()
    for name, drop in parts.items():
        while rows := _drop(place.connect, drop, dry_run=dry_run):
            dropped[name] += rows
            if dry_run or rows < retention.AT_ONCE or time.monotonic() >= end:
                break
    return dict(dropped)


def _drop(connect: Connect, drop: Callable[[Connection], int], *, dry_run: bool) -> int:
    with connect() as connection:
        rows = drop(connection)
        if not dry_run:
            connection.commit()
    return rows
