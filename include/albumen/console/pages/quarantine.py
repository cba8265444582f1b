"""Quarantine: what could not be done, and what an operator does about it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response, StreamingResponse

from albumen.airflow.hooks.library import source_store
from albumen.catalog import audit, quarantine, quarantine_pages
from albumen.catalog.quarantine_pages import Filter, Held, Place
from albumen.console.access import Actor, User, acts, may_act
from albumen.console.media import MediaLinks
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary, Scope, SettingsInForce
from albumen.pipeline import registry
from albumen.pipeline.taxonomy import Reason
from albumen.storage.object_store import ObjectMissing, StorageError

router = APIRouter()
ACTS_DAG = "backfill_step"
SHOWN = 50
MOST_AT_ONCE = 100_000
"""Of one bulk action or one CSV; what is more is for a second one."""
FIRST_BYTES = 256

Step = Annotated[str, Field(max_length=100)]
Subject = Annotated[int, Field(ge=1, lt=2**63)]


def _filter(
    step: Annotated[str, Query(max_length=100)] = "",
    reason: Annotated[str, Query(max_length=100)] = "",
    prefix: Annotated[str, Query(max_length=1024)] = "",
    camera: Annotated[str, Query(max_length=100)] = "",
) -> Filter:
    return Filter(step, reason, prefix, camera)


Chosen = Annotated[Filter, Depends(_filter)]


class Selection(BaseModel):
    """What an action is for: named pairs, or all that a filter selects, of which the page said how many there are."""

    model_config = ConfigDict(extra="forbid")
    pairs: list[tuple[Subject, Step]] = Field(default=[], max_length=1000)
    step: str = Field("", max_length=100)
    reason: str = Field("", max_length=100)
    prefix: str = Field("", max_length=1024)
    camera: str = Field("", max_length=100)
    everything: bool = False

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Selection:
        if bool(self.pairs) == self.everything:
            raise ValueError("choose rows, or everything that the filter selects")
        return self

    @property
    def filter(self) -> Filter:
        """The filter, without the library's prefix."""
        return Filter(self.step, self.reason, self.prefix, self.camera)


class Dismissal(Selection):
    """With why it is dismissed, for those who find it later."""

    why: str = Field("", max_length=300)


