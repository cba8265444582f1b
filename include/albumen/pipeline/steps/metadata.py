"""The metadata step: what a photo says of itself, without decoding it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from albumen.media.metadata import Metadata, read_metadata
from albumen.media.metadata.motion import find_clip
from albumen.media.video.container import read_container
from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step, StepResult, StoredObject
from albumen.settings import Settings

_COLUMNS = (
    "width",
    "height",
    "orientation",
    "taken_local",
    "taken_utc",
    "taken_offset_minutes",
    "taken_zone",
    "taken_source",
    "zone_source",
    "taken_confidence",
    "gps_lat",
    "gps_lon",
    "gps_alt",
    "gps_source",
    "refused",
    "make",
    "model",
    "lens",
)
_EXTRA = (
    "exposure_s",
    "f_number",
    "iso",
    "focal_mm",
    "focal_35mm",
    "rating",
    "title",
    "description",
    "keywords",
    "burst_id",
    "salvaged",
)


class MetadataStep(Step):
    """Reads when, where, with what and how large, and takes out the clip of a motion photo; damage costs facts only."""

    name: ClassVar[str] = "metadata"
    version: ClassVar[int] = 3
    reads: ClassVar[PassName] = "original"
    decodes: ClassVar[bool] = False
    writes: ClassVar[tuple[str, ...]] = ("facts", "raw_tags", "pair_marks", "motions")
    batch_size: ClassVar[int] = 16
    expected_seconds: ClassVar[float] = 0.002

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """What bounds the reading, since it decides what is found."""
        limits = settings.limits
        return {"metadata_bytes": limits.metadata_bytes, "raw_tags_bytes": limits.raw_tags_bytes}

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Read the facts of each photo.

        Parameters
        ----------
        batch : sequence of MediaInput
            Photos, with `file_name`, `last_modified`, `home_zone` and `now` in their context.

        Returns
        -------
        sequence of StepResult
            One row of `facts` and one of `raw_tags` each; of halves of pairs their marks, of motion photos the clip.
        """
        return [self._read(media) for media in batch]

    def _read(self, media: MediaInput) -> StepResult:
        context = media.context
        found = read_metadata(
            media.data,
            media.mime,
            file_name=context["file_name"],
            last_modified=moment_of(context["last_modified"]),
            home_zone=context["home_zone"],
            now=moment_of(context["now"]),
            limits=self.settings.limits,
            sidecars=[(kind, content) for kind, content in context.get("sidecars", ())],
        )
        marks = [{"mark": f"apple:{found.content_id}", "half": "still"}] if found.content_id else []
        clip = find_clip(media.data, media.mime)
        if clip is None:
            return StepResult(rows={**rows_of(found), "pair_marks": marks, "motions": []})
        film = media.data[clip.start : clip.end]
        marks.append({"mark": f"sha256:{hashlib.sha256(film).hexdigest()}", "half": "still"})
        # What was published of such clips are SHA-1 digests; it protects nothing here.
        motion = {"sha1": hashlib.sha1(film, usedforsecurity=False).digest(), "bytes": len(film), "starts": clip.start}
        shown = read_container(io.BytesIO(film), "video/mp4")
        made = StoredObject("motion", "mp4", "video/mp4", shown.width or 0, shown.height or 0, film)
        return StepResult(rows={**rows_of(found), "pair_marks": marks, "motions": [motion]}, objects=[made])


def rows_of(found: Metadata) -> dict[str, Sequence[Mapping[str, Any]]]:
    """The rows that hold a file's facts."""
    return {"facts": [_facts(found)], "raw_tags": [{"tags": found.raw_tags}]}


def _facts(found: Metadata) -> dict[str, Any]:
    row: dict[str, Any] = {column: getattr(found, column) for column in _COLUMNS}
    extra = {name: getattr(found, name) for name in _EXTRA}
    extra["keywords"] = list(found.keywords)
    extra["face_regions"] = [region.as_json() for region in found.face_regions]
    row["extra"] = {name: value for name, value in extra.items() if value not in (None, []) and value is not False}
    return row


def moment_of(text: str) -> datetime:
    """A moment of the context, with its zone."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
