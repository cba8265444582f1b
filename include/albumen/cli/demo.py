"""`albumen demo`: everything at once, on the sample library or your own photos."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Annotated

import typer

from albumen.catalog import libraries, status
from albumen.catalog.libraries import Library
from albumen.cli import demo_progress, demo_summary
from albumen.cli.demo_source import Source, source_of
from albumen.cli.library import fetch_weights
from albumen.cli.session import Session, fail
from albumen.local.airflow_api import AirflowApi
from albumen.local.stack import Stack
from albumen.local.uploading import upload_folder
from albumen.memories import generating
from albumen.pipeline import backfilling

DAGS = (
    "ingest_originals",
    "transcode_originals",
    "transcode_videos",
    "enrich_items",
    "organise_libraries",
    "generate_memories",
)
BY_HAND = ("backfill_step",)
RUN_SECONDS = 600.0


def demo(
    source: Annotated[str, typer.Argument(help="A folder, or s3://bucket/prefix; none: the sample library.")] = "",
    library: Annotated[str, typer.Option("--library", "-l", help="Name of the library.")] = "demo",
    faces: Annotated[bool, typer.Option("--faces", help="The owner consents to face recognition.")] = False,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day to tell of.")] = None,
    zone: Annotated[str, typer.Option(help="Home time zone of a new library.")] = "",
) -> None:
    """Set everything up, run the main job to its end, show what came out, and leave the stack up."""
    begun = time.monotonic()
    session = Session.of_environment()
    stack = Stack(session.home)
    stack.up(typer.echo)
    chosen = source_of(session, source, library=library, as_of=as_of.date() if as_of else None)
    made = _library(session, chosen, library, faces=faces, zone=zone)
    if made.consents:
        fetch_weights(session)
    _upload(session, chosen, made)
    with session.api() as api:
        for dag_id in (*DAGS, *BY_HAND):
            api.unpause(dag_id)
        started = time.monotonic()
        _run(api, "ingest_originals", {"full": True, "library": made.name})
        demo_progress.watch(session, made)
        seconds = time.monotonic() - started
        day = _tell(session, api, made, chosen)
    terminal = demo_summary.show(session, made, day=day, wanted=chosen.as_of, seconds=seconds, begun=begun)
    raise typer.Exit(0 if terminal else 1)


def _library(session: Session, chosen: Source, name: str, *, faces: bool, zone: str) -> Library:
    """The demo's library, made at the first call."""
    consents = ("faces",) if faces or chosen.consents else ()
    with session.connect() as connection:
        known = {library.name: library for library in libraries.everyone(connection)}
        if name not in known:
            try:
                known[name] = libraries.create(
                    connection,
                    name=name,
                    bucket=chosen.bucket,
                    prefix=chosen.prefix,
                    home_zone=zone or chosen.home_zone,
                    consents=consents,
                    library_bucket=session.settings.library_bucket,
                )
            except libraries.LibraryError as error:
                fail(str(error))
        elif faces and not known[name].consents:
            before = known[name]
            known[name] = libraries.change(connection, name, {"consents": ["faces"]})
            backfilling.start_for_policies(connection, known[name], before, session.settings)
        connection.commit()
    return known[name]


def _upload(session: Session, chosen: Source, made: Library) -> None:
    folder = chosen.folder()
    if folder is None:
        return
    uploaded = upload_folder(
        session.store, folder, bucket=made.bucket, prefix=made.prefix, progress=demo_progress.uploading
    )
    typer.echo(f"\n{uploaded.sent} files uploaded, {uploaded.present} already there")
    for name, reason in uploaded.refused.items():
        typer.echo(f"not uploaded: {name}: {reason}", err=True)
    if uploaded.refused:
        fail(f"{len(uploaded.refused)} files could not be uploaded")


def _run(api: AirflowApi, dag_id: str, conf: dict[str, object]) -> None:
    run_id = api.trigger(dag_id, conf)
    if api.wait(dag_id, run_id, RUN_SECONDS) != "success":
        fail(f"{dag_id} failed: see its log in the Airflow UI, run {run_id}")


def _tell(session: Session, api: AirflowApi, made: Library, chosen: Source) -> date | None:
    """Make the memory of the wanted day, or of the nearest that has one."""
    with session.connect() as connection:
        if not status.is_settled(connection, made.library_id):
            return None
        seed = made.library_id
        day = generating.day_with_story(connection, made, chosen.as_of, session.settings, seed=seed)
    if day is not None:
        _run(api, "generate_memories", {"library": made.name, "as_of": day.isoformat()})
    return day
