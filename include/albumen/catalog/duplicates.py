"""Which groups of duplicates and stacks are there, and what was decided of them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import parts

MEMBERS = text("""
    SELECT item_id, group_id FROM duplicate_members
    WHERE library_id = :library_id AND kind = :kind AND item_id = ANY(:items)
    UNION
    SELECT item_id, group_id FROM duplicate_members
    WHERE library_id = :library_id AND kind = :kind AND group_id = ANY(:groups)
    ORDER BY item_id
""")

RESOLVED = text("""
    SELECT group_id, keeper_item_id FROM duplicate_groups
    WHERE library_id = :library_id AND group_id = ANY(:groups) AND resolved_at IS NOT NULL
""")

LEAVE = text(
    "DELETE FROM duplicate_members WHERE library_id = :library_id AND kind = :kind AND group_id = ANY(:groups)"
)

DROP = text("""
    DELETE FROM duplicate_groups WHERE library_id = :library_id AND kind = :kind AND group_id = ANY(:groups)
      AND NOT group_id = ANY(:kept)
""")

STORE = text("""
    INSERT INTO duplicate_groups (library_id, group_id, kind, items, keeper_item_id, reasons)
    VALUES (:library_id, :group_id, :kind, :items, :keeper, :reasons)
    ON CONFLICT (library_id, group_id) DO UPDATE SET items = excluded.items,
        keeper_item_id = excluded.keeper_item_id, reasons = excluded.reasons
""")
"""What was decided stays."""

JOIN = text("""
    INSERT INTO duplicate_members (library_id, item_id, kind, group_id, rank, likeness, turned)
    VALUES (:library_id, :item_id, :kind, :group_id, :rank, :likeness, :turned)
""")

LISTED = text("""
    SELECT g.group_id, g.kind, g.keeper_item_id, g.reasons, g.decision, g.resolved_by
    FROM duplicate_groups g
    WHERE g.library_id = :library_id AND (CAST(:kind AS text) IS NULL OR g.kind = :kind)
      AND (:resolved OR g.resolved_at IS NULL) AND (CAST(:group_id AS text) IS NULL OR g.group_id = :group_id)
      AND g.group_id > :after
    ORDER BY g.group_id LIMIT :most
""")

SHOWN = text("""
    SELECT m.group_id, m.item_id, m.rank, m.likeness, m.turned, o.key, i.bytes, i.mime, f.width, f.height
    FROM duplicate_members m
    JOIN items i ON i.library_id = m.library_id AND i.item_id = m.item_id
    LEFT JOIN facts f ON f.library_id = m.library_id AND f.item_id = m.item_id
    JOIN LATERAL (
        SELECT key FROM originals c WHERE c.library_id = m.library_id AND c.item_id = m.item_id
          AND c.vanished_at IS NULL ORDER BY c.original_id LIMIT 1
    ) AS o ON true
    WHERE m.library_id = :library_id AND m.group_id = ANY(:groups) ORDER BY m.group_id, m.rank, m.item_id
""")

COPIES = text("""
    SELECT item_id, array_agg(key ORDER BY original_id) AS keys_of_item FROM originals
    WHERE library_id = :library_id AND item_id > :after AND item_id <= :until AND vanished_at IS NULL
    GROUP BY item_id HAVING count(*) > 1 ORDER BY item_id LIMIT :most
""")

RESOLVE = text("""
    UPDATE duplicate_groups SET decision = :decision, keeper_item_id = COALESCE(:keeper, keeper_item_id),
        resolved_by = :by, resolved_at = now()
    WHERE library_id = :library_id AND group_id = :group_id RETURNING group_id
""")

DECISIONS = ("keep", "keep all", "different")


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """A group as it was found: the items by rank, how alike each is to the first and how it is turned, and why."""

    group_id: str
    items: Sequence[int]
    likeness: Sequence[float]
    turned: Sequence[int]
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group as it is shown; `key` with the library's prefix."""

    item_id: int
    key: str
    rank: int
    likeness: float
    turned: int
    bytes: int
    mime: str
    width: int | None
    height: int | None


@dataclass(slots=True)
class Group:
    """A group as it is shown, the one to keep first."""

    group_id: str
    kind: str
    keeper_item_id: int
    reasons: list[str]
    decision: str | None
    resolved_by: str | None
    members: list[Member] = field(default_factory=list)


