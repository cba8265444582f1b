"""Which decoder reads which type: one line a type, siblings with the same signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from albumen.media import (
    decode_jpeg,
    decode_jpeg_2000,
    decode_jpeg_xl,
    decode_pillow,
    decode_psd,
    decode_raw,
    decode_tiff,
)
from albumen.media.decoded import DecodedPhoto, Wanted
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings


class Decoder(Protocol):
    """A reader of photos."""

    def __call__(self, data: bytes, mime: str, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
        """Decode the picture a person would call the photo; see `decode`."""
        ...


DECODERS: Mapping[str, Decoder] = {
    **dict.fromkeys(decode_pillow.FORMATS, decode_pillow.decode),
    "image/jpeg": decode_jpeg.decode,
    "image/tiff": decode_tiff.decode,
    **dict.fromkeys((decode_jpeg_2000.MIME, decode_jpeg_2000.CODESTREAM_MIME), decode_jpeg_2000.decode),
    decode_jpeg_xl.MIME: decode_jpeg_xl.decode,
    decode_psd.MIME: decode_psd.decode,
    **dict.fromkeys(decode_raw.NAMES, decode_raw.decode),
}


def decode(data: bytes, mime: str, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """Decode a photo by its type.

    Parameters
    ----------
    data : bytes
        The whole file.
    mime : str
        What its bytes are, as sniffed; the file's name has no say.
    limits : LimitSettings
        What is refused before decoding.
    wanted : Wanted
        The largest rendition asked for: a decoder may stop at fewer pixels than the file has, never
        at fewer than this.

    Raises
    ------
    ItemFault
        `unsupported`, `too_large` or `unreadable`, with the limit or the decoder's words.
    """
    decoder = DECODERS.get(mime)
    if decoder is None:
        raise ItemFault(Reason.UNSUPPORTED, f"no photo decoder for {mime}")
    return decoder(data, mime, limits, wanted)
