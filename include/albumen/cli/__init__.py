"""The `albumen` command: one file per verb, the same verbs for people and CI."""

from __future__ import annotations

import sys

import typer

from albumen.cli import (
    add,
    bench,
    demo,
    docs,
    doctor,
    down,
    export,
    library,
    memories,
    models,
    quarantine,
    status,
    test,
    up,
    why,
)
from albumen.local.airflow_api import AirflowApiError
from albumen.local.processes import StackError
from albumen.local.sample import SampleError
from albumen.storage.object_store import StorageError
from albumen.vision.weights import WeightsError

app = typer.Typer(
    name="albumen",
    help="Turns a bucket of photos and videos into a library worth reliving.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command()(demo.demo)
app.command()(up.up)
app.command()(status.status)
app.command()(add.add)
app.add_typer(library.app, name="library")
app.command()(export.export)
app.add_typer(quarantine.app, name="quarantine")
app.command()(why.why)
app.add_typer(memories.app, name="memories")
app.command()(down.down)
app.command()(doctor.doctor)
app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(test.run_checks)
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")
app.command()(docs.docs)


def main() -> None:
    """Run the command line; a fault of the surroundings is told in words, without a trace."""
    try:
        app(prog_name="albumen")
    except (StackError, AirflowApiError, StorageError, SampleError, WeightsError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
