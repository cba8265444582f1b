"""Reading a shard's videos onto the disk, one GET each, hashed on the way; the next while one is worked on."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path

from albumen.catalog.shard_work import Subject
from albumen.media.sniff import sniff
from albumen.pipeline.reading import Elsewhere, Reading, gone, outage, read_ahead, where_it_is
from albumen.pipeline.spool import NoRoom, Spool
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, Settings
from albumen.storage.object_store import ObjectMissing, ObjectStore, StorageError
from albumen.storage.object_store import Reading as StoredReading

AHEAD = 2
"""The one that is worked on, and the next."""


def read_videos(
    subjects: Sequence[Subject], *, store: ObjectStore, settings: Settings, spool: Spool, elsewhere: Elsewhere
) -> Generator[Reading]:
    """Read videos in order; each lies in a folder of its own until it is released."""
    read = partial(_read_video, store=store, limits=settings.limits, spool=spool)
    return read_ahead(
        subjects,
        partial(where_it_is, read=read, elsewhere=elsewhere),
        cost=lambda subject: subject.size,
        most=AHEAD,
        budget=settings.video.spool_bytes,
    )


def release(reading: Reading) -> None:
    """Let the room of a video on the disk go; harmless for what has none."""
    if reading.path:
        shutil.rmtree(Path(reading.path).parent, ignore_errors=True)


def _read_video(subject: Subject, *, store: ObjectStore, limits: LimitSettings, spool: Spool) -> Reading:
    folder: Path | None = None
    try:
        with store.read(subject.bucket, subject.key) as stored:
            info = stored.info
            if info.size > limits.video_bytes:
                words = f"{info.size} bytes, limit {limits.video_bytes} (limits.video_bytes)"
                fault = ItemFault(Reason.TOO_LARGE, words)
                return Reading(subject, None, None, None, info.etag, info.last_modified, 0, fault)
            folder = spool.folder_for(subject.subject_id, info.size)
            reading = _onto_disk(subject, stored, folder / "source", limits)
    except ObjectMissing:
        reading = gone(subject)
    except (StorageError, NoRoom, OSError) as error:
        reading = outage(subject, error)
    if folder is not None and not reading.path:
        shutil.rmtree(folder, ignore_errors=True)
    return reading


def _onto_disk(subject: Subject, stored: StoredReading, path: Path, limits: LimitSettings) -> Reading:
    info, digest, head, sniffed = stored.info, hashlib.sha256(), b"", None
    with path.open("xb", buffering=0) as file:
        for chunk in stored.chunks:
            digest.update(chunk)
            file.write(chunk)
            if sniffed is None:
                head += bytes(chunk)[: limits.sniff_bytes]
                if len(head) < min(limits.sniff_bytes, info.size):
                    continue
                sniffed = sniff(head[: limits.sniff_bytes], info.size, subject.key)
                if sniffed.kind != "video":
                    fault = ItemFault(
                        Reason.TRANSIENT, f"it is no video any more ({sniffed.format}); a listing will tell"
                    )
                    return Reading(subject, sniffed, None, None, info.etag, info.last_modified, file.tell(), fault)
    return Reading(subject, sniffed, None, digest.digest(), info.etag, info.last_modified, info.size, path=str(path))
