"""Imports point one way: read from the source, so that imports inside functions count too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

FLOOR = {"settings"}
STORES = {"catalog", "storage"}
DOMAIN = {"media", "vision", "organise", "memories"}
BELOW = FLOOR | STORES | DOMAIN | {"pipeline"}

MAY_IMPORT: dict[str, set[str]] = {
    "settings": set(),
    "storage": FLOOR,
    "catalog": FLOOR | {"storage"},
    **dict.fromkeys(sorted(DOMAIN), FLOOR | STORES),
    # Films are encoded and clips decoded as all videos are.
    "memories": FLOOR | STORES | {"media"},
    "pipeline": FLOOR | STORES | DOMAIN,
    "airflow": BELOW,
    "local": BELOW,
    "cli": BELOW | {"local"},
    "testing": BELOW | {"local", "cli"},
    "console": BELOW | {"airflow"},
    "dags": {"airflow"},
    "plugins": {"console", "airflow"},
}
"""Room → the rooms it may import, besides itself."""

FOR_EVERYONE = {"albumen.pipeline.taxonomy"}
"""Imports nothing of ours; media and vision raise its faults."""

MAY_IMPORT_AIRFLOW = {"airflow", "dags", "plugins", "console"}


@dataclass(frozen=True)
class Import:
    """One import statement's module, as it would be named absolutely."""

    file: str
    line: int
    room: str
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def _files() -> Iterator[tuple[Path, str, str]]:
    """Every source file with its room and the package it lies in."""
    package = REPOSITORY / "include" / "albumen"
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        yield path, parts[0] if parts != ("__init__",) else "settings", ".".join(("albumen", *parts[:-1]))
    for room in ("dags", "plugins"):
        for path in sorted((REPOSITORY / room).rglob("*.py")):
            yield path, room, ""


def _imports() -> list[Import]:
    found = []
    for path, room, package in _files():
        file = str(path.relative_to(REPOSITORY))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
                base = ".".join([*parents, *filter(None, [node.module])])
                modules = [f"{base}.{alias.name}" for alias in node.names] if base == "albumen" else [base]
                modules += [f"{base}.{alias.name}" for alias in node.names if f"{base}.{alias.name}" in FOR_EVERYONE]
            else:
                continue
            found += [Import(file, node.lineno, room, module) for module in modules]
    return found


IMPORTS = _imports()


def _room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "albumen" and len(parts) > 1 else None


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room for _, room, _ in _files()} <= set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room}
    wrong = [
        str(one)
        for one in IMPORTS
        if one.room == room and _room_of(one.module) not in {None, *allowed} and one.module not in FOR_EVERYONE
    ]
    assert not wrong


def test_what_everyone_may_import_imports_nothing_of_ours() -> None:
    files = {f"include/{module.replace('.', '/')}.py" for module in FOR_EVERYONE}
    assert not [str(one) for one in IMPORTS if one.file in files and _room_of(one.module)]


def test_the_order_has_no_circle() -> None:
    rest = dict(MAY_IMPORT)
    while free := [room for room, below in rest.items() if not below & set(rest)]:
        for room in free:
            del rest[room]
    assert not rest


def test_only_the_rooms_that_live_in_airflow_import_it() -> None:
    inside = [one for one in IMPORTS if one.module.split(".")[0] == "airflow"]
    assert inside
    assert not [str(one) for one in inside if one.room not in MAY_IMPORT_AIRFLOW]


def test_nothing_imports_a_deprecated_place_of_airflow() -> None:
    deprecated = ("airflow.decorators", "airflow.hooks.base", "airflow.models", "airflow.utils", "airflow.exceptions")
    assert not [str(one) for one in IMPORTS if f"{one.module}.".startswith(tuple(f"{old}." for old in deprecated))]


def test_packages_are_imported_by_their_full_names() -> None:
    relative = [
        f"{path.name}:{node.lineno}"
        for path, _, _ in _files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


def test_no_drawer_for_odds_and_ends() -> None:
    names = {path.stem for path, _, _ in _files()} | {path.parent.name for path, _, _ in _files()}
    assert not names & {"common", "helpers", "misc", "util", "utils"}
