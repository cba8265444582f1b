"""What is fuzzed, with the promises that must hold whatever the bytes."""

from __future__ import annotations

import io
import json
import math
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

import msgpack
import numpy as np
from mutation import words_of
from seeds import (
    DATES,
    IPTC,
    NAMES,
    XMP,
    exif_block,
    exif_in_png,
    iptc_in_jpeg,
    pictures,
    srgb_profile,
    tiff_block,
    xmp_in_png,
)

from albumen.media import colour, declared_length, png, sniff
from albumen.media.decoders import DECODERS
from albumen.media.metadata import containers, dates, exif, file_name_dates, iptc, isobmff, jpeg, read_film, tiff, xmp
from albumen.media.metadata.text import clean_text
from albumen.media.photo import Rendered, render
from albumen.media.signatures import SIGNATURES
from albumen.media.video import gpmf, quicktime
from albumen.media.video.container import read_container
from albumen.pipeline import sandbox_protocol as protocol
from albumen.pipeline.contract import MediaInput, StepResult
from albumen.pipeline.steps.metadata import MetadataStep, rows_of
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings, Settings
from albumen.testing.bombs import chunk
from albumen.testing.gopro import a_gopro_film, gps5, gps9

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LIMITS = LimitSettings(photo_pixels=1_000_000, metadata_bytes=256 * 1024, raw_tags_bytes=2048)
SETTINGS = Settings(limits=LIMITS)
CONTEXT = {
    "file_name": "a.bin",
    "last_modified": "2025-05-05T10:00:00+00:00",
    "home_zone": "Europe/Madrid",
    "now": NOW.isoformat(),
}
RENDITIONS = RenditionSettings(thumb_short_side=16, preview_short_side=64, preview_long_side_max=256)
PNG_WORDS = tuple(
    chunk(name, body)
    for name, body in (
        (b"gAMA", bytes([0, 0, 0, 1])),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        (b"cICP", bytes([9, 16, 0, 1])),
        (b"iCCP", b"a\0\0" + zlib.compress(srgb_profile())),
        (b"acTL", struct.pack(">II", 2, 0)),
        (b"tRNS", bytes(6)),
    )
)
FACTS_BYTES = 2 * 1024**2
_INTEGER, _SMALL = 2**31, 2**15
_WIDEST_OFFSET = 16 * 60  # local mean time of Manila before 1845
_NUMBERS = {
    "exposure_s": (0, 1e6),
    "f_number": (0, 1000),
    "iso": (0, 1e8),
    "focal_mm": (0, 1e5),
    "focal_35mm": (0, 1e5),
    "rating": (-1, 5),
}


@dataclass(frozen=True)
class Target:
    """Something that reads bytes.

    Attributes
    ----------
    name : str
        Its name, and that of the folder of its kept cases.
    check : callable
        Takes an input; raises where a promise is broken.
    seeds : callable
        Gives inputs to begin with.
    tokens : sequence of bytes
        Words that mean something to it.
    mime : str or None
        Files of this media type are inputs of it.
    """

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    tokens: Sequence[bytes] = field(default=(), repr=False)
    mime: str | None = None


def check_sniff(data: bytes) -> None:
    """The first line is the file's name, the rest its first bytes."""
    name, _, head = data.partition(b"\n")
    found = sniff.sniff(head, len(head), name.decode(errors="replace"))
    assert found.kind in ("photo", "video", "sidecar", "other")
    assert (found.reason is None) == (not found.detail)
    assert_storable([found.mime, found.format, found.detail])


def check_metadata(mime: str, data: bytes) -> None:
    """What the step says is taken by the parent as it is, and by the catalog."""
    (outcome,) = MetadataStep(SETTINGS).run([MediaInput(1, data, "photo", mime, CONTEXT)])
    result = sent(outcome)
    assert isinstance(result, StepResult), result
    (facts,), (raw,) = result.rows["facts"], result.rows["raw_tags"]
    assert len(json.dumps(raw["tags"], allow_nan=False)) <= LIMITS.raw_tags_bytes, "raw tags beyond their limit"
    assert len(json.dumps(facts, allow_nan=False)) <= FACTS_BYTES, "facts without bounds"
    assert_storable([facts, raw])
    assert_facts(facts)


def check_film(data: bytes) -> None:
    """A film's headers, and a GoPro's positions in them, cost nothing but what makes no sense in them."""
    container = read_container(io.BytesIO(data), "video/mp4")
    modified = datetime.fromisoformat(CONTEXT["last_modified"])
    found = read_film(
        container, file_name="a.mp4", last_modified=modified, home_zone="Europe/Madrid", now=NOW, limits=LIMITS
    )
    rows = rows_of(found)
    assert_storable([*rows["facts"], *rows["raw_tags"]])
    assert_facts(rows["facts"][0])


