"""Putting a folder's files into a bucket; what is there already is left alone."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from albumen.storage.object_store import ObjectInfo, ObjectStore

UPLOADERS = 4


@dataclass(slots=True)
class Uploaded:
    """What an upload did; `refused` names the files that could not be sent and why."""

    sent: int = 0
    present: int = 0
    refused: dict[str, str] = field(default_factory=dict)


def upload_folder(
    store: ObjectStore, folder: Path, *, bucket: str, prefix: str, progress: Callable[[int, int], None]
) -> Uploaded:
    """Upload every file below a folder under its relative path, `/`-separated.

    Parameters
    ----------
    progress : callable
        Told how many of how many files are done.
    """
    files = sorted(files_below(folder))
    present = {info.key: info for info in store.list_all(bucket, prefix)}
    uploaded = Uploaded()
    with ThreadPoolExecutor(UPLOADERS, thread_name_prefix="upload") as pool:
        states = pool.map(lambda file: _upload(store, folder, file, bucket, prefix, present), files)
        for done, (file, state) in enumerate(zip(files, states, strict=True), start=1):
            if state == "sent":
                uploaded.sent += 1
            elif state == "present":
                uploaded.present += 1
            else:
                uploaded.refused[os.fsencode(file.relative_to(folder)).decode(errors="replace")] = state
            progress(done, len(files))
    return uploaded


def files_below(folder: Path) -> Iterator[Path]:
    """Every regular file below a folder; folders behind symbolic links are not entered."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if path.is_file():
                yield path


def _upload(
    store: ObjectStore, folder: Path, file: Path, bucket: str, prefix: str, present: dict[str, ObjectInfo]
) -> str:
    """`sent`, `present`, or why the file could not be sent."""
    try:
        key = prefix + file.relative_to(folder).as_posix()
        key.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8, so it cannot be an object's key"
    try:
        data = file.read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    known = present.get(key)
    if known is not None and known.etag == hashlib.md5(data, usedforsecurity=False).hexdigest():
        return "present"
    mime = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    try:
        store.put(bucket, key, data, mime=mime)
    except RuntimeError as error:
        return str(error)
    return "sent"
