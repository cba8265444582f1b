"""What is to be erased, on whose word, and how far is it? The requests and their receipts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog.libraries import Library

MOST_NAMED = 10_000
"""Files that one request may name; more of them are several requests, or the whole library."""


class Phase(StrEnum):
    """Where an erasure is; from `CLOSING` on it has been approved."""

    ASKED = "asked"
    REJECTED = "rejected"
    CLOSING = "closing"
    LISTING = "listing"
    ROWS = "rows"
    OBJECTS = "objects"
    LATE_OBJECTS = "late_objects"
    FINISHED = "finished"


class ErasureError(ValueError):
    """A request is missing, not approved, or names what cannot be erased."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to erase.

    Attributes
    ----------
    keys : tuple of str
        Files, with the library's prefix: their content, and with it every copy.
    items : tuple of int
        Items.
    hashes : tuple of str
        SHA-256 digests, 64 hexadecimal digits: content that the library has, or must never have.
    whole_library : bool
        All of it, and the library itself; the rest is empty then.
    """

    keys: tuple[str, ...] = ()
    items: tuple[int, ...] = ()
    hashes: tuple[str, ...] = ()
    whole_library: bool = False

    def __post_init__(self) -> None:
        named = len(self.keys) + len(self.items) + len(self.hashes)
        if bool(named) == self.whole_library:
            raise ErasureError("name what to erase: files, items or digests, or else the whole library")
        if named > MOST_NAMED:
            raise ErasureError(f"{named} files are named, at most {MOST_NAMED} go with one request")
        for digest in self.hashes:
            if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
                raise ErasureError(f"{digest!r} is no SHA-256 digest: 64 digits of 0-9 and a-f")

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Selection:
        """From plain values, as the catalog keeps them."""
        return Selection(
            tuple(values["keys"]), tuple(values["items"]), tuple(values["hashes"]), values["whole_library"]
        )


@dataclass(frozen=True, slots=True)
class Erasure:
    """One request.

    Attributes
    ----------
    bucket, prefix : str
        The source of the library, which may be gone by now.
    cursor : str
        How far the phase has come.
    closed_at : datetime or None
        When nothing that is erased could be added any more.
    receipt : mapping
        `counts` of what went; `keys`: how many objects stay in the source, and `keys_object`: where in the
        library bucket they are listed.
    """

    erasure_id: int
    library_id: int
    library: str
    bucket: str
    prefix: str
    selection: Selection
    reason: str
    requested_by: str
    requested_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    phase: Phase
    cursor: str
    closed_at: datetime | None
    finished_at: datetime | None
    receipt: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The receipt as programs read it: who, what, when, counts; no positions."""
        times = {name: getattr(self, name) for name in ("requested_at", "approved_at", "finished_at")}
        return {
            "erasure_id": self.erasure_id,
            "library": self.library,
            "library_id": self.library_id,
            "source": f"s3://{self.bucket}/{self.prefix}",
            "whole_library": self.selection.whole_library,
            "named": len(self.selection.keys) + len(self.selection.items) + len(self.selection.hashes),
            "reason": self.reason,
            "phase": self.phase.value,
            "requested_by": self.requested_by,
            "approved_by": self.approved_by,
            **{name: moment and moment.isoformat() for name, moment in times.items()},
            **self.receipt,
        }


CREATE = text("""
    INSERT INTO erasures (claim, library_id, library, selection, reason, requested_by, phase)
    VALUES (:claim, :library_id, :library, CAST(:selection AS jsonb), :reason, :requested_by, 'asked')
    ON CONFLICT (claim) DO UPDATE SET claim = excluded.claim
    RETURNING erasure_id
""")

ONE = text("SELECT * FROM erasures WHERE erasure_id = :erasure_id")

ONE_ALONE = text("SELECT * FROM erasures WHERE erasure_id = :erasure_id FOR UPDATE")

LIST = text("SELECT * FROM erasures WHERE (:library = '' OR library = :library) ORDER BY erasure_id DESC LIMIT :most")

APPROVE = text("""
    UPDATE erasures SET phase = 'closing', approved_by = :by, approved_at = now()
    WHERE erasure_id = :erasure_id AND phase = 'asked'
""")

REJECT = text("""
    UPDATE erasures SET phase = 'rejected', finished_at = now(),
        receipt = jsonb_build_object('rejected_by', CAST(:by AS text))
    WHERE erasure_id = :erasure_id AND phase = 'asked'
""")

MOVE = text("""
    UPDATE erasures SET phase = :phase, cursor = :cursor, receipt = CAST(:receipt AS jsonb),
        closed_at = CASE WHEN :phase = 'listing' THEN COALESCE(closed_at, now()) ELSE closed_at END,
        finished_at = CASE WHEN :phase = 'finished' THEN COALESCE(finished_at, now()) END
    WHERE erasure_id = :erasure_id
""")


def create(
    connection: Connection, library: Library, selection: Selection, *, claim: str, requested_by: str, reason: str
) -> int:
    """Record a request and return its id; the same claim asks once."""
    source = {"bucket": library.bucket, "prefix": library.prefix}
    values = {
        "claim": claim,
        "library_id": library.library_id,
        "library": library.name,
        "selection": json.dumps({**asdict(selection), **source}),
        "reason": reason,
        "requested_by": requested_by,
    }
    return int(connection.execute(CREATE, values).scalar_one())


def one(connection: Connection, erasure_id: int, *, alone: bool = False) -> Erasure:
    """A request; `alone` keeps others from moving it until this transaction ends.

    Raises
    ------
    ErasureError
        If there is none.
    """
    row = connection.execute(ONE_ALONE if alone else ONE, {"erasure_id": erasure_id}).mappings().one_or_none()
    if row is None:
        raise ErasureError(f"there is no erasure {erasure_id}")
    return _erasure(dict(row))


def listed(connection: Connection, *, library: str = "", most: int = 100) -> list[Erasure]:
    """The latest requests, of one library or of all, those of libraries that are gone among them."""
    rows = connection.execute(LIST, {"library": library, "most": most}).mappings()
    return [_erasure(dict(row)) for row in rows]


def approve(connection: Connection, erasure_id: int, *, by: str) -> None:
    """Let a request be carried out; one that was answered before keeps its answer."""
    connection.execute(APPROVE, {"erasure_id": erasure_id, "by": by})


def reject(connection: Connection, erasure_id: int, *, by: str) -> None:
    """Refuse a request; one that was answered before keeps its answer."""
    connection.execute(REJECT, {"erasure_id": erasure_id, "by": by})


def move(
    connection: Connection,
    erasure: Erasure,
    *,
    phase: Phase,
    cursor: str = "",
    counts: Mapping[str, int] | None = None,
    **receipt: Any,
) -> None:
    """Remember how far an erasure is: counts are added, other entries of the receipt replaced."""
    total: dict[str, int] = dict(erasure.receipt.get("counts", {}))
    for name, n in (counts or {}).items():
        if n:
            total[name] = total.get(name, 0) + n
    values = {
        "erasure_id": erasure.erasure_id,
        "phase": phase.value,
        "cursor": cursor,
        "receipt": json.dumps({**erasure.receipt, **receipt, "counts": total}),
    }
    connection.execute(MOVE, values)


def _erasure(row: Mapping[str, Any]) -> Erasure:
    kept = [name for name in Erasure.__dataclass_fields__ if name in row]
    values = {name: row[name] for name in kept}
    selection = row["selection"]
    source = {"bucket": selection["bucket"], "prefix": selection["prefix"]}
    return Erasure(**{**values, **source, "selection": Selection.from_dict(selection), "phase": Phase(row["phase"])})