def _film_seeds() -> list[bytes]:
    return [a_gopro_film([layout(40.4, -3.7, 657.0, fix=3)] * 3) for layout in (gps5, gps9)]


def sent(outcome: Any) -> Any:
    """The outcome as it arrives at the other side of the sandbox's pipe."""
    values, blobs = protocol.dump_outcome(outcome)
    frames = protocol.FrameBuffer()
    frames.feed(b"".join(protocol.pack_frame(values, blobs)))
    frame = frames.next()
    assert frame is not None
    return protocol.load_outcome(*frame)


def assert_facts(facts: Mapping[str, Any]) -> None:
    """Every fact lies in its column's range, and the date's parts fit one another."""
    for side in ("width", "height"):
        assert facts[side] is None or 0 < facts[side] < _INTEGER, f"{side} {facts[side]}"
    assert facts["orientation"] in (None, 1, 2, 3, 4, 5, 6, 7, 8)
    assert (facts["gps_lat"] is None) == (facts["gps_lon"] is None)
    if facts["gps_lat"] is not None:
        assert abs(facts["gps_lat"]) <= 90
        assert abs(facts["gps_lon"]) <= 180
        assert facts["gps_alt"] is None or -12_000 <= facts["gps_alt"] <= 1_000_000
    for name, (least, largest) in _NUMBERS.items():
        assert name not in facts["extra"] or least <= facts["extra"][name] <= largest, name
    if facts["taken_local"] is not None:
        local, minutes = datetime.fromisoformat(facts["taken_local"]), facts["taken_offset_minutes"]
        assert local.year >= dates.FIRST_YEAR - 1
        assert local <= NOW.replace(tzinfo=None) + timedelta(days=2)
        assert abs(minutes) <= _WIDEST_OFFSET < _SMALL
        assert datetime.fromisoformat(facts["taken_utc"]).replace(tzinfo=None) == local - timedelta(minutes=minutes)


def assert_storable(value: Any) -> None:
    """Neither text nor JSON of PostgreSQL takes NULs or lone surrogates; JSON takes no NaN."""
    for one in _leaves(value):
        if isinstance(one, str):
            assert "\0" not in one, "a NUL"
            one.encode()
        elif isinstance(one, float):
            assert math.isfinite(one), "a number that is none"


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def checksummed(data: bytes) -> bytes:
    """A PNG whose chunks have the checksums they need: else no change would reach what reads them."""
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        kept.append(chunk(data[at + 4 : at + 8], data[at + 8 : end]))
        at = end + 4
    return b"".join(kept)


def check_render(mime: str, data: bytes) -> None:
    """Renditions, or a fault of the item in storable words."""
    made = _rendered(mime, data)
    if isinstance(made, ItemFault):
        assert made.reason in (Reason.UNREADABLE, Reason.TOO_LARGE, Reason.UNSUPPORTED)
        assert made.detail
        sent(made)
        return
    assert 0 < made.width * made.height <= LIMITS.photo_pixels
    assert made.frames >= 1
    assert made.preview.data.startswith(b"\xff\xd8")


def _rendered(mime: str, data: bytes) -> Rendered | ItemFault:
    try:
        return render(data, mime, renditions=RENDITIONS, limits=LIMITS)
    except ItemFault as fault:
        return fault


def check_file_name(data: bytes) -> None:
    """A date that a calendar has, or none."""
    named = file_name_dates.read_file_name(data.decode(errors="replace"))
    assert named is None or 1900 <= named.moment.local.year <= 2099


def check_date(data: bytes) -> None:
    """A moment, none, or `ImpossibleDate`; and whether it can be, whatever moment it is."""
    text = clean_text(data) or ""
    dates.parse_offset(text)
    try:
        moment = dates.parse_moment(text)
    except dates.ImpossibleDate as impossible:
        assert_storable(str(impossible))
        return
    if moment is not None and dates.refusal(moment, NOW) is None:
        assert dates.FIRST_YEAR <= moment.local.year <= NOW.year + 1
        dates.is_clock_reset(moment.local)


def check_profile(data: bytes) -> None:
    """A broken profile is as none: pixels come out all the same."""
    for mode, channels in (("RGB", 3), ("CMYK", 4), ("L", 1)):
        pixels = np.full((2, 2, channels), 100, np.uint8)
        converted = colour.to_srgb(pixels[:, :, 0] if mode == "L" else pixels, mode, data)  # type: ignore[arg-type]
        assert converted.shape == (2, 2, 3)


def check_png(data: bytes) -> None:
    """A mended file is no longer than the damaged one by more than an end, and needs no mending again."""
    mended = png.mended(data)
    if mended is not None:
        assert len(mended) <= len(data) + 12
        assert png.mended(mended) is None


