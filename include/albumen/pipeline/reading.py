"""Reading a shard's photos and previews ahead of the decoder: one GET each, hashed and sniffed on the way."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from albumen.catalog.shard_work import Subject
from albumen.media.sniff import Sniffed, sniff
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, Settings
from albumen.storage.object_store import ObjectMissing, ObjectStore, StorageError

Elsewhere = Callable[[Subject], Sequence[Subject]]
"""Gives an item with each of its other originals: a copy may be deleted long before a listing misses it."""

READERS = 4
BYTES_AHEAD = 384 * 1024**2
NOT_FOR_US_BYTES = 32 * 1024**2
"""What is no photo is still read whole up to here, since its fingerprint tells copies; beyond, it is not worth it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One subject's input.

    Attributes
    ----------
    data, sha256 :
        None when the object was not read whole: a video in the original pass, too large, or gone.
    path : str
        Where it lies on the disk in place of `data`: a video in the video pass.
    fault : ItemFault or None
        Why there is nothing to work on.
    missing : bool
        The object is not there.
    outage : bool
        The store failed us, which says nothing of this object.
    preview_lost : bool
        The catalog names a preview that is not in the library bucket (any more).
    frames : bytes
        A few frames of a video beside its preview, as `media.video.storyboard` writes them.
    """

    subject: Subject
    sniffed: Sniffed | None
    data: bytes | None = field(repr=False)
    sha256: bytes | None
    etag: str | None
    last_modified: datetime | None
    bytes_read: int
    fault: ItemFault | None = None
    missing: bool = False
    outage: bool = False
    preview_lost: bool = False
    path: str = ""
    frames: bytes = field(default=b"", repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether there is something to work on."""
        return self.data is not None or bool(self.path)


def read_originals(
    subjects: Sequence[Subject], *, store: ObjectStore, settings: Settings, elsewhere: Elsewhere
) -> Generator[Reading]:
    """Read originals in order; of what the photo pass has no use for, only the beginning."""
    limits = settings.limits
    read = partial(_read_original, store=store, limits=limits)
    return read_ahead(
        subjects,
        partial(where_it_is, read=read, elsewhere=elsewhere),
        cost=lambda subject: min(subject.size, limits.photo_bytes),
        most=settings.pipeline.prefetch_items,
        budget=BYTES_AHEAD,
    )


def read_previews(subjects: Sequence[Subject], *, store: ObjectStore, settings: Settings) -> Generator[Reading]:
    """Read the previews of items in order."""
    return read_ahead(
        subjects,
        partial(_read_preview, store=store, library_bucket=settings.library_bucket),
        cost=lambda subject: 0,
        most=settings.pipeline.prefetch_items,
        budget=BYTES_AHEAD,
    )


def read_ahead(
    subjects: Sequence[Subject],
    read: Callable[[Subject], Reading],
    *,
    cost: Callable[[Subject], int],
    most: int,
    budget: int,
) -> Generator[Reading]:
    """Read the inputs of `subjects` in order, at most `most` at a time and, unless it is one, within a budget of bytes.

    Parameters
    ----------
    cost : callable
        The bytes that a subject takes of the budget.
    """
    waiting = deque(subjects)
    running: deque[tuple[int, Future[Reading]]] = deque()
    with ThreadPoolExecutor(READERS, thread_name_prefix="read") as pool:
        try:
            while waiting or running:
                while waiting and len(running) < most:
                    expected = cost(waiting[0])
                    if running and sum(size for size, _ in running) + expected > budget:
                        break
                    running.append((expected, pool.submit(read, waiting.popleft())))
                yield running.popleft()[1].result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _read_original(subject: Subject, store: ObjectStore, limits: LimitSettings) -> Reading:
    try:
        with store.read(subject.bucket, subject.key) as reading:
            info = reading.info
            chunks, held = [], 0
            for chunk in reading.chunks:
                chunks.append(chunk)
                held += len(chunk)
                if held >= limits.sniff_bytes:
                    break
            try:
                sniffed = sniff(b"".join(chunks)[: limits.sniff_bytes], info.size, subject.key)
            except Exception as error:
                fault = ItemFault(Reason.BUG, f"telling what it is failed: {error!r}")
                return Reading(subject, None, None, None, info.etag, info.last_modified, held, fault)
            refusal = _refusal(sniffed, info.size, limits)
            if refusal is not None:
                return Reading(subject, sniffed, None, None, info.etag, info.last_modified, held, refusal)
            data = b"".join([*chunks, *reading.chunks])
    except ObjectMissing:
        return gone(subject)
    except StorageError as error:
        return outage(subject, error)
    found = None if sniffed.reason is None else ItemFault(sniffed.reason, sniffed.detail)
    digest = hashlib.sha256(data).digest()
    return Reading(subject, sniffed, data, digest, info.etag, info.last_modified, len(data), found)


def where_it_is(subject: Subject, *, read: Callable[[Subject], Reading], elsewhere: Elsewhere) -> Reading:
    """Read a subject, of an item whose object is gone one of its copies."""
    reading = read(subject)
    if not reading.missing:
        return reading
    copies = (read(copy) for copy in elsewhere(subject))
    return next((copy for copy in copies if not copy.missing), reading)


def gone(subject: Subject) -> Reading:
    """What is read of an object that is not there."""
    fault = ItemFault(Reason.TRANSIENT, "the object is gone (404); a listing will settle it")
    return Reading(subject, None, None, None, None, None, 0, fault, missing=True)


def outage(subject: Subject, error: Exception) -> Reading:
    """What is read while the store, or our own disk, fails."""
    return Reading(subject, None, None, None, None, None, 0, ItemFault(Reason.TRANSIENT, str(error)), outage=True)


def _refusal(sniffed: Sniffed, size: int, limits: LimitSettings) -> ItemFault | None:
    """Why the rest of the object is not read; None to read on."""
    if sniffed.reason is Reason.VIDEO_PASS_PENDING:
        return ItemFault(sniffed.reason, sniffed.detail)
    if sniffed.reason is not None:
        return ItemFault(sniffed.reason, sniffed.detail) if size > NOT_FOR_US_BYTES else None
    if size > limits.photo_bytes:
        return ItemFault(Reason.TOO_LARGE, f"{size} bytes, limit {limits.photo_bytes} (limits.photo_bytes)")
    return None


def _read_preview(subject: Subject, store: ObjectStore, library_bucket: str) -> Reading:
    if subject.preview_key is None:
        return Reading(subject, None, None, None, None, None, 0)
    try:
        data = store.get(library_bucket, subject.preview_key)
        frames = store.get(library_bucket, subject.frames_key) if subject.frames_key else b""
    except ObjectMissing:
        return Reading(subject, None, None, None, None, None, 0, preview_lost=True)
    except StorageError as error:
        return outage(subject, error)
    return Reading(subject, None, data, None, None, None, len(data) + len(frames), frames=frames)
