"""The step contract: what a step declares, what it is given, what it gives back.

A step is one small class in one file of `pipeline/steps/`, plus its line in
`pipeline/registry.py`. Its `run` is called inside the sandbox: no network, no credentials, no
catalog. Everything else (reading, writing, retries, quarantine, metrics) is done for it.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PassName = Literal["original", "preview", "video"]


class MediaInput:
    """One subject as a step sees it: its bytes, what they are, and what is known from outside them.

    The decoded picture is made on first use and shared by the steps of the pass.

    Parameters
    ----------
    subject_id : int
        The original's or item's id, for messages only.
    data : bytes
        The whole object.
    kind, mime : str
        What `media.sniff` says the bytes are: `photo`, `video`, `sidecar` or `other`, and the type.
    context : mapping
        Facts from outside the bytes: `file_name` (str), `last_modified` (ISO 8601, UTC),
        `home_zone` (IANA name), `proxy` (the library's policy), `now` (ISO 8601, UTC),
        `sidecars` (kind and bytes of each, the best first), `sha256` (hexadecimal digits),
        `frames` (of a video, as `media.video.storyboard` writes them), `consents` (of the library).
    path : str
        Where a video lies on the disk, whole, in place of `data`; steps may write into its folder.
    tell : callable or None
        Told how much of a step's work is done.
    """

    def __init__(
        self,
        subject_id: int,
        data: bytes,
        kind: str,
        mime: str,
        context: Mapping[str, Any],
        path: str = "",
        tell: Callable[[float], None] | None = None,
    ) -> None:
        self.subject_id = subject_id
        self.data = data
        self.kind = kind
        self.mime = mime
        self.context = context
        self.shared: dict[str, Any] = {}
        self.path = path
        self._tell = tell

    def report(self, share: float) -> None:
        """Say that 0 to 1 of a long step's work is done: a step that says nothing for long is taken for hung."""
        if self._tell:
            self._tell(min(1.0, max(0.0, share)))

    @cached_property
    def picture(self) -> NDArray[np.uint8]:
        """The upright picture, sRGB, height x width x 3, uint8; for renditions, which need no limits."""
        from albumen.media.photo import decode_rendition

        return decode_rendition(self.data)

    @cached_property
    def frames(self) -> list[tuple[float, NDArray[np.uint8]]]:
        """Beside the picture a few frames of a video, with their times in seconds; none of a photo."""
        from albumen.media.video.storyboard import frames_of

        return frames_of(self.context["frames"]) if self.context.get("frames") else []

    @property
    def pictures(self) -> list[tuple[float | None, NDArray[np.uint8]]]:
        """All that there is to look at: the picture, and a video's frames with their times in seconds."""
        return [(None, self.picture), *self.frames]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A derived file to put into the library bucket: its bytes, or the name of a file beside the input."""

    name: str
    extension: str
    mime: str
    width: int
    height: int
    data: bytes = field(repr=False)
    file: str = ""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step found in one subject.

    Attributes
    ----------
    rows : mapping of table name to rows
        Rows without `library_id` and `item_id`; they replace the item's earlier rows of the table, or
        those of the same model where `model_id` is in its key.
    objects : sequence of StoredObject
        Renditions to store.
    """

    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    objects: Sequence[StoredObject] = ()


@dataclass(frozen=True, slots=True)
class StepSkip:
    """The step does not apply to this subject, and why."""

    reason: Reason
    detail: str = ""


Outcome = StepResult | StepSkip | ItemFault

Found = TypeVar("Found")


def each_picture(
    batch: Sequence[MediaInput],
    predict: Callable[[Sequence[NDArray[np.uint8]]], Sequence[Found]],
    result: Callable[[Sequence[tuple[float | None, Found]]], Outcome],
) -> list[Outcome]:
    """Run a model over all pictures of a batch, frames of videos too; one that cannot be decoded costs only itself.

    Parameters
    ----------
    batch : sequence of MediaInput
    predict : callable
        From pictures to what was found in each, in order.
    result : callable
        From what was found in the pictures of one input, with their times as of `MediaInput.pictures`, to its outcome.

    Returns
    -------
    list of Outcome
        One an input, in order.
    """
    faults: dict[int, ItemFault] = {}
    seen: list[tuple[int, float | None, NDArray[np.uint8]]] = []
    for number, media in enumerate(batch):
        try:
            seen += [(number, seconds, picture) for seconds, picture in media.pictures]
        except ItemFault as fault:
            faults[number] = fault
    found: dict[int, list[tuple[float | None, Found]]] = {}
    for (number, seconds, _), one in zip(seen, predict([picture for *_, picture in seen]), strict=True):
        found.setdefault(number, []).append((seconds, one))
    return [faults[number] if number in faults else result(found[number]) for number in range(len(batch))]


class Step(ABC):
    """One versioned piece of work.

    Class attributes
    ----------------
    name, version :
        Raise `version` when the step's output changes: it becomes due again for every item.
    reads :
        The pass it belongs to.
    kinds :
        The media kinds it applies to (`photo`, `video`).
    needs :
        Steps that must be done before.
    on_demand :
        Due only for items it was asked for; a raised version makes it due again for those alone.
    decodes :
        Whether it needs the pixels; a step that does not runs also on photos that no decoder reads.
    makes_preview :
        Whether its renditions are what people see of an item, and what the preview pass reads.
    consent :
        A consent of the library it requires (`faces`), or None.
    heeds :
        Consents that change what it finds: given or withdrawn, they make it due again.
    writes :
        The catalog tables its rows go to.
    models :
        Ids of the weights it uses, as in the weights manifest; `models_of` where settings choose them.
    batch_size :
        The most subjects given to one `run`.
    expected_seconds :
        CPU seconds of one item until measured.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    reads: ClassVar[PassName]
    kinds: ClassVar[frozenset[str]] = frozenset({"photo"})
    needs: ClassVar[tuple[str, ...]] = ()
    on_demand: ClassVar[bool] = False
    decodes: ClassVar[bool] = True
    makes_preview: ClassVar[bool] = False
    consent: ClassVar[str | None] = None
    heeds: ClassVar[frozenset[str]] = frozenset()
    writes: ClassVar[tuple[str, ...]] = ()
    models: ClassVar[tuple[str, ...]] = ()
    batch_size: ClassVar[int] = 1
    expected_seconds: ClassVar[float] = 0.1

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """The settings whose change makes this step due again."""
        return {}

    @classmethod
    def models_of(cls, settings: Settings) -> tuple[str, ...]:
        """Ids of the weights it uses with these settings."""
        return cls.models

    @classmethod
    def check_models(cls, settings: Settings, consents: Collection[str] = ()) -> None:
        """See that all it loads for a library of these consents is there and unaltered, before anything is read.

        Raises
        ------
        albumen.vision.weights.WeightsError
            When it is not; the message names the fix.
        """
        from albumen.vision.weights import path_of

        for model_id in cls.models_of(settings):
            path_of(model_id, Path(settings.models.directory))

    @classmethod
    def signature(cls, settings: Settings) -> str:
        """What decides this step's output besides its input: version, models, settings; 16 hexadecimal digits."""
        parts = [cls.name, cls.version, list(cls.models_of(settings)), dict(cls.relevant_settings(settings))]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]

    @classmethod
    def inputs_key(cls, settings: Settings, reads_version: str, consents: Collection[str] = ()) -> str:
        """The signature, then a digest of what is read: the same key means nothing to do.

        Parameters
        ----------
        settings : Settings
            The settings in force.
        reads_version : str
            Version of what the step reads: the content's SHA-256 for originals, the inputs key of
            the renditions for previews.
        consents : collection of str
            Of the library.

        Returns
        -------
        str
            32 hexadecimal digits.
        """
        read = "+".join([reads_version, *sorted(cls.heeds.intersection(consents))])
        return cls.signature(settings) + hashlib.sha256(read.encode()).hexdigest()[:16]

    @abstractmethod
    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Work on the batch.

        Returns
        -------
        sequence
            One result per input, in order: a `StepResult`, a `StepSkip`, or an `ItemFault`.
        """
