import os
import shutil
import subprocess

import pytest

from albumen.local.home import REPOSITORY

FAKE_PYTHON = """#!/bin/sh
printf '%s\\n' "$PWD" "$@"
"""


@pytest.fixture
def clone(tmp_path):
    """A repository whose environment is up to date, with a Python that only tells how it was called."""
    root = tmp_path / "a clone"
    (root / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(REPOSITORY / "albumen", root / "albumen")
    (root / "requirements.txt").write_text("pinned==1\n")
    (root / "pyproject.toml").write_text("[project]\n")
    python = root / ".venv" / "bin" / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    sums = [
        subprocess.run(["cksum"], stdin=(root / name).open(), capture_output=True, text=True, check=True).stdout
        for name in ("requirements.txt", "pyproject.toml")
    ]
    (root / ".venv" / "albumen-stamp").write_text("".join(sums) + f"{root}\n")
    return root


def call(script, *arguments, cwd, **environment):
    path = environment.pop("PATH", os.environ["PATH"])
    return subprocess.run(
        [str(script), *arguments],
        cwd=cwd,
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_up_to_date_environment_is_used_at_once_from_any_folder(clone, tmp_path):
    outcome = call(clone / "albumen", "demo", "a folder", "--x=1", cwd=tmp_path)
    assert outcome.stdout.splitlines() == [str(tmp_path), "-P", "-m", "albumen.cli", "demo", "a folder", "--x=1"]
    assert outcome.stderr == ""


def test_it_may_be_called_through_a_link(clone, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(clone / "albumen")
    assert call(link, "status", cwd=tmp_path).stdout.splitlines()[-1] == "status"


@pytest.mark.parametrize("changed", ["requirements.txt", "pyproject.toml"])
def test_changed_pins_are_noticed(clone, tmp_path, changed):
    (clone / changed).write_text("changed\n")
    assert "installing what requirements.txt pins" in call(clone / "albumen", cwd=tmp_path).stderr
    assert call(clone / "albumen", cwd=tmp_path).stderr == ""


def test_a_missing_python_is_explained(clone, tmp_path):
    (clone / ".venv" / "bin" / "python").unlink()
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("cat", "cksum", "cut", "dirname", "id", "readlink", "rm", "tail", "tr"):
        (tools / tool).symlink_to(shutil.which(tool))
    # Neither a Python of the system nor apt-get is on this path.
    outcome = call(clone / "albumen", "status", cwd=tmp_path, PATH=str(tools))
    assert outcome.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in outcome.stderr


def test_the_script_is_plain_shell():
    assert subprocess.run(["sh", "-n", str(REPOSITORY / "albumen")]).returncode == 0
