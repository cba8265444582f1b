"""Who works on what? Shards are leased with a fencing token; a lease not renewed is free again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import due, video_work
from albumen.catalog.due import Lane


class LeaseLost(RuntimeError):
    """Somebody else holds the shard now; what this worker still has must not be written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a shard, as long as (shard_id, generation) is current."""

    shard_id: int
    generation: int
    library_id: int
    pass_name: str
    lane: Lane
    size: int


class Finished:
    """The claim's shard is finished already: nothing to do."""


PASS_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('albumen lease ' || :pass_name))")
"""Leases of a pass are taken one after the other: milliseconds each, no deadlocks, no doubled picks."""

MINE = text("SELECT * FROM shards WHERE claim = :claim FOR UPDATE")

EXPIRED = text("""
    SELECT * FROM shards
    WHERE pass_name = :pass_name AND finished_at IS NULL AND leased_until < now()
    ORDER BY lane, shard_id LIMIT 1 FOR UPDATE SKIP LOCKED
""")

RENEW = text("""
    UPDATE shards
    SET generation = generation + 1, claim = :claim, leased_until = now() + make_interval(secs => :lease_s)
    WHERE shard_id = :shard_id RETURNING *
""")

LEADER = text("""
    SELECT l.library_id, s.step, lanes.lane, d.seq
    FROM libraries l
    CROSS JOIN unnest(CAST(:steps AS text[])) AS s(step)
    CROSS JOIN generate_series(0, 2) AS lanes(lane)
    CROSS JOIN LATERAL (
        SELECT seq FROM due
        WHERE step = s.step AND due.lane = lanes.lane AND library_id = l.library_id
          AND shard_id IS NULL AND not_before <= now()
        ORDER BY seq LIMIT 1
    ) AS d
    LEFT JOIN LATERAL (
        SELECT count(*) AS open FROM shards
        WHERE pass_name = :pass_name AND finished_at IS NULL AND library_id = l.library_id
    ) AS running ON true
    LEFT JOIN LATERAL (
        SELECT shard_id FROM shards
        WHERE pass_name = :pass_name AND library_id = l.library_id
        ORDER BY shard_id DESC LIMIT 1
    ) AS latest ON true
    ORDER BY lanes.lane, running.open, latest.shard_id NULLS FIRST, d.seq LIMIT 1
""")
"""The best lane first; within it the library with the fewest shards in work, then the one whose turn is longest ago.

Where one slot works, no library has a shard in work when it asks: by age alone, a new library would wait for all of
another's backlog.
"""

OPEN_SHARD = text("""
    INSERT INTO shards (library_id, pass_name, lane, size, claim, leased_until)
    VALUES (:library_id, :pass_name, :lane, 0, :claim, now() + make_interval(secs => :lease_s)) RETURNING *
""")

TAKE = text("""
    WITH leaders AS MATERIALIZED (
        SELECT subject_id FROM due
        WHERE step = :step AND lane = :lane AND library_id = :library_id AND shard_id IS NULL AND not_before <= now()
        ORDER BY seq LIMIT :most
    )
    UPDATE due SET shard_id = :shard_id
    FROM leaders CROSS JOIN unnest(CAST(:steps AS text[])) AS s(step)
    WHERE due.library_id = :library_id AND due.subject_id = leaders.subject_id AND due.step = s.step
      AND due.shard_id IS NULL AND due.not_before <= now()
    RETURNING due.subject_id
""")
"""Joined by the whole primary key: otherwise a planner without statistics would rather read all of `due_pick`."""

SIZE = text("UPDATE shards SET size = :size WHERE shard_id = :shard_id")

HEARTBEAT = text("""
    UPDATE shards SET leased_until = now() + make_interval(secs => :lease_s)
    WHERE shard_id = :shard_id AND generation = :generation AND finished_at IS NULL
""")

FENCE = text("""
    SELECT FROM shards WHERE shard_id = :shard_id AND generation = :generation AND finished_at IS NULL FOR SHARE
""")

FINISH = text("""
    UPDATE shards SET finished_at = now(), summary = CAST(:summary AS jsonb)
    WHERE shard_id = :shard_id AND generation = :generation AND finished_at IS NULL
""")

DROP_ORPHANS = text("""
    DELETE FROM due WHERE shard_id = :shard_id AND CASE subject_kind
        WHEN 'o' THEN (
            SELECT o.original_id FROM originals o
            WHERE o.original_id = due.subject_id AND o.vanished_at IS NULL LIMIT 1)
        ELSE (
            SELECT o.original_id FROM originals o
            WHERE o.library_id = due.library_id AND o.item_id = due.subject_id AND o.vanished_at IS NULL LIMIT 1)
        END IS NULL
""")
"""Work whose last original went meanwhile: given back, it would be leased for ever."""