@router.get("/quarantine")
def show(
    request: Request,
    scope: InLibrary,
    chosen: Chosen,
    connection: Catalog,
    user: User,
    links: MediaLinks,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    after_step: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """A part of it, by subject."""
    counts = quarantine.counts(connection, scope.library.library_id)
    found = quarantine_pages.part(
        connection, scope.library.library_id, _below(chosen, scope), Place(after, after_step), most=SHOWN
    )
    values = {
        "rows": found.rows,
        "after": found.after,
        "chosen": chosen,
        "counts": counts,
        "selected": sum(n for (step, reason), n in counts.items() if _is_chosen(chosen, step, reason)),
        "steps": sorted({step for step, _ in counts} | {chosen.step} - {""}),
        "reasons": [reason.value for reason in Reason],
        "links": links,
        "may_act": may_act(user, ACTS_DAG),
        "policy": {name: step.__doc__ for name, step in registry.steps().items()},
    }
    return page(request, "quarantine.html", values, scope=scope)


@router.get("/quarantine.csv")
def as_csv(scope: InLibrary, chosen: Chosen, connection: Catalog) -> Response:
    """All that a filter selects, up to a hundred thousand rows."""
    rows = quarantine_pages.every(connection, scope.library.library_id, _below(chosen, scope), most=MOST_AT_ONCE)
    lines = list(_lines(rows, scope.library.prefix))
    headers = {"Content-Disposition": 'attachment; filename="quarantine.csv"'}
    return StreamingResponse(iter(lines), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/first-bytes")
def first_bytes(
    scope: InLibrary,
    subject: Annotated[int, Query(ge=1, lt=2**63)],
    step: Annotated[str, Query(max_length=100)],
    connection: Catalog,
    settings: SettingsInForce,
) -> dict[str, Any]:
    """What a quarantined file begins with, as text: bytes of strangers are shown, never opened."""
    found = quarantine_pages.named(connection, scope.library.library_id, [(subject, step)])
    if not found or not found[0].key:
        raise HTTPException(404, "this is not in quarantine")
    try:
        with source_store(settings).read(scope.library.bucket, found[0].key) as reading:
            data = bytes(next(iter(reading.chunks), b""))[:FIRST_BYTES]
    except ObjectMissing as error:
        raise HTTPException(404, "the file is gone from the source") from error
    except StorageError as error:
        raise HTTPException(503, "the object store does not answer") from error
    return {"lines": [_dumped(data[at : at + 16], at) for at in range(0, len(data), 16)]}


@router.post("/release", dependencies=acts(ACTS_DAG))
def release(wanted: Selection, scope: InLibrary, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Try again, with fresh attempts."""
    released = sum(
        quarantine.release(connection, scope.library.library_id, rows) for rows in _rows(wanted, scope, connection)
    )
    return _done(connection, scope, user, "release", wanted, released)


@router.post("/dismiss", dependencies=acts(ACTS_DAG))
def dismiss(wanted: Dismissal, scope: InLibrary, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Accept that it will not be done."""
    dismissed = sum(
        quarantine.dismiss(connection, scope.library.library_id, rows, by=user, why=wanted.why)
        for rows in _rows(wanted, scope, connection)
    )
    return _done(connection, scope, user, "dismiss", wanted, dismissed)


def _rows(wanted: Selection, scope: Scope, connection: Catalog) -> Iterator[list[Held]]:
    """What is chosen, read before it changes."""
    if wanted.pairs:
        return iter([quarantine_pages.named(connection, scope.library.library_id, wanted.pairs)])
    chosen = _below(wanted.filter, scope)
    return iter(list(quarantine_pages.every(connection, scope.library.library_id, chosen, most=MOST_AT_ONCE)))


def _done(connection: Catalog, scope: Scope, user: str, action: str, wanted: Selection, changed: int) -> dict[str, Any]:
    details = {**wanted.model_dump(exclude={"pairs"}, exclude_defaults=True), "outcomes": changed}
    if wanted.pairs:
        details["subjects"] = sorted({subject for subject, _ in wanted.pairs})
    audit.record(connection, by=user, action=action, library=scope.library.name, details=details)
    connection.commit()
    verb = {"release": "released: the next run tries them again", "dismiss": "dismissed"}[action]
    return {"changed": changed, "told": f"{changed} {verb}"}


def _below(chosen: Filter, scope: Scope) -> Filter:
    return quarantine_pages.below(chosen, scope.library.prefix)


def _is_chosen(chosen: Filter, step: str, reason: str) -> bool:
    return chosen.step in {"", step} and chosen.reason in {"", reason}


def _lines(parts: Iterator[list[Held]], prefix: str) -> Iterator[str]:
    yield _line(["key", "step", "reason", "detail", "attempts", "at", "camera", "bytes", "mime"])
    for rows in parts:
        for row in rows:
            key = row.key.removeprefix(prefix)
            values = [key, row.step, row.reason, row.detail, row.attempts, row.at.isoformat(), row.camera]
            yield _line([*values, row.size, row.mime])


def _line(values: list[Any]) -> str:
    """One line of CSV; text that a spreadsheet would take for a formula is quoted as text."""
    stream = io.StringIO()
    safe = [
        f"'{value}" if isinstance(value, str) and value[:1] in {*"=+-@\t\r"} and value else value for value in values
    ]
    csv.writer(stream).writerow(safe)
    return stream.getvalue()


def _dumped(data: bytes, at: int) -> str:
    """Sixteen bytes as a hexadecimal dump shows them."""
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return f"{at:04x}  {data.hex(' '):<47}  {text}"
