"""The `albumen` command: one file per verb, the same verbs for people and CI."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from albumen.cli.lazy import LazyCommands, Verb

VERBS = {
    "demo": Verb("albumen.cli.demo:demo"),
    "up": Verb("albumen.cli.up:up"),
    "status": Verb("albumen.cli.status:status"),
    "add": Verb("albumen.cli.add:add"),
    "library": Verb("albumen.cli.library:app"),
    "export": Verb("albumen.cli.export:export"),
    "sidecars": Verb("albumen.cli.sidecars:sidecars"),
    "quarantine": Verb("albumen.cli.quarantine:app"),
    "step": Verb("albumen.cli.step:app"),
    "cost": Verb("albumen.cli.cost:cost"),
    "capacity": Verb("albumen.cli.capacity:capacity"),
    "metrics": Verb("albumen.cli.metrics:metrics"),
    "why": Verb("albumen.cli.why:why"),
    "search": Verb("albumen.cli.search:search"),
    "clocks": Verb("albumen.cli.clocks:app"),
    "duplicates": Verb("albumen.cli.duplicates:app"),
    "people": Verb("albumen.cli.people:app"),
    "memories": Verb("albumen.cli.memories:app"),
    "renditions": Verb("albumen.cli.renditions:app"),
    "erase": Verb("albumen.cli.erase:app"),
    "maintain": Verb("albumen.cli.maintain:app"),
    "backup": Verb("albumen.cli.backup:app"),
    "down": Verb("albumen.cli.down:down"),
    "doctor": Verb("albumen.cli.doctor:doctor"),
    "new": Verb("albumen.cli.new:app"),
    "try": Verb("albumen.cli.try_step:try_step"),
    "test": Verb("albumen.cli.test:run_checks", {"allow_extra_args": True, "ignore_unknown_options": True}),
    "models": Verb("albumen.cli.models:app"),
    "serve": Verb("albumen.cli.serve:serve"),
    "bench": Verb("albumen.cli.bench:app"),
    "docs": Verb("albumen.cli.docs:docs"),
}

SURROUNDINGS = (
    "albumen.local.processes:StackError",
    "albumen.local.airflow_api:AirflowApiError",
    "albumen.local.sample.fault:SampleError",
    "albumen.pipeline.sandbox_process:SandboxError",
    "albumen.storage.object_store:StorageError",
    "albumen.vision.manifest:WeightsError",
)
"""Faults that are told in words; by name, since a verb that cannot raise them need not import them."""


class VerbGroup(TyperGroup):
    """The verbs, each imported when it is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LazyCommands(VERBS, self.commands)


app = typer.Typer(
    name="albumen",
    cls=VerbGroup,
    help="Turns a bucket of photos and videos into a library worth reliving.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def verbs() -> None:
    """Turns a bucket of photos and videos into a library worth reliving."""


def main() -> None:
    """Run the command line; a fault of the surroundings is told in words, without a trace."""
    # Typer's own traces come from an exception hook, which what is raised again here still reaches.
    try:
        app(prog_name="albumen")
    except Exception as error:
        if not any(_reference(kind) in SURROUNDINGS for kind in type(error).__mro__):
            raise
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


def _reference(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"
