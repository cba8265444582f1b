"""What is to be done with what was read: work, adopt, skip or refuse."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from albumen.catalog.libraries import Library
from albumen.catalog.results import Content, StepOutcome, SubjectResult
from albumen.catalog.shard_work import KnownContent, Subject
from albumen.catalog.sidecars import Sidecar
from albumen.media.metadata.sidecar_names import media_keys
from albumen.pipeline import registry
from albumen.pipeline.contract import Step
from albumen.pipeline.faults import outcome_of_fault
from albumen.pipeline.reading import Reading
from albumen.pipeline.sandbox import WorkItem
from albumen.pipeline.taxonomy import ItemFault, Reason, State
from albumen.settings import Settings

MOST_SIDECARS = 2
NEVER = "never"
"""An inputs key no outcome has: the step is done again whatever it did, and those that read it follow."""


@dataclass(slots=True)
class Decided:
    """A subject's result so far, the work still to be done on it (None: nothing), and whether it took over any."""

    reading: Reading
    result: SubjectResult
    inputs: Mapping[str, str]
    work: WorkItem | None = None
    is_copy: bool = False


class Decider:
    """Turns readings into work and faults into outcomes, for one library and one pass.

    Attributes
    ----------
    stopped : collection of str
        Steps that are left alone: their due work stays as it is.
    """

    def __init__(
        self, library: Library, steps: Mapping[str, type[Step]], settings: Settings, now: Callable[[], datetime]
    ) -> None:
        self.library, self.steps, self.settings, self.now = library, steps, settings, now
        self.stopped: Collection[str] = ()

    def decide(self, reading: Reading, known: KnownContent | None, beside: Sequence[Sidecar] = ()) -> Decided:
        """Decide on one reading.

        Parameters
        ----------
        known : KnownContent or None
            What the library has of the same content.
        beside : sequence of Sidecar
            The sidecars of the original, the best first.
        """
        subject = reading.subject
        due = [name for name in subject.attempts if name in self.steps and name not in self.stopped]
        reads = self._reads_version(reading)
        inputs = {name: self._inputs_key(self.steps[name], reads) for name in due}
        decided = Decided(reading, self._result(reading), inputs)
        if reading.fault is None and reading.sha256 is not None and subject.sha256 not in {None, reading.sha256}:
            changed = "the object changed since it was listed; the next listing makes it due"
            return self._refuse(decided, due, ItemFault(Reason.TRANSIENT, changed))
        if known is not None and known.is_erased:
            decided.result.content = None
            return self._refuse(decided, due, ItemFault(Reason.ERASED, "this content was erased from the library"))
        adopted = self._adopted(subject, due, inputs, known)
        if known is not None and known.is_retired:
            decided.result.follow = self._asked_for(known, reads)
            if registry.shows(known.kind or "photo") in adopted:
                decided.result.follow |= self.following(decided)
        decided.is_copy = bool(adopted)
        left = [name for name in due if name not in adopted]
        decided.result.released = adopted
        if not left:
            return decided
        if reading.fault is not None:
            if reading.fault.reason is Reason.VIDEO_PASS_PENDING:
                decided.result.handed_over = self._video_steps()
            undecoded = [name for name in left if self._works_without_pixels(name, reading)]
            refused = self._told(left, reading)
            self._refuse(decided, [name for name in refused if name not in undecoded], reading.fault)
            decided.result.moot = [name for name in left if name not in refused]
            decided.result.released = [*adopted, *decided.result.moot]
            if undecoded:
                decided.work = self._work_item(reading, tuple(undecoded), beside)
            return decided
        if not reading.is_whole:
            decided.result.released = due
            shows = registry.shows(subject.kind or "photo")
            if reading.preview_lost and shows:
                decided.result.follow = {shows: NEVER}
            return decided
        todo = tuple(name for name in left if self._applies(name, reading))
        decided.result.moot = [name for name in left if name not in todo]
        decided.result.released = [*adopted, *decided.result.moot]
        if todo:
            decided.work = self._work_item(reading, todo, beside)
        return decided

    def fail(self, decided: Decided, reason: Reason, detail: str) -> None:
        """Replace what is known of a subject's work by a fault of all its steps."""
        due = list(decided.inputs)
        told = self._told(due, decided.reading)
        decided.result.rows, decided.result.renditions, decided.result.follow = {}, [], {}
        decided.result.released = decided.result.moot = [name for name in due if name not in told]
        self._refuse(decided, told, ItemFault(reason, detail))

    def fault_outcome(self, decided: Decided, step: str, fault: ItemFault) -> StepOutcome:
        """The outcome of a fault of one step."""
        subject = decided.reading.subject
        return outcome_of_fault(
            self.steps[step],
            fault,
            inputs_key=decided.inputs[step],
            attempts=subject.attempts[step],
            failing_since=subject.failing_since,
            now=self.now(),
            settings=self.settings.pipeline,
        )

    def following(self, decided: Decided) -> dict[str, str]:
        """The steps that follow once this subject's preview is made."""
        kind = decided.reading.sniffed.kind if decided.reading.sniffed else "photo"
        return registry.following(
            kind=kind,
            consents=self.library.consents,
            preview_inputs=decided.inputs[registry.shows(kind) or ""],
            settings=self.settings,
        )

    def _video_steps(self) -> list[str]:
        steps = registry.for_everyone("video")
        return [step.name for step in steps if registry.applies(step, kind="video", consents=self.library.consents)]

    def _asked_for(self, known: KnownContent, reads: str) -> dict[str, str]:
        """The steps on demand that content had when its last original left: a change since then went past it."""
        return {
            name: self._inputs_key(step, reads)
            for name, step in self.steps.items()
            if step.on_demand and name in known.inputs
        }

    def _inputs_key(self, step: type[Step], reads: str) -> str:
        return step.inputs_key(self.settings, reads, self.library.consents)

    def _refuse(self, decided: Decided, due: list[str], fault: ItemFault) -> Decided:
        decided.work = None
        decided.result.outcomes = [self.fault_outcome(decided, name, fault) for name in due]
        return decided

    def _adopted(
        self, subject: Subject, due: list[str], inputs: Mapping[str, str], known: KnownContent | None
    ) -> list[str]:
        """The due steps a copy takes over from its content; a lower original has its own facts read."""
        if known is None or subject.subject_kind != "o":
            return []
        is_lower = known.facts_original > subject.original_id
        return [
            name
            for name in due
            if known.inputs.get(name) == inputs[name] and not (is_lower and "facts" in self.steps[name].writes)
        ]

    def _reads_version(self, reading: Reading) -> str:
        if reading.sniffed is None and reading.subject.renditions_inputs is not None:
            return reading.subject.renditions_inputs
        return reading.sha256.hex() if reading.sha256 is not None else reading.etag or reading.subject.etag

    def _told(self, left: list[str], reading: Reading) -> list[str]:
        """The steps whose outcome tells why there is nothing to work on: those for this kind, or for photos."""
        is_unknown = reading.sniffed is None and reading.subject.kind is None
        if is_unknown and reading.fault is not None and reading.fault.reason is Reason.TRANSIENT:
            return left  # any of them may turn out to apply
        fitting = [name for name in left if self._applies(name, reading)]
        return fitting or [name for name in left if "photo" in self.steps[name].kinds] or left

    def _works_without_pixels(self, name: str, reading: Reading) -> bool:
        """Whether a step can be done on a photo that no decoder reads, or on a sidecar."""
        undecoded = {Reason.UNSUPPORTED, Reason.SIDECAR}
        unsupported = reading.fault is not None and reading.fault.reason in undecoded
        return (
            unsupported and reading.data is not None and not self.steps[name].decodes and self._applies(name, reading)
        )

    def _applies(self, name: str, reading: Reading) -> bool:
        kind = reading.sniffed.kind if reading.sniffed else reading.subject.kind or "photo"
        return registry.applies(self.steps[name], kind=kind, consents=self.library.consents)

    def _result(self, reading: Reading) -> SubjectResult:
        subject, sniffed = reading.subject, reading.sniffed
        result = SubjectResult(subject.subject_id, subject.subject_kind, subject.original_id, item_id=subject.item_id)
        if sniffed is not None:
            result.kind, result.mime = sniffed.kind, sniffed.mime
        if subject.subject_kind == "o" and sniffed is not None and reading.sha256 is not None:
            result.content = Content(reading.sha256, reading.bytes_read, sniffed.kind, sniffed.mime)
            result.etag, result.last_modified = reading.etag, reading.last_modified
            if sniffed.kind == "sidecar":
                result.retold = media_keys(subject.key)
        return result

    def _work_item(self, reading: Reading, todo: tuple[str, ...], beside: Sequence[Sidecar]) -> WorkItem:
        subject = reading.subject
        context: dict[str, Any] = {
            "file_name": subject.key.removeprefix(self.library.prefix),
            "last_modified": (reading.last_modified or subject.last_modified).isoformat(),
            "home_zone": self.library.home_zone,
            "proxy": self.library.proxy,
            "consents": list(self.library.consents),
            "sha256": (reading.sha256 or subject.sha256 or b"").hex(),
            "now": self.now().isoformat(),
            "camera": subject.camera or "",
            "sidecars": [[sidecar.kind, sidecar.content] for sidecar in beside[:MOST_SIDECARS]],
            **({"frames": reading.frames} if reading.frames else {}),
        }
        kind = reading.sniffed.kind if reading.sniffed else subject.kind or "photo"
        mime = reading.sniffed.mime if reading.sniffed else "image/jpeg"
        return WorkItem(subject.subject_id, reading.data or b"", kind, mime, context, todo, reading.path)


def done(
    step: type[Step], inputs_key: str, *, attempts: int, cpu_s: float, wall_s: float, written: int, read: int
) -> StepOutcome:
    """The outcome of a step that found what it looked for."""
    return StepOutcome(
        step.name, State.DONE, None, None, attempts, step.version, inputs_key, cpu_s, wall_s, read, written
    )