class DuplicateError(ValueError):
    """A group is unknown, or was given an impossible decision."""


def members(
    connection: Connection, library_id: int, kind: str, *, items: Sequence[int] = (), groups: Sequence[str] = ()
) -> dict[int, str]:
    """The group of each of these items, and of all items of these groups."""
    parameters = {"library_id": library_id, "kind": kind, "items": list(items), "groups": list(groups)}
    return {row.item_id: row.group_id for row in connection.execute(MEMBERS, parameters)}


def resolved_keepers(connection: Connection, library_id: int, groups: Sequence[str]) -> dict[str, int]:
    """What was chosen to be kept of those of these groups that are resolved."""
    rows = connection.execute(RESOLVED, {"library_id": library_id, "groups": list(groups)})
    return {row.group_id: row.keeper_item_id for row in rows}


def replace(
    connection: Connection, library_id: int, kind: str, gone: Sequence[str], found: Sequence[FoundGroup]
) -> None:
    """Put groups in the place of those that are `gone`; a decision stays with its id."""
    scope: dict[str, Any] = {"library_id": library_id, "kind": kind}
    connection.execute(LEAVE, {**scope, "groups": list(gone)})
    connection.execute(DROP, {**scope, "groups": list(gone), "kept": [group.group_id for group in found]})
    if not found:
        return
    rows = [
        {**scope, "group_id": one.group_id, "items": len(one.items), "keeper": one.items[0], "reasons": [*one.reasons]}
        for one in found
    ]
    connection.execute(STORE, rows)
    joined = [
        {**scope, "group_id": one.group_id, "item_id": item, "rank": rank, "likeness": alike, "turned": turned}
        for one in found
        for rank, (item, alike, turned) in enumerate(zip(one.items, one.likeness, one.turned, strict=True))
    ]
    connection.execute(JOIN, joined)


def listed(
    connection: Connection,
    library_id: int,
    *,
    kind: str | None = None,
    group_id: str | None = None,
    resolved: bool = False,
    after: str = "",
    most: int = 100,
) -> list[Group]:
    """Groups with their members, by id; resolved ones only if asked for."""
    parameters = {
        "library_id": library_id,
        "kind": kind,
        "group_id": group_id,
        "resolved": resolved,
        "after": after,
        "most": most,
    }
    rows = connection.execute(LISTED, parameters).all()
    groups = {
        row.group_id: Group(row.group_id, row.kind, row.keeper_item_id, row.reasons, row.decision, row.resolved_by)
        for row in rows
    }
    for row in connection.execute(SHOWN, {"library_id": library_id, "groups": list(groups)}).mappings():
        values = dict(row)
        groups[values.pop("group_id")].members.append(Member(**values))
    return list(groups.values())


def copies(connection: Connection, library_id: int, *, most: int = 1000) -> list[list[str]]:
    """Keys of originals with the same bytes, oldest first; reads the originals of the library until it has `most`."""
    found: list[list[str]] = []
    for after, until in parts.of_items(connection, library_id):
        scope = {"library_id": library_id, "after": after, "until": until, "most": most - len(found)}
        found += [list(row.keys_of_item) for row in connection.execute(COPIES, scope)]
        if len(found) == most:
            break
    return found


def resolve(
    connection: Connection, library_id: int, group_id: str, decision: str, *, by: str, keeper: int | None = None
) -> None:
    """Settle a group: `keep` one (else the one proposed), `keep all`, or they are `different`. Nothing is deleted.

    Raises
    ------
    DuplicateError
        If there is no such group, decision, or member.
    """
    if decision not in DECISIONS:
        raise DuplicateError(f"no decision is called {decision!r}; there are: {', '.join(DECISIONS)}")
    found = listed(connection, library_id, group_id=group_id, resolved=True)
    if not found:
        raise DuplicateError(f"there is no group {group_id!r}; `albumen duplicates list` shows those there are")
    if keeper is not None and keeper not in {member.item_id for member in found[0].members}:
        raise DuplicateError(f"what is to be kept is not in group {group_id}")
    parameters = {"library_id": library_id, "group_id": group_id, "decision": decision, "keeper": keeper, "by": by}
    connection.execute(RESOLVE, parameters)
