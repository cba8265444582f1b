"""`albumen doctor`: what is well, what is not, and what to do about it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import typer

from albumen.local.home import REPOSITORY
from albumen.local.machine import cores
from albumen.local.postgres import catalog_url, unclaimed_folders
from albumen.local.stack import Stack

GIB = 1024**3


class Verdict(StrEnum):
    """How one check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One line of the report; `fix` says what to do where the verdict is not ok."""

    verdict: Verdict
    subject: str
    detail: str
    fix: str = ""


def doctor() -> None:
    """Check the machine, the environment and the running stack; exit with 1 when something fails."""
    stack = Stack()
    failed = False
    on_the_machine = (machine, environment, programs, weights)
    of_the_stack = (stack_parts, catalog_schema, stopped_steps, neighbours, leftovers)
    for check in on_the_machine + of_the_stack:
        for finding in check(stack):
            failed = failed or finding.verdict is Verdict.FAIL
            fix = f"  → {finding.fix}" if finding.fix else ""
            typer.echo(f"{finding.verdict:<5} {finding.subject:<12} {finding.detail}{fix}")
    if failed:
        raise typer.Exit(1)


def at_least(subject: str, have: float, fail_below: float, warn_below: float, detail: str, fix: str) -> Finding:
    """A finding about an amount."""
    verdict = Verdict.FAIL if have < fail_below else Verdict.WARN if have < warn_below else Verdict.OK
    return Finding(verdict, subject, detail, "" if verdict is Verdict.OK else fix)


def machine(stack: Stack) -> Iterator[Finding]:
    """Processors, memory, disk."""
    processors = cores()
    yield at_least("processors", processors, 1, 2, str(processors), "two are the least for comfort")
    memory = available_memory(Path("/proc/meminfo").read_text(encoding="ascii")) / GIB
    yield at_least("memory", memory, 1, 3, f"{memory:.1f} GiB available", "the stack takes about 2 GiB")
    folder = next(path for path in (stack.home.root, *stack.home.root.parents) if path.exists())
    disk = shutil.disk_usage(folder).free / GIB
    yield at_least("disk", disk, 1, 5, f"{disk:.1f} GiB free for {stack.home.root}", "free some, or set ALBUMEN_HOME")


def available_memory(meminfo: str) -> int:
    """Bytes that new programs can get, from the kernel's report."""
    for line in meminfo.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def environment(_stack: Stack) -> Iterator[Finding]:
    """Python and the virtual environment."""
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Finding(
        Verdict.OK if good else Verdict.FAIL, "python", version, "" if good else "use Python 3.11, 3.12 or 3.13"
    )
    if Path(sys.prefix) == REPOSITORY / ".venv":
        yield Finding(Verdict.OK, "environment", sys.prefix)
    else:
        yield Finding(Verdict.WARN, "environment", f"{sys.prefix} is not this repository's", "run ./albumen")


def programs(_stack: Stack) -> Iterator[Finding]:
    """Programs outside of the Python environment."""
    exiftool = shutil.which("exiftool")
    if exiftool:
        yield Finding(Verdict.OK, "exiftool", exiftool)
    else:
        fix = "apt-get install libimage-exiftool-perl"
        yield Finding(Verdict.WARN, "exiftool", "missing; only tests compare with it", fix)


def weights(_stack: Stack) -> Iterator[Finding]:
    """Weights of the models."""
    if importlib.util.find_spec("albumen.vision.weights") is None:
        return
    from albumen.settings import Settings
    from albumen.vision.weights import FETCH_COMMAND, WeightsState, states

    directory = Path(Settings().models.directory).expanduser()
    found = states(directory)
    absent = [f"{name} is {state}" for name, state in found.items() if state is not WeightsState.PRESENT]
    if absent:
        yield Finding(Verdict.WARN, "weights", ", ".join(absent), FETCH_COMMAND)
    else:
        yield Finding(Verdict.OK, "weights", f"{len(found)} models in {directory}")


