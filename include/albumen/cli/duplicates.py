"""`albumen duplicates`: what shows the same, and settling it. Nothing is ever deleted."""

from __future__ import annotations

import getpass
import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from albumen.catalog import duplicates
from albumen.catalog.duplicates import Group
from albumen.cli.session import LIBRARY_OPTION, Session, fail

app = typer.Typer(
    help="List copies, near-duplicates, bursts and similar pictures; settle a group.", no_args_is_help=True
)
GROUPS_AT_ONCE = 100


class Kind(StrEnum):
    """What belongs together: the same bytes, the same picture, one burst, variations of a picture."""

    EXACT = "exact"
    NEAR = "near"
    STACK = "stack"
    SIMILAR = "similar"


@app.command("list")
def list_groups(
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    kind: Annotated[Kind, typer.Option(help="Which groups.")] = Kind.NEAR,
    resolved: Annotated[bool, typer.Option("--resolved", help="Also those that are settled.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """List groups, the one to keep first, with the reasons for it."""
    session = Session.of_environment()
    rows: list[dict[str, Any]] = []
    with session.connect() as connection:
        found = session.library(connection, library)
        if kind is Kind.EXACT:
            copies = duplicates.copies(connection, found.library_id)
            rows = [{"kind": "exact", "keys": [key.removeprefix(found.prefix) for key in keys]} for keys in copies]
        else:
            after = ""
            while page := duplicates.listed(
                connection, found.library_id, kind=kind, resolved=resolved, after=after, most=GROUPS_AT_ONCE
            ):
                rows += [described(group, found.prefix) for group in page]
                after = page[-1].group_id
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(line(row))
    typer.echo(f"{len(rows)} groups")


@app.command()
def resolve(
    group: str,
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    keep: Annotated[str, typer.Option(help="Key of the one to keep; none: the one proposed.")] = "",
    keep_all: Annotated[bool, typer.Option("--keep-all", help="They show the same, and all are wanted.")] = False,
    different: Annotated[bool, typer.Option("--different", help="They do not show the same.")] = False,
) -> None:
    """Settle a group; it stays settled when the library is organised again. Nothing is deleted."""
    if sum((bool(keep), keep_all, different)) > 1:
        fail("choose one of --keep, --keep-all and --different", 2)
    decision = "different" if different else "keep all" if keep_all else "keep"
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        try:
            keeper = None
            if keep:
                groups = duplicates.listed(connection, found.library_id, group_id=group, resolved=True)
                keeper = _member(groups, found.prefix + keep)
            duplicates.resolve(connection, found.library_id, group, decision, by=getpass.getuser(), keeper=keeper)
        except duplicates.DuplicateError as error:
            fail(str(error))
        connection.commit()
    typer.echo(f"group {group} is settled: {decision}")


def _member(groups: list[Group], key: str) -> int:
    for group in groups:
        for member in group.members:
            if member.key == key:
                return member.item_id
    raise duplicates.DuplicateError("what is to be kept is not in that group; `albumen duplicates list` shows its keys")


def described(group: Group, prefix: str) -> dict[str, Any]:
    """A group in machine-readable shape."""
    return {
        "group": group.group_id,
        "kind": group.kind,
        "decision": group.decision,
        "reasons": group.reasons,
        "items": [
            {
                "key": member.key.removeprefix(prefix),
                "keep": member.item_id == group.keeper_item_id,
                "likeness": round(member.likeness, 3),
                "turned": member.turned,
                "bytes": member.bytes,
                "width": member.width,
                "height": member.height,
            }
            for member in group.members
        ],
    }


def line(row: dict[str, Any]) -> str:
    """A group in a few lines."""
    if row["kind"] == "exact":
        return "\n  ".join(row["keys"])
    items = [
        f"  {'keep' if item['keep'] else '    '} {item['key']}  {item['width']} x {item['height']}, {item['bytes']} B"
        for item in row["items"]
    ]
    settled = f", settled: {row['decision']}" if row["decision"] else ""
    return "\n".join([f"{row['group']} ({row['kind']}{settled}): {', '.join(row['reasons'])}", *items])
