"""`albumen why`: one file's whole story."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import quote

import typer

from albumen.catalog import export, ledger, step_pauses
from albumen.catalog.due import Lane
from albumen.cli.session import LIBRARY_OPTION, Session, fail


def why(key: str, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Tell what is known of one file and how: every step, attempt, reason, time, cost and run."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        story = ledger.of_key(connection, found, found.prefix + key)
        if story is None:
            fail(f"library {library} knows no file {key!r}")
        stopped = step_pauses.everyone(connection)
        record = next(export.records(connection, found, key=found.prefix + key), None)
    discovered, entries, pending = story
    if record is not None:
        reason = f" ({record['reason']})" if record["reason"] else ""
        typer.echo(f"{key}: {record['state']}{reason}")
        for field in ("detail", "kind", "mime", "sha256", "width", "height", "orientation", "duplicate_of"):
            if record[field] is not None:
                typer.echo(f"  {field:<12} {record[field]}")
        for field in ("taken", "gps", "camera", "refused"):
            if record[field]:
                typer.echo(f"  {field:<12} {json.dumps(record[field], ensure_ascii=False)}")
        for rendition in record["renditions"]:
            typer.echo(f"  {rendition['name']:<12} {rendition['width']} x {rendition['height']}  {rendition['key']}")
    else:
        typer.echo(f"{key}: vanished from the source")
    typer.echo(f"\n{discovered:%Y-%m-%d %H:%M:%S} UTC  found")
    for entry in entries:
        reason = f" ({entry.reason})" if entry.reason else ""
        typer.echo(
            f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.step} v{entry.version}: {entry.state}{reason}, "
            f"attempt {entry.attempts}, {entry.cpu_s:.3f} CPU s, {entry.wall_s:.3f} s, "
            f"read {entry.bytes_read}, wrote {entry.bytes_written} bytes"
        )
        if entry.detail:
            typer.echo(f"    {entry.detail}")
        typer.echo(f"    {_run_link(session, entry.task)}")
    for step in pending:
        doing = "being worked on" if step.shard_id else "due"
        typer.echo(
            f"now: {step.step} is {doing} in lane {Lane(step.lane).name.lower()} "
            f"since {step.due_since:%H:%M:%S}, not before {step.not_before:%H:%M:%S} UTC"
        )
        if step.step in stopped:
            typer.echo(f"    {step.step} is {stopped[step.step]}; `albumen step resume {step.step}` lets it go on")


def _run_link(session: Session, task: str) -> str:
    """Where the task's log is in the Airflow UI; run ids may hold slashes, so both ends are counted."""
    dag_id, rest = task.split("/", 1)
    run_id, task_id, slot, attempt = rest.rsplit("/", 3)
    path = f"/dags/{dag_id}/runs/{quote(run_id, safe='')}/tasks/{task_id}/mapped/{slot}?try_number={attempt}"
    return (session.home.airflow_url if session.home.exists else "") + path
