"""What the steps that encode share: a video of the batch into a file beside it, told as an object to store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from albumen.pipeline.contract import MediaInput, StepResult, StoredObject
from albumen.settings import VideoSettings

if TYPE_CHECKING:
    from albumen.media.video.encode import Encoding


def encoded(name: str, media: MediaInput, encoding: Encoding, knobs: VideoSettings, *, seconds: float) -> StepResult:
    """Encode a video as the rendition of that name, saying how far it is.

    Parameters
    ----------
    seconds : float
        Wall time it may take.

    Raises
    ------
    ItemFault
        As of `media.video.encode.encode`.
    """
    from albumen.media.video.encode import encode

    source = Path(media.path)
    file = f"{name}.mp4"
    made = encode(
        source,
        media.mime,
        source.with_name(file),
        encoding,
        seconds=seconds,
        threads=knobs.threads,
        on_progress=media.report,
    )
    return StepResult(objects=[StoredObject(name, "mp4", "video/mp4", made.width, made.height, b"", file)])