GIVE_BACK = text("UPDATE due SET shard_id = NULL WHERE shard_id = :shard_id")

FRESH_WAITS = text("""
    SELECT EXISTS (
        SELECT FROM due WHERE step = ANY(:steps) AND lane = 0 AND shard_id IS NULL AND not_before <= now()
    )
""")


def take(
    connection: Connection,
    *,
    pass_name: str,
    steps: Sequence[str],
    claim: str,
    most: int,
    lease_s: float,
    video_seconds: float = math.inf,
) -> Lease | Finished | None:
    """Lease the best shard there is now; the caller commits.

    A claim (one mapped task of one DAG run) has at most one shard: asked again it gets the same
    shard under a new generation, or learns that it is finished. Otherwise an expired shard or new
    work is leased, whichever is in the better lane.

    Parameters
    ----------
    most : int
        Of how many subjects a new shard is, at most.
    video_seconds : float
        Of how many seconds of Full HD one of videos is, at most, unless it is one.

    Returns
    -------
    Lease, Finished or None
        None when nothing is due.
    """
    connection.execute(PASS_LOCK, {"pass_name": pass_name})
    due.lookups_only(connection)
    mine = connection.execute(MINE, {"claim": claim}).mappings().one_or_none()
    if mine is not None and mine["finished_at"] is not None:
        return Finished()
    expired = mine or connection.execute(EXPIRED, {"pass_name": pass_name}).mappings().one_or_none()
    leader = connection.execute(LEADER, {"steps": list(steps), "pass_name": pass_name}).mappings().one_or_none()
    if expired is not None and (expired is mine or leader is None or expired["lane"] <= leader["lane"]):
        renewal = {"shard_id": expired["shard_id"], "claim": claim, "lease_s": lease_s}
        return _lease(connection.execute(RENEW, renewal).mappings().one())
    if leader is None:
        return None
    scope = {"library_id": leader["library_id"], "lane": leader["lane"]}
    shard = (
        connection.execute(OPEN_SHARD, {**scope, "pass_name": pass_name, "claim": claim, "lease_s": lease_s})
        .mappings()
        .one()
    )
    picks = {**scope, "step": leader["step"], "steps": list(steps), "shard_id": shard["shard_id"], "most": most}
    if pass_name == "video":
        picks["most"] = video_work.within(connection, picks, most=most, seconds=video_seconds)
    size = len(set(connection.execute(TAKE, picks).scalars()))
    connection.execute(SIZE, {"size": size, "shard_id": shard["shard_id"]})
    return _lease({**shard, "size": size})


def _lease(row: Any) -> Lease:
    return Lease(
        row["shard_id"], row["generation"], row["library_id"], row["pass_name"], Lane(row["lane"]), row["size"]
    )


def heartbeat(connection: Connection, lease: Lease, *, lease_s: float) -> None:
    """Renew a lease.

    Raises
    ------
    LeaseLost
        If the shard was leased anew or finished.
    """
    token = {"shard_id": lease.shard_id, "generation": lease.generation}
    if connection.execute(HEARTBEAT, {**token, "lease_s": lease_s}).rowcount == 0:
        raise LeaseLost(f"shard {lease.shard_id} generation {lease.generation} is no longer ours")


def fence(connection: Connection, lease: Lease) -> None:
    """Hold the lease for this transaction; raises LeaseLost for a stale writer."""
    token = {"shard_id": lease.shard_id, "generation": lease.generation}
    if connection.execute(FENCE, token).one_or_none() is None:
        raise LeaseLost(f"shard {lease.shard_id} generation {lease.generation} is no longer ours")


def finish(connection: Connection, lease: Lease, summary: str) -> None:
    """End a shard; what is still unstarted of it goes back to the due work."""
    fence(connection, lease)
    connection.execute(DROP_ORPHANS, {"shard_id": lease.shard_id})
    connection.execute(GIVE_BACK, {"shard_id": lease.shard_id})
    connection.execute(FINISH, {"shard_id": lease.shard_id, "generation": lease.generation, "summary": summary})


def fresh_waits(connection: Connection, steps: Sequence[str]) -> bool:
    """Whether fresh uploads wait for these steps, so that a backfill shard should give way."""
    due.lookups_only(connection)
    return bool(connection.execute(FRESH_WAITS, {"steps": list(steps)}).scalar_one())
