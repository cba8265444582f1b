"""Who did what in the console? One row an action, in the transaction of the action."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

RECORD = text("""
    INSERT INTO audit (by, action, library, details) VALUES (:by, :action, :library, CAST(:details AS jsonb))
""")

RECENT = text("""
    SELECT audit_id, at, by, action, library, details FROM audit
    WHERE (CAST(:before AS bigint) IS NULL OR audit_id < :before) ORDER BY audit_id DESC LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Entry:
    """One action: when, by whom, what, on which library (empty: on all), with what values."""

    audit_id: int
    at: datetime
    by: str
    action: str
    library: str
    details: dict[str, Any]


def record(
    connection: Connection, *, by: str, action: str, details: Mapping[str, Any] | None = None, library: str = ""
) -> None:
    """Write an action down; `details` are plain values, ids rather than keys or positions."""
    values = {"by": by, "action": action, "library": library, "details": json.dumps(dict(details or {}))}
    connection.execute(RECORD, values)


def recent(connection: Connection, *, most: int, before: int | None = None) -> list[Entry]:
    """The latest actions, newest first; those older than the entry `before`."""
    parameters = {"most": most, "before": before}
    return [Entry(**dict(row)) for row in connection.execute(RECENT, parameters).mappings()]
