"""Bad videos: each ends with a reason, costs its neighbours nothing, and makes us open no other file and no socket."""

from __future__ import annotations

import ctypes
import os
import random
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from albumen.pipeline import registry
from albumen.testing.library import TestLibrary
from albumen.testing.videos import a_video

pytestmark = pytest.mark.stack

CORPUS = Path(__file__).resolve().parents[3] / "../shared/corpus/video"
CUTS = 10

WORK = """
import sys
from pathlib import Path
from albumen.pipeline import registry
from albumen.pipeline.sandbox import Sandbox, WorkItem
from albumen.settings import Settings
steps = registry.for_everyone("video")
context = {"file_name": "film.mp4", "last_modified": "2020-01-01T00:00:00+00:00", "home_zone": "UTC",
           "now": "2026-01-01T00:00:00+00:00", "proxy": "always", "sha256": "00", "sidecars": []}
with Sandbox([registry.reference_of(step) for step in steps], Settings().for_videos()) as sandbox:
    print("READY", flush=True)
    for number, path in enumerate(sys.argv[1:]):
        mime = path.rpartition(".")[2].replace("_", "/")
        item = WorkItem(number, b"", "video", mime, context, tuple(step.name for step in steps), path)
        for outcome in sandbox.run([item]):
            print(path, outcome.step, type(outcome.result).__name__, flush=True)
"""
"""The steps of the video pass in their sandbox, as a task has them."""
STEPS = len(registry.for_everyone("video"))


def ended(record: dict[str, Any]) -> dict[str, set[str | None]]:
    """The reasons by the states in which the steps that read the bytes have ended; the preview's may be due."""
    ends: dict[str, set[str | None]] = {}
    for name, step in record["steps"].items():
        if registry.steps()[name].reads != "preview":
            ends.setdefault(step["state"], set()).add(step["reason"])
    return ends


@pytest.fixture
def spooled(library: TestLibrary, tmp_path: Path) -> TestLibrary:
    knobs = library.settings.video.model_copy(update={"spool_directory": str(tmp_path / "spool")})
    library.settings = library.settings.model_copy(update={"video": knobs})
    library.library = replace(library.library, proxy="always")
    return library


def test_cut_at_ten_places_a_video_ends_with_a_reason_and_its_neighbours_are_done(spooled: TestLibrary) -> None:
    film, chance = a_video(1, seconds=4, sound=True), random.Random(11)
    first = a_video(2, seconds=4, output=["-movflags", "+faststart", "-g", "10"])
    for number in range(CUTS):
        for name, data in (("last", film), ("first", first)):
            spooled.put(f"{name}-{number}.mp4", data[: chance.randrange(1, len(data))])
    spooled.put("empty.mp4", b"")
    spooled.put("zeros.mov", bytes(10_000))
    spooled.put("picture.mp4", b"\x89PNG\r\n\x1a\n" + bytes(100))
    spooled.put("whole.mp4", film)
    spooled.discover()
    spooled.work("original", "video")
    records = spooled.records()
    ends = {key: ended(record) for key, record in records.items()}
    assert ends.pop("whole.mp4") == {"done": {None}}
    assert all(reasons <= {"unreadable"} for end in ends.values() for state, reasons in end.items() if state != "done")
    assert all("quarantined" in end for end in ends.values()), ends
    with_poster = [key for key, record in records.items() if any(r["name"] == "poster" for r in record["renditions"])]
    assert any(key.startswith("first-") for key in with_poster)


