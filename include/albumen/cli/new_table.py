"""The table of a new step: its columns, its model, its migration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODELS = "include/albumen/catalog/models/findings.py"
MIGRATIONS = "include/albumen/catalog/migrations/versions"
REVISION = re.compile(r'^revision = "(\w+)"', re.MULTILINE)
DOWN_REVISION = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)
COLUMN = re.compile(r"([a-z][a-z0-9_]{0,39}):([a-z]+)(\??)")
KEY = ("library_id", "item_id")


class TableError(Exception):
    """The table cannot be written."""


@dataclass(frozen=True, slots=True)
class Type:
    """A column's type in Python, in the model, in SQL, and a value of it in a new step's first row."""

    python: str
    model: str
    sql: str
    sample: str


TYPES = {
    "float": Type("float", "REAL()", "FLOAT(24)", "0.0"),
    "int": Type("int", "Integer", "INTEGER", "0"),
    "text": Type("str", "", "TEXT", '""'),
    "bool": Type("bool", "", "BOOLEAN", "False"),
    "texts": Type("list[str]", "ARRAY(Text)", "TEXT[]", "[]"),
    "json": Type("dict[str, Any]", "", "JSONB", "{}"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    type: Type
    nullable: bool

    @property
    def model(self) -> str:
        """Its line in the model."""
        python = f"{self.type.python} | None" if self.nullable else self.type.python
        mapped = f" = mapped_column({self.type.model})" if self.type.model else ""
        return f"{self.name}: Mapped[{python}]{mapped}"

    @property
    def sql(self) -> str:
        """Its line in the migration."""
        return f"{self.name} {self.type.sql}{'' if self.nullable else ' NOT NULL'}"


def column(text: str) -> Column:
    """Read `name:type` or `name:type?`.

    Raises
    ------
    TableError
        With the types there are.
    """
    found = COLUMN.fullmatch(text)
    if found is None or found[2] not in TYPES or found[1] in KEY:
        raise TableError(f"{text!r} is no column: write name:type, with one of {', '.join(TYPES)}, `?` behind for null")
    return Column(found[1], TYPES[found[2]], bool(found[3]))


def keeps(name: str) -> str:
    """The table's name, which is the step's.

    Raises
    ------
    TableError
        If the catalog has such a table.
    """
    from albumen.catalog.models import Base

    if name in Base.metadata.tables:
        raise TableError(f"the catalog has a table {name!r} already; write the step without --table, or name it anew")
    return name


def texts(
    repository: Path, name: str, columns: Sequence[Column], rendered: Callable[[str, dict[str, Any]], str]
) -> Mapping[Path, str]:
    """The models with one more, and the migration behind the newest one."""
    if len({each.name for each in columns}) < len(columns):
        raise TableError("two columns have the same name")
    models = repository / MODELS
    revision, down_revision = _next(repository / MIGRATIONS)
    values = {
        "name": name,
        "words": name.replace("_", " "),
        "columns": columns,
        "model_name": "".join(part.capitalize() for part in name.split("_")) + "Row",
        "revision": revision,
        "down_revision": down_revision,
    }
    return {
        models: models.read_text(encoding="utf-8") + rendered("model.py", values),
        repository / MIGRATIONS / f"{revision}_{name}.py": rendered("migration.py", values),
    }


def _next(folder: Path) -> tuple[str, str]:
    """The number of a new revision, and the one before it."""
    sources = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]
    revisions = {found[1] for source in sources if (found := REVISION.search(source))}
    heads = revisions - {found[1] for source in sources if (found := DOWN_REVISION.search(source))}
    if len(heads) != 1 or not (head := heads.pop()).isdecimal():
        raise TableError(f"the migrations have no single newest number: {', '.join(sorted(revisions))}")
    return f"{int(head) + 1:04}", head
