"""Running a shard: read ahead, decide, work in the sandbox, store, and write in small transactions.

Running a shard twice changes nothing: content that is known with the same inputs keys is adopted,
renditions have immutable keys, and every transaction checks the lease.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from albumen.catalog import leases, results, shard_work, step_costs
from albumen.catalog.due import Lane
from albumen.catalog.engine import is_collision, is_refusal
from albumen.catalog.leases import Lease
from albumen.catalog.libraries import Library
from albumen.catalog.results import SubjectResult
from albumen.pipeline import registry
from albumen.pipeline.contract import Step
from albumen.pipeline.deciding import Decided, Decider
from albumen.pipeline.heartbeat import Connect, Heartbeat
from albumen.pipeline.reading import Reading, read_ahead
from albumen.pipeline.sandbox import Sandbox
from albumen.pipeline.shard_summary import ShardSummary
from albumen.pipeline.storing import Storing
from albumen.pipeline.taxonomy import Reason
from albumen.settings import Settings
from albumen.storage.object_store import ObjectStore, StorageError
from albumen.vision import weights

WRITERS = 4
OUTAGE_MIN_ITEMS = 5
COLLISIONS = 3
"""Tries of a transaction that stood in another's way: a listing locks originals first, a result the due work."""


class WorldBroken(RuntimeError):
    """Most of the shard failed for no fault of the items: the task should fail and be retried."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a shard is worked on with."""

    connect: Connect
    store: ObjectStore
    library_store: ObjectStore
    settings: Settings
    now: Callable[[], datetime]
    log: Callable[[str], None]


def run_shard(lease: Lease, library: Library, place: Workplace, *, task: str) -> ShardSummary:
    """Work on a leased shard to its end.

    Parameters
    ----------
    task : str
        Which task does it (`dag_id/run_id/slot/try`), kept with every outcome.

    Raises
    ------
    WorldBroken
        If storage failed for most of the items; they stay in the shard for the retry.
    albumen.vision.weights.WeightsError
        If the weights of a due step are missing or altered; the message names the fix.
    albumen.catalog.leases.LeaseLost
        If somebody else took the shard over.
    """
    started = time.monotonic()
    steps = {step.name: step for step in registry.of_pass(lease.pass_name)}  # type: ignore[arg-type]
    with place.connect() as connection:
        subjects = shard_work.subjects(connection, lease)
    summary = ShardSummary(size=len(subjects))
    if subjects:
        knobs = place.settings.pipeline
        due = {name for subject in subjects for name in subject.attempts}
        for model_id in sorted({model_id for name in due if name in steps for model_id in steps[name].models}):
            weights.path_of(model_id, Path(place.settings.models.directory))
        with (
            Heartbeat(place.connect, lease, lease_s=knobs.lease_seconds, every_s=knobs.heartbeat_seconds) as heartbeat,
            Sandbox([registry.reference_of(steps[name]) for name in steps if name in due], place.settings) as sandbox,
            ThreadPoolExecutor(WRITERS, thread_name_prefix="write") as writers,
        ):
            shard = _Shard(lease, library, place, steps, sandbox, writers, heartbeat, summary, task)
            shard.work(subjects)
    summary.seconds = time.monotonic() - started
    with place.connect() as connection:
        step_costs.add(connection, dict(summary.step_items), summary.step_wall_s, summary.step_cpu_s)
        leases.finish(connection, lease, summary.as_json())
        connection.commit()
    return summary


