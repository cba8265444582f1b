"""What our image holds, read from the Dockerfile."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from albumen.local.home import REPOSITORY

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def instructions(dockerfile: str, name: str) -> Iterator[list[str]]:
    """The words of every such instruction, continued lines joined."""
    for line in re.sub(r"\\\n\s*", " ", dockerfile).splitlines():
        if line.startswith(f"{name} "):
            yield shlex.split(line)[1:]


def image_environment(dockerfile: str) -> dict[str, str]:
    """The variables that the last stage of our image sets."""
    *_, last = instructions(dockerfile, "ENV")
    variables = dict(word.split("=", 1) for word in last)
    return {**variables, "PATH": variables["PATH"].replace("$PATH", PATH)}


def image_files(dockerfile: str) -> dict[str, Path]:
    """What our image holds, by where it lies there: the environment of Python and what is copied from here."""
    found = {"/opt/venv": Path(sys.prefix)}
    for *sources, target in instructions(dockerfile[dockerfile.index(" AS runtime") :], "COPY"):
        if not sources[0].startswith("--"):
            for source in sources:
                found[f"{target}{Path(source).name}" if target.endswith("/") else target] = REPOSITORY / source
    return found