def stack_parts(stack: Stack) -> Iterator[Finding]:
    """PostgreSQL, the object store and Airflow."""
    if not stack.home.exists:
        yield Finding(Verdict.WARN, "stack", f"none in {stack.home.root}", "./albumen up")
        return
    ports = stack.home.ports if (stack.home.root / "ports.json").exists() else {}
    yield Finding(Verdict.OK, "ports", ", ".join(f"{name} {port}" for name, port in ports.items()))
    parts: dict[str, tuple[bool, Callable[[], str | None]]] = {
        "postgres": (stack.postgres.running, stack.postgres.health),
        "seaweed": (stack.seaweed.running, stack.seaweed.health),
        "airflow": (stack.airflow.running, stack.airflow.health),
    }
    if not any(running for running, _ in parts.values()):
        yield Finding(Verdict.WARN, "stack", f"down ({stack.home.root})", "./albumen up")
        return
    for name, (running, health) in parts.items():
        reason = health() if running else "not all of its processes run"
        if reason is None:
            yield Finding(Verdict.OK, name, address(stack, name))
        else:
            yield Finding(Verdict.FAIL, name, reason, f"./albumen up; logs in {stack.home.logs}")


def address(stack: Stack, part: str) -> str:
    """Where a part is reached, and where its data is if that is not in the home."""
    if part == "airflow":
        return stack.home.airflow_url
    if part == "seaweed":
        return f"http://127.0.0.1:{stack.home.ports['s3']}"
    placement = stack.postgres.placement
    data = f", data in {placement.data} since its account cannot reach the home" if placement.outside_home else ""
    account = f", account {placement.account.name}" if placement.account else ""
    return f"127.0.0.1:{stack.home.ports['postgres']}{account}{data}"


def catalog_schema(stack: Stack) -> Iterator[Finding]:
    """Whether the catalog's schema is the code's."""
    if not stack.home.exists or not stack.postgres.running:
        return
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    from albumen.catalog import migrate

    engine = create_engine(catalog_url(stack.home))
    try:
        with engine.connect() as connection:
            revision = migrate.current(connection)
    except SQLAlchemyError as error:
        yield Finding(Verdict.FAIL, "catalog", str(error).splitlines()[0], "./albumen up")
        return
    finally:
        engine.dispose()
    if revision == migrate.head():
        yield Finding(Verdict.OK, "catalog", f"schema {revision}")
    else:
        yield Finding(Verdict.FAIL, "catalog", f"schema {revision}, the code's is {migrate.head()}", "./albumen up")


def stopped_steps(stack: Stack) -> Iterator[Finding]:
    """Steps that nobody works on, since their breaker or a person stopped them."""
    if not stack.home.exists or not stack.postgres.running:
        return
    from sqlalchemy.exc import SQLAlchemyError

    from albumen.catalog import engine, step_pauses

    try:
        with engine.connect(catalog_url(stack.home)) as connection:
            stopped = step_pauses.everyone(connection)
    except SQLAlchemyError:
        return  # the catalog's own finding tells it
    for name, pause in stopped.items():
        verdict = Verdict.FAIL if pause.breaker else Verdict.WARN
        yield Finding(verdict, f"step {name}", str(pause), f"mend the cause, then ./albumen step resume {name}")


def neighbours(stack: Stack) -> Iterator[Finding]:
    """Whether a search among the pictures' points finds the point that it is asked for."""
    if not stack.home.exists or not stack.postgres.running:
        return
    from sqlalchemy.exc import SQLAlchemyError

    from albumen.catalog import embeddings, engine, models_in_use

    try:
        with engine.connect(catalog_url(stack.home)) as connection:
            found = {
                model_id: embeddings.finds_itself(connection, model_id)
                for model_id in models_in_use.model_ids(connection).values()
            }
    except SQLAlchemyError:
        return  # the catalog's own finding tells it
    for model_id, finds in found.items():
        if finds is False:
            fix = f"REINDEX the index of {model_id} on the table embeddings"
            yield Finding(Verdict.FAIL, "neighbours", f"a point of {model_id} is not nearest to itself", fix)
        elif finds:
            yield Finding(Verdict.OK, "neighbours", f"points of {model_id} are found")


def leftovers(_stack: Stack) -> Iterator[Finding]:
    """Data outside of homes whose home is gone."""
    for folder in unclaimed_folders():
        yield Finding(Verdict.WARN, "leftover", f"{folder} belongs to no home any more", f"rm -r {folder}")