class _Shard:
    """One run over one shard."""

    def __init__(
        self,
        lease: Lease,
        library: Library,
        place: Workplace,
        steps: dict[str, type[Step]],
        sandbox: Sandbox,
        writers: ThreadPoolExecutor,
        heartbeat: Heartbeat,
        summary: ShardSummary,
        task: str,
    ) -> None:
        self.lease, self.place, self.steps = lease, place, steps
        self.sandbox, self.heartbeat, self.summary, self.task = sandbox, heartbeat, summary, task
        self.decider = Decider(library, steps, place.settings, place.now)
        self.storing = Storing(place.library_store, writers, library.library_id, steps, place.settings)
        self.transient: list[Decided] = []
        self.outages: list[str] = []

    def work(self, subjects: Sequence[shard_work.Subject]) -> None:
        previews = self.lease.pass_name == "preview"
        readings = read_ahead(
            subjects,
            store=self.place.library_store if previews else self.place.store,
            settings=self.place.settings,
            library_bucket=self.place.settings.library_bucket,
            previews=previews,
        )
        worked = 0
        for chunk in _chunks(readings, self.place.settings.pipeline.commit_items):
            self.heartbeat.check()
            for part in _without_copies(chunk):
                self._work_on(part)
            worked += len(chunk)
            if self._outage(worked, last=False):
                break
            if self._gives_way():
                self.summary.gave_way = True
                break
        if self._outage(worked, last=True):
            detail = f"{len(self.outages)} of {worked} items failed for no fault of theirs; last: {self.outages[-1]}"
            raise WorldBroken(detail)
        self._write(self.transient)

    def _work_on(self, chunk: Sequence[Reading]) -> None:
        """Decide, decode, store and write one part of the shard without copies in it."""
        with self.place.connect() as connection:
            hashes = [reading.sha256 for reading in chunk if reading.sha256 is not None]
            known = shard_work.known_contents(connection, self.lease.library_id, hashes)
        self.outages += [reading.fault.detail for reading in chunk if reading.outage and reading.fault]
        decided = [self.decider.decide(reading, known.get(reading.sha256 or b"")) for reading in chunk]
        self._decode([part for part in decided if part.work is not None])
        self.summary.adopted += sum(bool(part.result.released) for part in decided)
        self.summary.bytes_read += sum(reading.bytes_read for reading in chunk)
        self.transient += [part for part in decided if _is_transient(part.result)]
        self._write([part for part in decided if not _is_transient(part.result)])

    def _decode(self, parts: Sequence[Decided]) -> None:
        by_subject = {part.result.subject_id: part for part in parts}
        items = [part.work for part in parts if part.work is not None]
        for outcome in self.sandbox.run(items):
            part = by_subject[outcome.subject_id]
            self.storing.begin(part, outcome)
        for part in parts:
            try:
                self.storing.finish(part, self.decider)
            except StorageError as error:
                self.outages.append(str(error))
                self.decider.fail(part, Reason.TRANSIENT, f"storing a rendition: {error}")

    def _write(self, parts: Sequence[Decided]) -> None:
        """Write results; what the catalog refuses costs only the subject whose it is."""
        if not parts:
            return
        try:
            self._commit([part.result for part in parts])
        except Exception as error:
            if not is_refusal(error):
                raise
            if len(parts) == 1:
                why = str(getattr(error, "orig", error))  # without the statement's values: they may be positions
                self.decider.fail(parts[0], Reason.BUG, f"the catalog refuses the result: {why!a}")
                self._commit([parts[0].result])
                return
            for part in parts:
                self._write([part])

    def _commit(self, finished: Sequence[SubjectResult]) -> None:
        for tries_left in reversed(range(COLLISIONS)):
            self.heartbeat.check()
            try:
                with self.place.connect() as connection:
                    results.write(connection, self.lease, finished, task=self.task)
                    connection.commit()
                break
            except DBAPIError as error:
                if not is_collision(error) or not tries_left:
                    raise
        for result in finished:
            self.summary.count(result.subject_id, result.outcomes)

    def _outage(self, worked: int, *, last: bool) -> bool:
        share = len(self.outages) / worked if worked else 0.0
        enough = last or len(self.outages) >= OUTAGE_MIN_ITEMS
        return bool(self.outages) and enough and share >= self.place.settings.pipeline.transient_share

    def _gives_way(self) -> bool:
        if self.lease.lane is not Lane.BACKFILL:
            return False
        with self.place.connect() as connection:
            return leases.fresh_waits(connection, list(self.steps))


def _is_transient(result: SubjectResult) -> bool:
    return any(outcome.reason == Reason.TRANSIENT for outcome in result.outcomes)


def _chunks(readings: Iterable[Reading], size: int) -> Iterable[list[Reading]]:
    iterator = iter(readings)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _without_copies(chunk: Sequence[Reading]) -> Iterable[list[Reading]]:
    """Split a chunk so that no part holds the same content twice: the later copy finds it known."""
    rest = list(chunk)
    while rest:
        seen: set[bytes] = set()
        part: list[Reading] = []
        copies: list[Reading] = []
        for reading in rest:
            (copies if reading.sha256 is not None and reading.sha256 in seen else part).append(reading)
            if reading.sha256 is not None:
                seen.add(reading.sha256)
        yield part
        rest = copies
