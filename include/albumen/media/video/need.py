"""Whether a video needs a proxy: by what browsers play, and by what its library asks for."""

from __future__ import annotations

from albumen.media.video.probe import Streams
from albumen.settings import ProxyPolicy

_H264_FILES = frozenset({"video/mp4", "video/x-m4v", "video/quicktime"})
_PLAYED = {
    **dict.fromkeys(_H264_FILES, (frozenset({"h264"}), frozenset({"aac", "mp3", "mp3float", None}))),
    "video/webm": (frozenset({"vp8", "vp9", "libvpx", "libvpx-vp9"}), frozenset({"opus", "vorbis", "libopus", None})),
}
"""Type of file → codecs of pictures and of sound that every browser plays in it."""
_EIGHT_BIT = frozenset({"yuv420p", "yuvj420p"})


def is_played(streams: Streams, mime: str) -> bool:
    """Whether every browser plays the file as it is, in the right colours."""
    pictures, sounds = _PLAYED.get(mime, (frozenset(), frozenset()))
    return (
        streams.video_codec in pictures
        and streams.audio_codec in sounds
        and streams.pixel_format in _EIGHT_BIT
        and streams.transfer == "sdr"
    )


def needs_proxy(streams: Streams, mime: str, policy: ProxyPolicy, *, bit_rate: int, short_side: int) -> str:
    """Why a video gets a proxy, in words; empty: it gets none.

    Parameters
    ----------
    policy : str
        `required`: what browsers do not play; `bitrate`: also what is large for what a proxy shows; `always`; `never`.
    bit_rate : int
        Bits a second beyond which `bitrate` asks for one.
    short_side : int
        The proxy's, pixels: `bitrate` asks for one of what has twice as many.
    """
    if policy == "never":
        return ""
    if policy == "always":
        return "the library wants one of every video"
    if not is_played(streams, mime):
        return f"not every browser plays {streams.video_codec} with {streams.audio_codec or 'no sound'} in {mime}"
    if policy == "bitrate":
        if (streams.bit_rate or 0) > bit_rate:
            return f"{streams.bit_rate} bits a second are more than {bit_rate}"
        if min(streams.width, streams.height) >= 2 * short_side:
            return f"{streams.width} x {streams.height} pixels are more than a proxy shows"
    return ""
