"""The metadata step of videos: what one says of itself, and what its streams are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step, StepResult
from albumen.pipeline.steps.metadata import moment_of, rows_of
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings


class VideoMetadataStep(Step):
    """Reads when, where, with what and how large; damaged streams cost their facts, never the headers'."""

    name: ClassVar[str] = "video_metadata"
    version: ClassVar[int] = 2
    reads: ClassVar[PassName] = "video"
    kinds: ClassVar[frozenset[str]] = frozenset({"video"})
    decodes: ClassVar[bool] = False
    writes: ClassVar[tuple[str, ...]] = ("facts", "raw_tags", "videos", "pair_marks")
    expected_seconds: ClassVar[float] = 0.2

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """What bounds the reading, since it decides what is found."""
        return {"raw_tags_bytes": settings.limits.raw_tags_bytes}

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Read the facts of each video: rows of `facts`, `raw_tags` and `videos`."""
        return [self._read(media) for media in batch]

    def _read(self, media: MediaInput) -> Outcome:
        from albumen.media.metadata import read_film
        from albumen.media.video.container import read_container
        from albumen.media.video.probe import opened, read_streams

        streams = None
        with Path(media.path).open("rb") as file:
            container = read_container(file, media.mime)
            try:
                with opened(file, media.mime) as video:
                    streams = read_streams(video)
            except ItemFault as fault:
                if container.width is None and container.duration_s is None and container.created is None:
                    return fault
        if streams is not None:
            container.set_size(streams.width, streams.height)
            container.duration_s = container.duration_s or streams.duration_s
        context = media.context
        found = read_film(
            container,
            file_name=context["file_name"],
            last_modified=moment_of(context["last_modified"]),
            home_zone=context["home_zone"],
            now=moment_of(context["now"]),
            limits=self.settings.limits,
            sidecars=[(kind, content) for kind, content in context.get("sidecars", ())],
        )
        video_row = {
            "container": container.format or media.mime,
            "duration_s": round(container.duration_s, 3) if container.duration_s else None,
            "rotation": container.rotation,
            "content_identifier": container.tags.get("content_identifier"),
            **{name: getattr(streams, name, None) for name in _STREAM_COLUMNS},
        }
        marks = [f"sha256:{context['sha256']}", *([f"apple:{found.content_id}"] if found.content_id else [])]
        pair_marks = [{"mark": mark, "half": "clip"} for mark in marks]
        return StepResult(rows={**rows_of(found), "videos": [video_row], "pair_marks": pair_marks})


_STREAM_COLUMNS = (
    "fps",
    "frames",
    "bit_rate",
    "video_codec",
    "pixel_format",
    "transfer",
    "audio_codec",
    "audio_channels",
)
