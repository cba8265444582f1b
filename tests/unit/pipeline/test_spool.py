"""Room for videos: a folder for each, none left behind, not even by a worker that was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from albumen.pipeline.spool import NoRoom, Spool

LEAVE_A_FOLDER = """
import os, sys
from albumen.pipeline.spool import Spool
spool = Spool(sys.argv[1]).__enter__()
(spool.folder_for(1, 10) / "source").write_bytes(b"film")
os._exit(9)
"""


def test_folders_are_gone_with_the_worker(tmp_path: Path) -> None:
    with Spool(str(tmp_path / "spool")) as spool:
        folder = spool.folder_for(7, 100)
        (folder / "source").write_bytes(b"film")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert not list(spool.folder_for(7, 100).iterdir())
    assert list((tmp_path / "spool").iterdir()) == []


def test_what_a_killed_worker_left_goes_and_what_another_uses_stays(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", LEAVE_A_FOLDER, str(tmp_path)], check=False)
    assert len(list(tmp_path.rglob("source"))) == 1
    with Spool(str(tmp_path)) as one:
        assert list(tmp_path.rglob("source")) == []
        (one.folder_for(1, 10) / "source").write_bytes(b"film")
        with Spool(str(tmp_path)):
            assert len(list(tmp_path.rglob("source"))) == 1


def test_a_video_the_disk_cannot_hold_waits(tmp_path: Path) -> None:
    with Spool(str(tmp_path)) as spool, pytest.raises(NoRoom, match="bytes free"):
        spool.folder_for(1, 2**60)
