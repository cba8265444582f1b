"""Room on the disk for videos while they are worked on: a folder for each, gone with the worker that made it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_LOCK = "in-use"
_KEPT_FREE_BYTES = 256 * 1024**2


class NoRoom(RuntimeError):
    """The disk has no room for a video: the machine's fault, worth a retry."""


class Spool:
    """A worker's folder; entering it also removes what killed workers left.

    Parameters
    ----------
    root : str
        Where workers have their folders; empty: below the system's folder for temporary files.
    """

    def __init__(self, root: str) -> None:
        self._root = Path(root or Path(tempfile.gettempdir()) / f"albumen-videos-{os.getuid()}")
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        self._folder = Path(tempfile.mkdtemp(dir=self._root))
        self._open.callback(shutil.rmtree, self._folder, ignore_errors=True)
        lock = self._open.enter_context((self._folder / _LOCK).open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._open.close()

    def folder_for(self, subject_id: int, size: int) -> Path:
        """Make the folder of one video of `size` bytes.

        Raises
        ------
        NoRoom
            If the disk could not hold it and as much again for what is made of it.
        """
        free = shutil.disk_usage(self._folder).free
        if free < 2 * size + _KEPT_FREE_BYTES:
            raise NoRoom(f"{self._root} has {free} bytes free, a video of {size} bytes needs twice its size")
        folder = self._folder / str(subject_id)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder

    def _sweep(self) -> None:
        """A folder whose lock nobody holds has lost its worker."""
        for folder in self._root.iterdir():
            with suppress(OSError), (folder / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
