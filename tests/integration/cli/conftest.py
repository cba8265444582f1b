"""A copy of the repository with an environment of its own, in which new code can be written and tried."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from albumen.local.home import REPOSITORY

COPIED = ("include", "tests/conftest.py", "tests/integration/catalog/test_schema.py", "pyproject.toml", ".mypy_cache")


@dataclass(frozen=True)
class Checkout:
    """A copy, and a Python that imports `albumen` from it, as do the processes it starts."""

    root: Path
    python: Path

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy; its output is part of what a failure says."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        # The object store's program lies beside the Python that it was installed with.
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
        return subprocess.run(
            [*map(str, command)], cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )

    def must(self, *command: str | Path) -> str:
        """Run a command that has to succeed."""
        ran = self.run(*command)
        assert ran.returncode == 0, f"{' '.join(map(str, command))}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def albumen(self, *arguments: str) -> str:
        """Run `albumen`, which has to succeed."""
        return self.must(self.python, "-P", "-m", "albumen.cli", *arguments)

    def lint(self, *files: str) -> None:
        """Linter, formatter and types, as `albumen test` has them."""
        scripts = Path(sys.executable).parent
        self.must(scripts / "ruff", "check", *files)
        self.must(scripts / "ruff", "format", "--check", *files)
        sources = [file for file in files if not file.startswith("tests")]
        self.must(sys.executable, "-P", "-m", "mypy", "--strict", *sources)

    def pytest(self, *arguments: str) -> str:
        """Run tests of the copy, which have to pass."""
        return self.must(self.python, "-P", "-m", "pytest", "-p", "no:cacheprovider", *arguments)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """One copy for the tests of a module."""
    root = tmp_path_factory.mktemp("checkout") / "albumen"
    for name in COPIED:
        source, target = REPOSITORY / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        elif source.exists():
            shutil.copy2(source, target)
    environment = root / ".venv"
    venv.create(environment, with_pip=False, symlinks=True)
    packages = sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)})
    # Folders named by a .pth file are searched, but theirs are not read: our own editable installation stays hidden.
    lines = [str(root / "include"), *site.getsitepackages()]
    Path(packages, "checkout.pth").write_text("\n".join(lines), encoding="utf-8")
    return Checkout(root, environment / "bin" / "python")
