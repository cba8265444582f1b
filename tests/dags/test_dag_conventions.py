"""What every file in dags/ has in common; the files are found, not listed."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from albumen.local.airflow import pools

LINES = 120
PARTS = ("What", "When", "Reads", "Writes", "Safe to re-run", "When it fails")
POOLS = {*pools(2), "default_pool"}

HEAVY = ("PIL.Image", "av", "cv2", "numpy", "onnxruntime", "pillow_heif", "simplejpeg")
CATALOG_DRIVERS = ("asyncpg", "psycopg", "psycopg2")
NEW_MODULES = 600
"""About 450 come with the S3 hook, the AWS SDK and our own rooms; one stray library brings hundreds."""

PARSE = """
import json, os, runpy, sys
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag

before = set(sys.modules)
OUTSIDE = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "sqlite3.connect")

def no_outside(event, arguments):
    if event in OUTSIDE:
        raise RuntimeError(f"{event} {arguments[-1]!r} while a DAG file is parsed")

for file in sys.argv[1:]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        sys.addaudithook(no_outside)
        try:
            runpy.run_path(file)
            answer = {"new": sorted(set(sys.modules) - before)}
        except BaseException as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        with os.fdopen(write, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        print(json.dumps([file, json.load(pipe)]))
    os.waitpid(child, 0)
"""
"""Each file in a fork of a process that has Airflow loaded, as the DAG processor does it."""


BAD_MANNERS = {
    "connects.py": "import socket; socket.create_connection(('127.0.0.1', 9))",
    "looks_up.py": "import socket; socket.getaddrinfo('albumen.example', 80)",
    "opens_a_database.py": "import sqlite3; sqlite3.connect(':memory:')",
}


@pytest.fixture(scope="session")
def parsed(bags: dict[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Per file name: the modules that parsing it imports, or the error; among them files with bad manners."""
    folder = tmp_path_factory.mktemp("dags")
    for name, text in BAD_MANNERS.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-c", PARSE, *map(str, [*bags, *folder.iterdir()])]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    answers = dict(json.loads(line) for line in result.stdout.splitlines() if line.startswith("["))
    return {Path(path).name: answer for path, answer in answers.items()}


def test_there_are_dags(every_dag: list[Any]) -> None:
    assert every_dag


def test_the_file_is_imported_without_an_error(file: Path, bags: dict[Path, Any]) -> None:
    assert not bags[file].import_errors


def test_the_file_holds_one_dag_of_its_own_name(file: Path, bags: dict[Path, Any]) -> None:
    assert list(bags[file].dags) == [file.stem]


def test_the_file_is_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LINES


def test_the_docstring_is_the_documentation_and_answers_what_on_call_asks(file: Path, dag: Any) -> None:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")), clean=False)
    assert docstring
    assert dag.doc_md.strip() == docstring.strip()
    assert docstring.strip().startswith("### ")
    bold = " ".join(re.findall(r"\*\*([^*]+)\*\*", docstring)).lower()
    missing = [part for part in PARTS if part.lower() not in bold]
    assert not missing


def test_it_has_an_owner_and_tags(dag: Any) -> None:
    assert "albumen" in dag.tags
    assert len(dag.tags) >= 2
    assert {task.owner for task in dag.tasks} == {"albumen"}


def test_it_never_catches_up_and_bounds_its_runs(file: Path, dag: Any) -> None:
    assert dag.catchup is False
    stated = {keyword.arg for call in _calls(file, "DAG") for keyword in call.keywords}
    assert {"max_active_runs", "catchup"} <= stated
    if dag.schedule is not None:
        assert dag.max_active_runs == 1


def test_every_task_retries_by_a_policy_and_ends_in_time(dag: Any) -> None:
    for task in dag.tasks:
        assert task.retries >= 1, task.task_id
        assert _argument(task, "retry_policy") is not None, task.task_id
        assert task.execution_timeout is not None, task.task_id


def test_every_task_is_one_of_our_operators(dag: Any) -> None:
    for task in dag.tasks:
        operator = task.operator_class if task.is_mapped else type(task)
        assert operator.__module__.startswith("albumen.airflow."), task.task_id


def test_every_pool_exists(dag: Any) -> None:
    assert {task.pool for task in dag.tasks} <= POOLS


def test_every_mapped_task_states_its_pool(file: Path) -> None:
    for call in _calls(file, "partial"):
        assert "pool" in {keyword.arg for keyword in call.keywords}, ast.unparse(call)


def test_every_mapped_task_is_labelled_with_what_it_holds(dag: Any) -> None:
    for task in dag.tasks:
        if task.is_mapped:
            labels_itself = "label(context" in inspect.getsource(task.operator_class)
            assert _argument(task, "map_index_template") or labels_itself, task.task_id


def test_every_param_has_a_title_and_a_description(dag: Any) -> None:
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.description, name
        assert param.schema.get("title"), name
        assert param.schema.get("type"), name


def test_a_task_with_something_to_tell_tells_it_only_when_there_is_a_reason(dag: Any) -> None:
    from airflow.sdk import AssetAlias

    for task in dag.tasks:
        assert all(isinstance(outlet, AssetAlias) for outlet in task.outlets), task.task_id


def test_only_unmapped_tasks_speak_to_other_dags(dag: Any) -> None:
    for task in dag.tasks:
        assert not (task.is_mapped and task.outlets), f"{task.task_id}: one event for every mapped instance"


def test_every_alias_belongs_to_one_task(every_dag: list[Any]) -> None:
    aliases = [alias.name for dag in every_dag for task in dag.tasks for alias in task.outlets]
    assert len(aliases) == len(set(aliases))


def test_every_asset_that_wakes_a_dag_is_emitted_or_watched(every_dag: list[Any]) -> None:
    emitted = {asset.name for dag in every_dag for task in dag.tasks for asset in _given_assets(task)}
    for dag in every_dag:
        for asset in _scheduled_on(dag):
            assert asset.name in emitted or asset.watchers, f"nothing emits {asset.name}, which wakes {dag.dag_id}"


def test_a_dag_is_woken_by_any_of_its_assets_and_by_a_safety_schedule(dag: Any) -> None:
    from airflow.sdk import Asset, AssetAny, CronTriggerTimetable

    if _scheduled_on(dag):
        assert isinstance(dag.timetable.asset_condition, Asset | AssetAny)
        assert isinstance(dag.timetable.timetable, CronTriggerTimetable)


def test_parsing_the_file_touches_neither_network_nor_database(file: Path, parsed: dict[str, dict[str, Any]]) -> None:
    assert "error" not in parsed[file.name], parsed[file.name]["error"]
    assert not set(parsed[file.name]["new"]) & set(CATALOG_DRIVERS)


@pytest.mark.parametrize("name", BAD_MANNERS)
def test_a_file_that_does_would_be_noticed(name: str, parsed: dict[str, dict[str, Any]]) -> None:
    assert "while a DAG file is parsed" in parsed[name]["error"]


def test_parsing_the_file_is_cheap(file: Path, parsed: dict[str, dict[str, Any]]) -> None:
    new = parsed[file.name]["new"]
    assert not set(new) & set(HEAVY)
    assert len(new) <= NEW_MODULES


def _calls(file: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and name in {getattr(node.func, "id", None), getattr(node.func, "attr", None)}:
            yield node


def _argument(task: Any, name: str) -> Any:
    return task.partial_kwargs.get(name) if task.is_mapped else getattr(task, name, None)


def _scheduled_on(dag: Any) -> list[Any]:
    from airflow.sdk import Asset

    waiting, found = [dag.timetable.asset_condition], []
    while waiting:
        condition = waiting.pop()
        if isinstance(condition, Asset):
            found.append(condition)
        elif condition is not None:
            waiting += condition.objects
    return found


def _given_assets(task: Any) -> list[Any]:
    """The assets a task was given to emit: those among its operator's own arguments."""
    from airflow.sdk import Asset

    values = list(task.partial_kwargs.values()) if task.is_mapped else list(vars(task).values())
    values += [inner for value in values if isinstance(value, dict) for inner in value.values()]
    return [value for value in values if isinstance(value, Asset)]
