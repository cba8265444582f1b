"""What is remembered no longer: ended shards, listings, backfills, checks and sent events past their days."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

AT_ONCE = 10_000

ENDED = {
    "shards": text("""
        DELETE FROM shards WHERE shard_id IN (
            SELECT s.shard_id FROM shards s
            WHERE COALESCE(s.finished_at, s.leased_until) < :before
              AND NOT EXISTS (SELECT FROM due WHERE due.shard_id = s.shard_id) LIMIT :most)
    """),
    "listed_keys": text("""
        DELETE FROM listed_keys WHERE (listing_id, key) IN (
            SELECT k.listing_id, k.key FROM listings l JOIN listed_keys k USING (listing_id)
            WHERE l.finished_at < :before LIMIT :most)
    """),
    "listings": text("""
        DELETE FROM listings WHERE listing_id IN (
            SELECT l.listing_id FROM listings l
            WHERE l.finished_at < :before
              AND EXISTS (SELECT FROM listings n WHERE n.library_id = l.library_id AND n.finished_at IS NOT NULL
                AND n.listing_id > l.listing_id)
              AND NOT EXISTS (SELECT FROM listed_keys k WHERE k.listing_id = l.listing_id) LIMIT :most)
    """),
    "backfills": text("""
        DELETE FROM backfills WHERE backfill_id IN (
            SELECT backfill_id FROM backfills WHERE finished_at < :before LIMIT :most)
    """),
    "alerts": text("""
        DELETE FROM alerts WHERE alert_id IN (SELECT alert_id FROM alerts WHERE resolved_at < :before LIMIT :most)
    """),
    "silences": text("""
        DELETE FROM silences WHERE silence_id IN (SELECT silence_id FROM silences WHERE ends_at < :before LIMIT :most)
    """),
    "integrity_checks": text("""
        DELETE FROM integrity_checks WHERE check_id IN (
            SELECT c.check_id FROM integrity_checks c
            WHERE c.looked_at < :before
              AND EXISTS (SELECT FROM integrity_checks n WHERE n.library_id = c.library_id AND n.kind = c.kind
                AND n.check_id > c.check_id) LIMIT :most)
    """),
    "memory_events": text("""
        DELETE FROM memory_events WHERE event_id IN (
            SELECT event_id FROM memory_events WHERE sent_at < :before LIMIT :most)
    """),
}
"""In this order: a listing goes after its keys. The last listing and the last check of a library stay.

An unfinished shard without work whose lease ended so long ago is the claim of a task that died.
"""


def drop_ended(connection: Connection, name: str, before: datetime) -> int:
    """Drop up to `AT_ONCE` rows of one of `ENDED` that ended before a time; the caller commits and asks again."""
    return connection.execute(ENDED[name], {"before": before, "most": AT_ONCE}).rowcount
