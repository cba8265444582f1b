"""Running a shard: read ahead, decide, work in the sandbox, store, and write in small transactions.

All of it goes on at the same time: while the child decodes one photo, the next are read, the last
are uploaded, and what is uploaded is written. Running a shard twice changes nothing: content that is
known with the same inputs keys is adopted, renditions have immutable keys, and every transaction
checks the lease.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from albumen.catalog import leases, results, shard_work, sidecars, step_costs, step_pauses, steps_by_kind
from albumen.catalog.due import Lane
from albumen.catalog.engine import is_collision, is_refusal
from albumen.catalog.leases import Lease
from albumen.catalog.libraries import Library
from albumen.catalog.results import SubjectResult
from albumen.media.metadata.sidecar_names import is_sidecar_name, sidecar_keys
from albumen.pipeline import registry
from albumen.pipeline.breaker import Breaker
from albumen.pipeline.contract import Step
from albumen.pipeline.deciding import Decided, Decider
from albumen.pipeline.heartbeat import Connect, Heartbeat
from albumen.pipeline.progress_log import ProgressLog
from albumen.pipeline.reading import Reading, read_originals, read_previews
from albumen.pipeline.reading_videos import read_videos, release
from albumen.pipeline.sandbox import Sandbox, WorkItem
from albumen.pipeline.shard_summary import ShardSummary
from albumen.pipeline.spool import Spool
from albumen.pipeline.storing import Storing
from albumen.pipeline.taxonomy import Reason
from albumen.settings import Settings
from albumen.storage.object_store import ObjectStore, StorageError
from albumen.vision import weights

WRITERS = 4
LOOK_UP = 4
"""Readings whose content is looked up at a time: a query each would cost too much, many would wait too long."""
COPIES_HELD = 16
"""How many copies may wait, with their bytes, for what they are copies of to be written."""
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
        If the weights of a due step are missing or altered; the message names the fix. Its work stays
        in the shard for the retry, and the other steps' is done.
    albumen.catalog.leases.LeaseLost
        If somebody else took the shard over.
    """
    started = time.monotonic()
    steps = {step.name: step for step in registry.of_pass(lease.pass_name)}  # type: ignore[arg-type]
    with place.connect() as connection:
        subjects = shard_work.subjects(connection, lease)
        stopped = step_pauses.names(connection)
    due = Counter(name for subject in subjects for name in subject.attempts if name not in stopped)
    unfit = _without_weights([step for name, step in steps.items() if name in due], place.settings, library)
    stopped = stopped | unfit.keys()
    due = Counter({name: count for name, count in due.items() if name not in unfit})
    subjects = [subject for subject in subjects if due.keys() & subject.attempts.keys()]
    subjects.sort(key=lambda subject: not is_sidecar_name(subject.key))  # before those whose facts they change
    summary = ShardSummary(size=len(subjects))
    if due:
        knobs = place.settings.pipeline
        with (
            Heartbeat(place.connect, lease, lease_s=knobs.lease_seconds, every_s=knobs.heartbeat_seconds) as heartbeat,
            Sandbox(
                [registry.reference_of(steps[name]) for name in steps if name in due],
                _settings_of(lease.pass_name, place.settings),
                search_path=registry.search_path(),
                on_progress=ProgressLog(place.log),
            ) as sandbox,
            ThreadPoolExecutor(WRITERS, thread_name_prefix="write") as writers,
            ExitStack() as files,
        ):
            breaker = Breaker(due, knobs)
            shard = _Shard(lease, library, place, steps, sandbox, writers, heartbeat, summary, breaker, task)
            shard.unfit = set(unfit)
            shard.decider.stopped = stopped
            shard.work(subjects, files)
            summary.load_s = sandbox.load_s
    for fault in unfit.values():
        raise fault
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
        breaker: Breaker,
        task: str,
    ) -> None:
        self.lease, self.place, self.steps = lease, place, steps
        self.sandbox, self.heartbeat, self.summary, self.task = sandbox, heartbeat, summary, task
        self.breaker = breaker
        self.decider = Decider(library, steps, place.settings, place.now)
        self.storing = Storing(place.library_store, writers, library.library_id, steps, place.settings)
        self.begun: dict[int, Decided] = {}
        self.ended: list[Decided] = []
        self.transient: list[Decided] = []
        self.in_work: set[bytes] = set()
        self.copies: list[Reading] = []
        self.ready: list[Reading] = []
        self.outages: list[str] = []
        self.unfit: set[str] = set()
        self.worked = 0
        self.stops = self.all_read = False
        self.is_video, self.began = lease.pass_name == "video", time.monotonic()

    def work(self, subjects: Sequence[shard_work.Subject], files: ExitStack) -> None:
        with closing(self._readings(subjects, files)) as readings:
            while not self.stops and self._round(readings):
                self.ready += self.copies
                self.copies = []
        if self._outage(last=True):
            detail = (
                f"{len(self.outages)} of {self.worked} items failed for no fault of theirs; last: {self.outages[-1]}"
            )
            raise WorldBroken(detail)
        self._write(self.transient)

    def _readings(self, subjects: Sequence[shard_work.Subject], files: ExitStack) -> Generator[Reading]:
        place = self.place
        if self.is_video:
            spool = files.enter_context(Spool(place.settings.video.spool_directory))
            return read_videos(
                subjects, store=place.store, settings=place.settings, spool=spool, elsewhere=self._elsewhere
            )
        if self.lease.pass_name == "preview":
            return read_previews(subjects, store=place.library_store, settings=place.settings)
        return read_originals(subjects, store=place.store, settings=place.settings, elsewhere=self._elsewhere)

    def _elsewhere(self, subject: shard_work.Subject) -> list[shard_work.Subject]:
        with self.place.connect() as connection:
            return shard_work.elsewhere(connection, self.lease.library_id, subject)

    def _round(self, readings: Iterator[Reading]) -> bool:
        """Work until all is read, or many copies wait for what they are copies of; True when there is more.

        Of videos one is a round: its room on the disk is free before the next but one is read.
        """
        for outcome in self.sandbox.run(self._feed(readings)):
            part = self.begun[outcome.subject_id]
            if self.storing.begin(part, outcome):
                del self.begun[outcome.subject_id]
                self._end(part)
        self._settle(self.ended)
        return bool(self.copies or self.ready or not self.all_read)

    def _feed(self, readings: Iterator[Reading]) -> Iterator[WorkItem]:
        """What the sandbox is to do next; what needs no work is done with on the way."""
        at_once = 1 if self.is_video else LOOK_UP
        while not self.stops and len(self.copies) < COPIES_HELD:
            group = self.ready[:at_once] or list(islice(readings, at_once))
            del self.ready[:at_once]
            self.all_read = not group
            if not group:
                return
            for part in self._decide(group):
                if self.stops:
                    return  # it stays in the shard
                if part.work is None:
                    self._end(part)
                else:
                    self.begun[part.result.subject_id] = part
                    yield part.work
            if self.is_video:
                return

    def _decide(self, group: Sequence[Reading]) -> list[Decided]:
        """Decide on some readings; a copy of content that is in work waits until that is written and known."""
        readings: list[Reading] = []
        for reading in group:
            if reading.sha256 is not None and reading.sha256 in self.in_work:
                self.copies.append(reading)
                continue
            readings.append(reading)
            if reading.sha256 is not None:
                self.in_work.add(reading.sha256)
        with self.place.connect() as connection:
            hashes = [reading.sha256 for reading in readings if reading.sha256 is not None]
            known = shard_work.known_contents(connection, self.lease.library_id, hashes)
            beside = self._sidecars(connection, readings)
        return [
            self.decider.decide(reading, known.get(reading.sha256 or b""), beside.get(reading.subject.key, ()))
            for reading in readings
        ]

    def _sidecars(self, connection: Connection, readings: Sequence[Reading]) -> dict[str, list[sidecars.Sidecar]]:
        subjects = [reading.subject for reading in readings if reading.is_whole]
        told = [one for one in subjects if set(steps_by_kind.FACTS.values()) & one.attempts.keys()]
        candidates = {subject.key: sidecar_keys(subject.key) for subject in told}
        return sidecars.beside(connection, self.lease.library_id, self.decider.library.bucket, candidates)

    def _end(self, part: Decided) -> None:
        """Take what needs no more work, and write what ended before it once that is a transaction's worth."""
        self.worked += 1
        self.summary.adopted += part.is_copy
        self.summary.bytes_read += part.reading.bytes_read
        if part.reading.outage and part.reading.fault:
            self.outages.append(part.reading.fault.detail)
        part.work, part.reading = None, replace(part.reading, data=None)
        self.ended.append(part)
        if len(self.ended) > self.place.settings.pipeline.commit_items:
            # Not the last one: its uploads have only begun.
            self._settle(self.ended[:-1])

    def _settle(self, parts: Sequence[Decided]) -> None:
        """Wait for the uploads of the first of what ended, and write it."""
        self.ended = self.ended[len(parts) :]
        for part in parts:
            try:
                self.storing.finish(part, self.decider)
            except StorageError as error:
                self.outages.append(str(error))
                self.decider.fail(part, Reason.TRANSIENT, f"storing a rendition: {error}")
        self.heartbeat.check()
        for part in parts:
            release(part.reading)
        self.transient += [part for part in parts if _is_transient(part.result)]
        self._write([part for part in parts if not _is_transient(part.result)])
        self.in_work -= {part.reading.sha256 for part in parts if part.reading.sha256 is not None}
        self._stop_steps()
        if self._outage(last=False):
            self.stops = True
        elif not self.stops and self._gives_way():
            self.stops = self.summary.gave_way = True

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
            self.breaker.count(result.subject_id, result.outcomes)

    def _stop_steps(self) -> None:
        """Stop what trips its breaker; what is stopped is left alone, and given back when the shard ends."""
        with self.place.connect() as connection:
            for trip in self.breaker.trips():
                if step_pauses.trip(connection, self.lease.pass_name, trip.step, str(trip), trip.sample()):
                    self.place.log(f"the breaker of {trip.step} stops it: {trip}")
            connection.commit()
            self.decider.stopped = {*step_pauses.names(connection), *self.unfit}
        if self.decider.stopped.issuperset(self.breaker.sizes):
            self.stops = True

    def _outage(self, *, last: bool) -> bool:
        share = len(self.outages) / self.worked if self.worked else 0.0
        enough = last or len(self.outages) >= OUTAGE_MIN_ITEMS
        return bool(self.outages) and enough and share >= self.place.settings.pipeline.transient_share

    def _gives_way(self) -> bool:
        if self.is_video and time.monotonic() - self.began > self.place.settings.pipeline.shard_seconds:
            return True  # an average tells little of videos: the time is the measure
        if self.lease.lane is not Lane.BACKFILL:
            return False
        with self.place.connect() as connection:
            return leases.fresh_waits(connection, [step for step in self.steps if step not in self.decider.stopped])


def _settings_of(pass_name: str, settings: Settings) -> Settings:
    """What holds for a pass: only what reads our own previews may ask the model server."""
    if pass_name == "preview":
        return settings
    own = settings.for_originals()
    return own.for_videos() if pass_name == "video" else own


def _without_weights(
    steps: Sequence[type[Step]], settings: Settings, library: Library
) -> dict[str, weights.WeightsError]:
    """The steps that cannot be done for want of weights, and why."""
    unfit = {}
    for step in steps:
        try:
            step.check_models(settings, library.consents)
        except weights.WeightsError as error:
            unfit[step.name] = error
    return unfit


def _is_transient(result: SubjectResult) -> bool:
    return any(outcome.reason == Reason.TRANSIENT for outcome in result.outcomes)
