"""`albumen new`: what it writes passes linter, formatter, types and its own test as it stands."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from albumen.local.home import REPOSITORY

pytestmark = pytest.mark.stack

STEPS = "include/albumen/pipeline/steps"


@pytest.fixture(scope="module")
def written(checkout):  # type: ignore[no-untyped-def]
    """A checkout with one of each kind, and the files that are new in it."""
    before = {path: path.read_bytes() for path in checkout.root.glob("[it]*/**/*.py")}
    checkout.albumen("new", "step", "tinted", "--repository", str(checkout.root))
    columns = [
        part
        for name in ("angle:float", "level:bool", "why:text?", "hints:texts", "raw:json")
        for part in ("--column", name)
    ]
    checkout.albumen("new", "step", "how_far_the_horizon_is_tilted", *columns, "--repository", str(checkout.root))
    checkout.albumen("new", "step", "counted", "--table", "--repository", str(checkout.root))
    checkout.albumen("new", "memory", "last_month", "--repository", str(checkout.root))
    checkout.albumen("new", "publisher", "wall_frame", "--repository", str(checkout.root))
    after = {path: path.read_bytes() for path in checkout.root.glob("[it]*/**/*.py")}
    return checkout, [str(path.relative_to(checkout.root)) for path in after if before.get(path) != after[path]]


def test_it_writes_files_and_one_line_in_the_registry(written) -> None:  # type: ignore[no-untyped-def]
    checkout, files = written
    newest = max(path.name for path in (REPOSITORY / "include/albumen/catalog/migrations/versions").glob("0*.py"))
    number = int(newest[:4])
    assert {
        f"{STEPS}/tinted.py",
        f"{STEPS}/how_far_the_horizon_is_tilted.py",
        "tests/unit/pipeline/steps/test_how_far_the_horizon_is_tilted.py",
        f"include/albumen/catalog/migrations/versions/{number + 1:04}_how_far_the_horizon_is_tilted.py",
        f"include/albumen/catalog/migrations/versions/{number + 2:04}_counted.py",
        "include/albumen/catalog/models/findings.py",
        "include/albumen/pipeline/registry.py",
        "include/albumen/memories/kinds/last_month.py",
        "include/albumen/memories/publishers/wall_frame.py",
        "include/albumen/memories/registry.py",
        "tests/unit/memories/test_wall_frame.py",
    } <= set(files)
    lines = (checkout.root / "include/albumen/pipeline/registry.py").read_text().splitlines()
    assert '    "albumen.pipeline.steps.how_far_the_horizon_is_tilted:HowFarTheHorizonIsTiltedStep",' in lines


def test_what_it_writes_passes_linter_formatter_and_types(written) -> None:  # type: ignore[no-untyped-def]
    checkout, files = written
    checkout.lint(*files)


def test_what_it_writes_passes_its_own_tests_and_those_of_the_schema(written) -> None:  # type: ignore[no-untyped-def]
    checkout, files = written
    tests = [file for file in files if file.startswith("tests/")]
    assert len(tests) == 5
    said = checkout.pytest("-q", *tests, "tests/integration/catalog/test_schema.py")
    assert re.search(r"\[100%\]|passed", said)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["step", "faces"], "there is a step called 'faces' already; there are: metadata, "),
        (["memory", "on_this_day"], "there is a memory called 'on_this_day' already"),
        (["publisher", "page"], "there is a publisher called 'page' already"),
        (["step", "Sharp-Corners"], "'Sharp-Corners' is no name"),
        (["step", "class"], "'class' is no name"),
        (["step", "faces_again", "--column", "angle:degrees"], "'angle:degrees' is no column"),
        (["step", "originals", "--table"], "the catalog has a table 'originals' already"),
        (["step", "likenesses", "--table", "--package", "elsewhere"], "--table needs this repository's migrations"),
        (["step", "sharp", "--repository", "nowhere"], "is no checkout of Albumen"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_writes_nothing(checkout, arguments, words) -> None:  # type: ignore[no-untyped-def]
    before = sorted(checkout.root.glob("include/**/*.py"))
    where = [] if {"--repository", "--package"} & set(arguments) else ["--repository", str(checkout.root)]
    refused = checkout.run(checkout.python, "-P", "-m", "albumen.cli", "new", *arguments, *where)
    assert refused.returncode == 2
    said = " ".join(re.sub(r"[│╭╮╰╯─]", " ", refused.stderr).split())
    assert words in said
    assert sorted(checkout.root.glob("include/**/*.py")) == before


@pytest.mark.parametrize("kind", ["step", "memory", "publisher"])
def test_a_package_of_ones_own_is_installed_and_passes_its_tests(checkout, tmp_path: Path, kind: str) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / f"our-{kind}"
    checkout.albumen("new", kind, f"own_{kind}", "--package", str(folder))
    target = next((checkout.root / ".venv" / "lib").glob("python3*/site-packages"))
    checkout.must(
        checkout.python, "-m", "pip", "--quiet", "install", "--no-deps", "--no-build-isolation", "--no-index",
        "--target", str(target), str(folder),
    )  # fmt: skip
    own = dataclasses.replace(checkout, root=folder)
    own.lint(f"our_{kind}", "tests")
    own.pytest("-q", "tests")
