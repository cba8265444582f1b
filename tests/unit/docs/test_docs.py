"""The documents say only what is there: pages, links, commands, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from albumen.cli import app, docs_dags, docs_settings
from albumen.cli.docs import pages
from albumen.local.home import REPOSITORY
from albumen.settings import Settings

DOCUMENTS = sorted(
    path
    for path in (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("deploy/**/*.md"))
    if path.is_file()
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\./albumen((?:[ ]+[^\s`|;&#>]+)*)")
VARIABLE = re.compile(r"ALBUMEN_[A-Z0-9_]*[A-Z0-9]")
# Names beside the settings, each with the file that reads it.
OTHER_VARIABLES = {
    "ALBUMEN_HOME": "include/albumen/local/home.py",
    "ALBUMEN_PYTHON": "albumen",
    "ALBUMEN_CATALOG_URL": "include/albumen/catalog/migrate.py",
    "ALBUMEN_PORT": "docker-compose.yaml",
    "ALBUMEN_SLOTS": "docker-compose.yaml",
    "ALBUMEN_OTEL": "docker-compose.yaml",
    "ALBUMEN_GRAFANA_PORT": "docker-compose.yaml",
    "ALBUMEN_STORM_FILES": "tests/e2e/test_storms.py",
    "ALBUMEN_CLUSTER_FILES": "tests/e2e/test_cluster.py",
}


def named(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@pytest.fixture(params=DOCUMENTS, ids=named)
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def commands(text: str) -> Iterator[list[str]]:
    for found in COMMAND.finditer(text):
        words = re.sub(r'"[^"]*"', "WORD", found.group(1)).split()
        yield [word.rstrip(".,:)") for word in words]


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The verb that the words begin with, and the words left over."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"no verb {rest[0]!r}"
        command = command.commands[rest.pop(0)]
    return command, rest


def test_the_generated_pages_are_what_the_code_says() -> None:
    for path, now, page in pages(REPOSITORY):
        assert now == page, f"{named(path)} is stale: run `./albumen docs`"


def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (document.parent / file).resolve() if file else document
        assert there.exists(), f"{named(document)} links to {target}"
        if anchor:
            assert anchor in anchors(there), f"{named(document)} links to {target}"


def test_every_command_that_is_named_exists_with_its_options(document: Path) -> None:
    for words in commands(document.read_text(encoding="utf-8")):
        command, rest = command_of(words)
        known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
        for word in rest:
            if word.startswith("-"):
                assert word in known | {"--help"}, f"{named(document)}: ./albumen {' '.join(words)}"


def test_every_variable_that_is_named_is_read(document: Path) -> None:
    settings = set(VARIABLE.findall(docs_settings.page())) - OTHER_VARIABLES.keys()
    for variable in VARIABLE.findall(document.read_text(encoding="utf-8")):
        assert variable in settings | OTHER_VARIABLES.keys(), f"{named(document)} names {variable}"


def test_every_setting_is_on_its_page() -> None:
    page = docs_settings.page()
    for name, field in Settings.model_fields.items():
        below = getattr(field.annotation, "model_fields", None)
        names = [f"{name}__{key}" for key in below] if below else [name]
        for each in names:
            assert f"| `ALBUMEN_{each.upper()}` |" in page


def test_variables_that_are_no_settings_are_read_where_it_is_said() -> None:
    for variable, reader in OTHER_VARIABLES.items():
        assert variable in (REPOSITORY / reader).read_text(encoding="utf-8")


def test_no_document_names_a_place_on_somebodys_machine(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(work|root|home|farm|tmp|Users)/", text)
    assert set(re.findall(r"https?://([^/:\s)]+)", text)) <= {"127.0.0.1"}


def test_every_dag_file_has_its_chapter() -> None:
    page = docs_dags.page(REPOSITORY)
    for path in (REPOSITORY / "dags").glob("*.py"):
        assert f"\n## {path.stem}\n" in page


def test_a_dag_file_without_a_dag_is_told(tmp_path: Path) -> None:
    file = tmp_path / "empty.py"
    file.write_text('"""Nothing."""\n')
    with pytest.raises(ValueError, match=r"empty\.py"):
        docs_dags.read(file, {})


def test_a_stale_page_is_told_with_the_lines_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    path = REPOSITORY / "docs" / "settings.md"
    monkeypatch.setattr("albumen.cli.docs.pages", lambda _: iter([(path, "# Settings\nold\n", "# Settings\nnew\n")]))
    outcome = CliRunner().invoke(app, ["docs", "--check"])
    assert outcome.exit_code == 1
    assert "docs/settings.md is stale" in outcome.output
    assert "-old\n+new" in outcome.output


def test_fresh_pages_pass_the_check() -> None:
    outcome = CliRunner().invoke(app, ["docs", "--check"])
    assert outcome.exit_code == 0, outcome.output