def test_sound_under_the_name_and_type_of_a_film_is_told(spooled: TestLibrary) -> None:
    sound = a_video(1, sound=True, output=["-map", "1:a"])
    spooled.put("sound.mp4", sound)
    spooled.discover()
    spooled.work("original", "video")
    assert (spooled.records()["sound.mp4"]["state"], spooled.records()["sound.mp4"]["reason"]) == (
        "quarantined",
        "unreadable",
    )


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_every_video_of_the_corpus_ends_with_a_reason(spooled: TestLibrary) -> None:
    for file in sorted(CORPUS.rglob("*")):
        if file.is_file() and file.suffix != ".tsv":
            spooled.put(str(file.relative_to(CORPUS)), file.read_bytes())
    spooled.discover()
    spooled.work("original", "video")
    records = spooled.records()
    for key, record in records.items():
        assert ended(record).keys() <= {"done", "quarantined"}, key
        assert ended(record).get("quarantined", set()) <= {"unreadable"}, key
    assert records["motion/samsung-one-ui-6.heic"]["motion"]["sha1"] == "fde8e0cf2c2f82fcef56151855fbe42f3141005d"


def playlists(folder: Path, secret: Path, port: int) -> list[str]:
    """Lists that name a file and a server, under the names and types of films."""
    away = f"http://127.0.0.1:{port}/a.ts"
    lists = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{secret.as_uri()}\n#EXTINF:2,\n{away}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{secret}'\nfile '{away}'\n",
        "dash": f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{secret.as_uri()}</BaseURL></MPD>',
    }
    paths = []
    for name, content in lists.items():
        for mime in ("video_mp4", "video_x-matroska", "video_mp2t", "video_x-msvideo"):
            path = folder / f"{name}-{mime}" / f"source.{mime}"
            path.parent.mkdir()
            path.write_bytes((b"\0\0\0\x18ftypmp42" + bytes(12) if mime == "video_mp4" else b"") + content.encode())
            paths.append(str(path))
    return paths


def a_film(folder: Path) -> str:
    path = folder / "film" / "source.video_mp4"
    path.parent.mkdir()
    path.write_bytes(a_video(4, sound=True))
    return str(path)


def test_a_playlist_that_poses_as_a_film_reaches_neither_a_file_nor_a_server(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    secret = secrets / "secret.ts"
    secret.write_bytes(a_video(3, extension="ts"))
    with socket.create_server(("127.0.0.1", 0)) as server, Watch(secrets) as watch:
        paths = playlists(tmp_path, secret, server.getsockname()[1])
        work = [sys.executable, "-c", WORK, *paths, a_film(tmp_path)]
        told = subprocess.run(work, check=True, capture_output=True, text=True, timeout=250).stdout
        assert (told.count("ItemFault"), told.count("StepResult")) == (len(paths) * STEPS, STEPS), told
        assert watch.opened() == 0
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
        secret.read_bytes()
        assert watch.opened() > 0  # it does notice


class Watch:
    """Counts how often files of a folder are opened, by anybody (inotify)."""

    IN_OPEN, NONBLOCK, EVENT_BYTES = 0x20, 0o4000, 16

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._file = libc.inotify_init1(self.NONBLOCK)
        assert libc.inotify_add_watch(self._file, os.fsencode(folder), self.IN_OPEN) >= 0

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def opened(self) -> int:
        try:
            return len(os.read(self._file, 65536)) // self.EVENT_BYTES
        except BlockingIOError:
            return 0


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_playlist_that_poses_as_a_film_opens_no_other_file_and_no_socket(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ts"
    secret.write_bytes(a_video(3, extension="ts"))
    paths, film = playlists(tmp_path, secret, 9), a_film(tmp_path)
    log = tmp_path / "strace"
    subprocess.run(
        [
            "strace",
            "-f",
            "-o",
            str(log),
            "-e",
            "trace=openat,open,socket,connect",
            sys.executable,
            "-c",
            WORK,
            *paths,
            film,
        ],
        check=True,
        stdout=(tmp_path / "out").open("w"),
        timeout=250,
    )
    told, traced = (tmp_path / "out").read_text(), log.read_text()
    assert told.count("ItemFault") == len(paths) * STEPS, told
    assert told.count("StepResult") == STEPS, told
    assert film in traced  # it does see what is opened
    assert "secret.ts" not in traced
    sockets = re.findall(r"(?:socket|connect)\(.*", traced)
    assert [line for line in sockets if "EPERM" not in line and "AF_INET" in line] == []
