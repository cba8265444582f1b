"""What a benchmark runs on: the servers alone, or all of Albumen, of its own or of a folder that is kept."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from albumen.cli.session import Session
from albumen.local.home import Home
from albumen.local.stack import Stack


@contextmanager
def running_servers(home: str = "") -> Iterator[Stack]:
    """PostgreSQL and the S3 server: those of `home`, stopped afterwards; or some of their own, deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="albumen-bench-") as folder:
        stack = Stack(Home(Path(home or f"{folder}/home").absolute()))
        try:
            stack.servers_up()
            yield stack
        finally:
            if home:
                stack.down()
            else:
                stack.delete()


@contextmanager
def running_stack(home: str | None = None) -> Iterator[Session]:
    """A stack that is up: that of `home`, left up; or one of its own, deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="albumen-bench-") as folder:
        stack = Stack(Home(Path(home or f"{folder}/home").absolute()))
        try:
            stack.up(lambda message: print(message, file=sys.stderr))
            yield Session(stack.home)
        finally:
            if not home:
                stack.delete()