def check_length(data: bytes) -> None:
    """A length for every container."""
    for container in ("WEBP", "TIFF", "HEIF", "AVIF", "PNG"):
        assert declared_length.declared_length(data, container) >= 0


def check_protocol(data: bytes) -> None:
    """Whatever a child sends, it is a message, or a `ProtocolError`."""
    frames = protocol.FrameBuffer()
    frames.feed(protocol.HEADER.pack(len(data), 0) + data)
    try:
        frame = frames.next()
        assert frame is not None
        message = protocol.parse_message(frame[0])
        if isinstance(message, protocol.Result):
            protocol.load_outcome(message.outcome, frame[1])
    except protocol.ProtocolError as error:
        assert_storable(str(error))


def _protocol_seeds() -> list[bytes]:
    outcomes = [
        StepResult(rows={"t": [{"when": NOW, "day": NOW.date(), "vector": np.zeros((2, 2), np.float32)}]}),
        ItemFault(Reason.UNREADABLE, "why"),
    ]
    heads = [
        protocol.Result(
            task=1, position=0, outcome=protocol.dump_outcome(outcome)[0], cpu_s=0.1, wall_s=0.1
        ).model_dump()
        for outcome in outcomes
    ]
    forged = {"x": msgpack.ExtType(4, msgpack.packb(["<f4", [1.0], bytes(4)]))}
    return [b"".join(protocol.pack_frame(head))[protocol.HEADER.size :] for head in (*heads, forged)]


def _words(*modules: Any) -> tuple[bytes, ...]:
    found: set[bytes] = set()
    for module in modules:
        source = module.__spec__.loader.get_code(module.__name__)
        words_of(source, found)
    return tuple(sorted(found))


@cache
def _pictures() -> dict[str, list[bytes]]:
    return pictures()


def _seeds_of(mime: str) -> list[bytes]:
    return _pictures().get(mime) or [exif_block(), tiff_block(">", (0x100, 4, 24), (0x101, 4, 16))]


def _exif_seeds() -> list[bytes]:
    return [exif_block("<"), exif_block(">")]


def _sniff_seeds() -> list[bytes]:
    return [b"a.jpg\n" + files[0] for files in _pictures().values()] + [
        b"a.txt\nwords",
        b'a.json\n{"photoTakenTime": 1}',
        b"a.svg\n<svg>",
        b"a.tga\n" + bytes(2) + b"\2" + bytes(40),
    ]


def _check_chunks(data: bytes) -> None:
    check_render("image/png", checksummed(data))


def targets() -> dict[str, Target]:
    """All targets by name: our own readers, then one a container and one a decoder."""
    numbers = (b"1/00", b"0/0", b"9999", b"-12:00", b"+14:00", b"24:00:00", b"1e400", b"nan", b"\xed\xa0\x80", b"\0")
    facts = _words(exif, tiff, xmp, iptc, dates, containers) + numbers
    own = [
        Target("sniff", check_sniff, _sniff_seeds, _words(sniff) + tuple(one.magic for one in SIGNATURES)),
        Target("file_name", check_file_name, lambda: NAMES, (b"2010", b"12", b"_", b"IMG_", b" at ")),
        Target("date", check_date, lambda: DATES, numbers),
        Target("exif", lambda data: check_metadata("image/png", exif_in_png(data)), _exif_seeds, facts),
        Target("xmp", lambda data: check_metadata("image/png", xmp_in_png(data)), lambda: [XMP], facts),
        Target("iptc", lambda data: check_metadata("image/jpeg", iptc_in_jpeg(data)), lambda: [IPTC], facts),
        Target("profile", check_profile, lambda: [srgb_profile()]),
        Target("png_chunks", _check_chunks, lambda: _seeds_of("image/png"), PNG_WORDS, "image/png"),
        Target("png_mended", check_png, lambda: _seeds_of("image/png"), (chunk(b"IEND", b""),), "image/png"),
        Target("declared_length", check_length, lambda: [files[0] for files in _pictures().values()], (b"ftyp",)),
        Target("film", check_film, _film_seeds, _words(quicktime, gpmf)),
        Target("protocol", check_protocol, _protocol_seeds, _words(protocol)),
    ]  # fmt: skip
    framing = _words(containers, isobmff, jpeg, tiff, exif)
    read = [
        Target(f"metadata_{_short(mime)}", partial(check_metadata, mime), partial(_seeds_of, mime), framing, mime)
        for mime in containers.READERS
    ]
    drawn = [
        Target(f"render_{_short(mime)}", partial(check_render, mime), partial(_seeds_of, mime), framing, mime)
        for mime in DECODERS
    ]
    return {target.name: target for target in (*own, *read, *drawn)}


def _short(mime: str) -> str:
    return mime.partition("/")[2].removeprefix("x-").removeprefix("vnd.").replace("-", "_").replace(".", "_")
