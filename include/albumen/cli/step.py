"""`albumen step`: what steps there are, stopping one, letting it go on."""

from __future__ import annotations

import getpass
import json
from typing import Annotated

import typer

from albumen.catalog import step_costs, step_pauses
from albumen.cli.session import Session, fail
from albumen.pipeline import registry

app = typer.Typer(help="List steps; stop one everywhere, and let it go on.", no_args_is_help=True)


@app.command("list")
def list_steps(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """List the steps with their pass, version, measured seconds an item, and who stopped which."""
    with Session.of_environment().connect() as connection:
        stopped = step_pauses.everyone(connection)
        seconds = step_costs.seconds(connection)
    if as_json:
        rows = [
            {
                "step": step.name,
                "pass": step.reads,
                "version": step.version,
                "seconds_per_item": seconds.get(step.name),
                "stopped": stopped[step.name].reason if step.name in stopped else None,
                "stopped_by": stopped[step.name].by if step.name in stopped else None,
                "sample": stopped[step.name].sample if step.name in stopped else None,
            }
            for step in registry.steps().values()
        ]
        typer.echo(json.dumps(rows))
        return
    for step in registry.steps().values():
        cost = f"{seconds[step.name]:.3f} s" if step.name in seconds else "-"
        typer.echo(f"{step.name:<14} {step.reads:<9} v{step.version:<4} {cost:>9}  {stopped.get(step.name, 'runs')}")
        sample = (stopped[step.name].sample or {}) if step.name in stopped else {}
        for fault in sample.get("faults", ()):
            typer.echo(f"    {fault['reason']}: {fault['detail'][:160]}")


@app.command()
def pause(
    name: str,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who find it stopped.")] = "no reason given",
) -> None:
    """Stop a step in all libraries: what is due stays due, a shard in work leaves the step alone within seconds."""
    _known(name)
    with Session.of_environment().connect() as connection:
        done = step_pauses.pause(connection, name, reason=reason, by=getpass.getuser())
        connection.commit()
    told = f"is stopped; `albumen step resume {name}` lets it go on" if done else "was stopped before"
    typer.echo(f"{name} {told}")


@app.command()
def resume(name: str) -> None:
    """Let a step go on; what its breaker held gets fresh attempts."""
    with Session.of_environment().connect() as connection:
        released = step_pauses.resume(connection, name)
        connection.commit()
    if released is None:
        _known(name)
        fail(f"{name} is not stopped")
    held = f"; {released} items that failed are tried again" if released else ""
    typer.echo(f"{name} goes on within seconds{held}")


def _known(name: str) -> None:
    if name not in registry.steps():
        fail(f"there is no step {name!r}; there are {', '.join(registry.steps())}", 2)
