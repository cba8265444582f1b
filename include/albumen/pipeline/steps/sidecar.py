"""Step `sidecar`: what stands in an XMP or Takeout file, kept for the facts of the file it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step, StepResult, StepSkip
from albumen.pipeline.taxonomy import ItemFault, Reason

LARGEST_BYTES = 1024**2


class SidecarStep(Step):
    """Keeps the content of sidecars that say something; whose it is, its name tells."""

    name: ClassVar[str] = "sidecar"
    version: ClassVar[int] = 1
    reads: ClassVar[PassName] = "original"
    kinds: ClassVar[frozenset[str]] = frozenset({"sidecar"})
    decodes: ClassVar[bool] = False
    writes: ClassVar[tuple[str, ...]] = ("sidecars",)
    batch_size: ClassVar[int] = 16
    expected_seconds: ClassVar[float] = 0.001

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row a sidecar."""
        return [self._read(media) for media in batch]

    def _read(self, media: MediaInput) -> Outcome:
        from albumen.media.metadata.takeout import read_takeout
        from albumen.media.metadata.xmp import read_xmp

        if len(media.data) > LARGEST_BYTES:
            return ItemFault(
                Reason.TOO_LARGE, f"a sidecar of {len(media.data)} bytes; at most {LARGEST_BYTES} are read"
            )
        kind, title = "", ""
        if media.mime == "application/json" and (takeout := read_takeout(media.data)):
            kind, title = "takeout", takeout.title
        elif media.mime == "application/rdf+xml":
            kind = "xmp" if read_xmp(media.data) else ""
        if not kind:
            return StepSkip(Reason.SIDECAR, "it holds no fact that is read")
        return StepResult(rows={"sidecars": [{"kind": kind, "title": title, "content": media.data}]})
