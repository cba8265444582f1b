"""`albumen new`: the files of a new step, memory kind or publisher, in this repository or in a package of its own."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from jinja2 import Environment, PackageLoader, StrictUndefined

from albumen.cli import new_table
from albumen.local.home import REPOSITORY

NAME = re.compile(r"[a-z][a-z0-9_]{1,29}")
Kind = Literal["step", "memory", "publisher"]

app = typer.Typer(help="Write a new step, memory kind or publisher, with its test.", no_args_is_help=True)


class NewError(Exception):
    """What was asked for cannot be written; nothing was."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where a kind of thing lives.

    Attributes
    ----------
    source, test :
        Folders of its file and its test, in this repository.
    registry, table :
        The file and the tuple of its registry line.
    entry_points :
        The group by which other packages bring theirs.
    suffix :
        Of the class's name.
    """

    source: str
    test: str
    registry: str
    table: str
    entry_points: str
    suffix: str


ROOMS: dict[Kind, Room] = {
    "step": Room("pipeline/steps", "unit/pipeline/steps", "pipeline/registry.py", "BUILT_IN", "albumen.steps", "Step"),
    "memory": Room("memories/kinds", "unit/memories", "memories/registry.py", "KINDS", "albumen.memories", "Memory"),
    "publisher": Room(
        "memories/publishers", "unit/memories", "memories/registry.py", "PUBLISHERS", "albumen.publishers", "Publisher"
    ),
}

NAME_ARGUMENT = typer.Argument(help="Such as `sharp_corners`: lower case, digits and underscores.")
PACKAGE_OPTION = typer.Option("--package", help="Write an installable package into this folder instead.")
REPOSITORY_OPTION = typer.Option("--repository", help="The checkout to write into.", hidden=True)


@app.command()
def step(
    name: Annotated[str, NAME_ARGUMENT],
    table: Annotated[bool, typer.Option("--table", help="Keep rows in a table of its own; else a rendition.")] = False,
    column: Annotated[
        list[str] | None,
        typer.Option(help=f"`name:type` of the table, repeatable; types: {', '.join(new_table.TYPES)}; `?` for null."),
    ] = None,
    package: Annotated[Path | None, PACKAGE_OPTION] = None,
    repository: Annotated[Path, REPOSITORY_OPTION] = REPOSITORY,
) -> None:
    """Write a step that reads the preview: its file, its test, its registry line, and a table if asked for."""
    columns: list[new_table.Column] = []
    try:
        if table or column:
            columns = [new_table.column(each) for each in column or ["score:float"]]
        if columns and package:
            raise NewError("--table needs this repository's migrations; a package's step keeps renditions")
        _write("step", name, package, repository, columns)
    except (NewError, new_table.TableError) as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def memory(
    name: Annotated[str, NAME_ARGUMENT],
    package: Annotated[Path | None, PACKAGE_OPTION] = None,
    repository: Annotated[Path, REPOSITORY_OPTION] = REPOSITORY,
) -> None:
    """Write a kind of memory: its file, its test and its registry line."""
    _of_command("memory", name, package, repository)


@app.command()
def publisher(
    name: Annotated[str, NAME_ARGUMENT],
    package: Annotated[Path | None, PACKAGE_OPTION] = None,
    repository: Annotated[Path, REPOSITORY_OPTION] = REPOSITORY,
) -> None:
    """Write a publisher of memories: its file, its test and its registry line."""
    _of_command("publisher", name, package, repository)


def _of_command(kind: Kind, name: str, package: Path | None, repository: Path) -> None:
    try:
        _write(kind, name, package, repository, [])
    except NewError as error:
        raise typer.BadParameter(str(error)) from None


def _write(kind: Kind, name: str, package: Path | None, repository: Path, columns: list[new_table.Column]) -> None:
    """Make all texts first, then write: a refusal leaves nothing half done."""
    _check(kind, name)
    room = ROOMS[kind]
    values: dict[str, Any] = {
        "kind": kind,
        "name": name,
        "words": name.replace("_", " "),
        "class_name": "".join(part.capitalize() for part in name.split("_")).removesuffix(room.suffix) + room.suffix,
        "entry_points": room.entry_points,
        "columns": columns,
        "keeps": new_table.keeps(name) if columns else None,
    }
    texts = _package(kind, package, values) if package else _in_tree(kind, repository, values)
    for path, text in texts.items():
        is_new = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        typer.echo(f"{'new    ' if is_new else 'changed'}  {path}")


def _check(kind: Kind, name: str) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or "__" in name or name.endswith("_"):
        raise NewError(f"{name!r} is no name: 2 to 30 of a-z, 0-9 and single underscores, beginning with a letter")
    if name in _taken(kind):
        raise NewError(f"there is a {kind} called {name!r} already; there are: {', '.join(_taken(kind))}")


def _taken(kind: Kind) -> list[str]:
    if kind == "step":
        from albumen.pipeline import registry

        return list(registry.steps())
    from albumen.memories.registry import memory_kinds, publisher_names
    from albumen.settings import Settings

    settings = Settings().memories
    return list(memory_kinds(settings)) if kind == "memory" else publisher_names(settings)


def _in_tree(kind: Kind, repository: Path, values: dict[str, Any]) -> dict[Path, str]:
    room, name = ROOMS[kind], values["name"]
    source = repository / "include" / "albumen"
    if not (source / room.registry).is_file():
        raise NewError(f"{repository} is no checkout of Albumen: use --package DIR")
    module = f"albumen.{room.source.replace('/', '.')}.{name}"
    values |= {"module": module}
    texts = {
        source / room.source / f"{name}.py": _rendered(f"{kind}.py", values),
        repository / "tests" / room.test / f"test_{name}.py": _rendered(f"test_{kind}.py", values),
    }
    if there := [path for path in texts if path.exists()]:
        raise NewError(f"{there[0]} exists already")
    line = f'    "{module}:{values["class_name"]}",\n'
    registry = source / room.registry
    texts[registry] = _registered(registry.read_text(encoding="utf-8"), room.table, line)
    if values["columns"]:
        texts |= new_table.texts(repository, name, values["columns"], _rendered)
    return texts


def _registered(text: str, table: str, line: str) -> str:
    """The registry with one more line at the end of a tuple, which may stand on one line."""
    found = re.search(rf"^{table} = \((.*?)\)$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise NewError(f"the registry has no tuple {table}")
    before = found.group(1)
    if not before.startswith("\n"):
        before = f"\n    {before.strip().rstrip(',')},\n"
    return f"{text[: found.start(1)]}{before}{line}{text[found.end(1) :]}"


def _package(kind: Kind, folder: Path, values: dict[str, Any]) -> dict[Path, str]:
    if folder.exists() and any(folder.iterdir()):
        raise NewError(f"{folder} is not empty")
    package = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    if not NAME.fullmatch(package) or package == "albumen":
        raise NewError(f"{folder.name!r} cannot name a package: begin with a letter, and not `albumen`")
    values |= {"package": package, "module": f"{package}.{values['name']}"}
    return {
        folder / "pyproject.toml": _rendered("package/pyproject.toml", values),
        folder / package / "__init__.py": _rendered("package/__init__.py", values),
        folder / package / "py.typed": "",
        folder / package / f"{values['name']}.py": _rendered(f"{kind}.py", values),
        folder / "tests" / "conftest.py": _rendered("package/conftest.py", values),
        folder / "tests" / f"test_{values['name']}.py": _rendered(f"test_{kind}.py", values),
    }


def _rendered(template: str, values: dict[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("albumen.cli", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - what is written is Python
    )
    return environment.get_template(f"{template}.jinja").render(values)
