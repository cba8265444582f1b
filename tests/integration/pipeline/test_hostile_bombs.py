"""Small files that ask for much: each ends with the limit it passed, its facts read, and its neighbours unharmed.

Every bomb goes through the real sandbox with the limits as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from albumen.media.sniff import sniff
from albumen.pipeline import registry
from albumen.pipeline.contract import StepResult
from albumen.pipeline.sandbox import Sandbox, WorkItem, WorkOutcome
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import SandboxSettings, Settings
from albumen.testing.bombs import (
    DEFLATE,
    XMP_IN_PNG,
    apng,
    bmp,
    chained_tiff,
    encoded,
    exif_entries,
    gif,
    grid_heic,
    jpeg_with,
    jxl,
    locations,
    looped_tiff,
    mpf,
    namespaces,
    packed,
    packed_jxl,
    png,
    png_with,
    psd,
    raw_profiles,
    resized_heif,
    resized_jpeg,
    scans_jpeg,
    segment,
    tiff_of_profile,
    tiff_picture,
    webp,
    xmp,
    xmp_png,
)

HUGE = 100_000
PEAK_BYTES = 1024**3
CONTEXT = {
    "file_name": "a",
    "last_modified": "2025-05-05T10:00:00+00:00",
    "home_zone": "Europe/Madrid",
    "now": "2026-06-01T00:00:00+00:00",
}
STEPS = ("metadata", "renditions")


@dataclass(frozen=True)
class Bomb:
    """A file, and how its renditions must end: with words of a limit, or (no reason) made all the same."""

    make: Callable[[], bytes]
    reason: Reason | None = None
    words: str = ""


PIXELS, FRAMES = "limit 300000000 (limits.photo_pixels)", "limit 100000 (limits.photo_frames)"
LAUGHS = b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 9) for n in range(1, 30))
BOMBS = {
    # Headers that claim more pixels than anybody has memory.
    "png": Bomb(lambda: png(HUGE, HUGE, rows=1), Reason.TOO_LARGE, PIXELS),
    "gif": Bomb(lambda: gif(65_535, 65_535), Reason.TOO_LARGE, PIXELS),
    "webp": Bomb(lambda: webp(1 << 24, 1 << 24, 1), Reason.UNREADABLE),  # more than the format allows
    "tiff": Bomb(lambda: tiff_picture(HUGE, HUGE, DEFLATE, packed(1 << 20)), Reason.TOO_LARGE, PIXELS),
    "bmp": Bomb(lambda: bmp(2**31 - 1, -(2**31 - 1)), Reason.TOO_LARGE, PIXELS),
    "jpeg": Bomb(lambda: resized_jpeg(65_500, 65_500), Reason.TOO_LARGE, PIXELS),
    "heic": Bomb(lambda: resized_heif("HEIF", HUGE, HUGE), Reason.TOO_LARGE, f"{HUGE}x{HUGE} exceeds"),
    "avif": Bomb(lambda: resized_heif("AVIF", HUGE, HUGE), Reason.TOO_LARGE, PIXELS),
    "heic of many tiles": Bomb(lambda: grid_heic(25, 25, 1024), Reason.TOO_LARGE, PIXELS),
    "jxl": Bomb(lambda: jxl(2**30), Reason.TOO_LARGE, PIXELS),
    "psd": Bomb(lambda: psd(30_000, 30_000), Reason.TOO_LARGE, PIXELS),
    "psb": Bomb(lambda: psd(300_000, 300_000, big=True), Reason.TOO_LARGE, PIXELS),
    # Frames, layers, pages.
    "gif of frames": Bomb(lambda: gif(1, 1, 150_000), Reason.TOO_LARGE, FRAMES),
    "apng of frames": Bomb(lambda: apng(110_000), Reason.TOO_LARGE, FRAMES),
    "apng that claims frames": Bomb(lambda: apng(2, 2**31 - 1), Reason.TOO_LARGE, FRAMES),
    "webp of frames": Bomb(lambda: webp(1, 1, 110_000), Reason.TOO_LARGE, FRAMES),
    "psd of layers": Bomb(lambda: psd(64, 48, 30_000), Reason.TOO_LARGE, "limit 10000 (limits.photo_layers)"),
    "tiff that is its own next page": Bomb(lambda: looped_tiff(), Reason.UNREADABLE),
    "tiff of pages": Bomb(lambda: chained_tiff(100_000), Reason.UNREADABLE),
    # Little that unpacks to much.
    "png profile": Bomb(lambda: png_with(b"iCCP", b"a\0\0" + packed(50 << 20)), Reason.TOO_LARGE, "(limits.icc_bytes)"),
    "tiff profile": Bomb(lambda: tiff_of_profile(50 << 20), Reason.TOO_LARGE, "(limits.icc_bytes)"),
    "png text": Bomb(lambda: png_with(b"zTXt", b"Comment\0\0" + packed(100 << 20))),
    "png raw profiles": Bomb(raw_profiles),
    "tiff strip": Bomb(lambda: tiff_picture(64, 48, DEFLATE, packed(100 << 20))),
    # Metadata.
    "xmp of 200 MiB": Bomb(lambda: png_with(b"iTXt", XMP_IN_PNG + packed(200 << 20, b"<a b='c'/>\n"))),
    "xmp of laughs": Bomb(lambda: xmp_png(b"<!DOCTYPE x [<!ENTITY a0 'ha'>" + LAUGHS + b"]>" + xmp(b"&a29;"))),
    "xmp too deep": Bomb(lambda: xmp_png(xmp(b"<a>" * 1_000_000))),
    "xmp of namespaces": Bomb(lambda: xmp_png(xmp(namespaces(200_000)))),
    "exif of overlapping values": Bomb(lambda: jpeg_with(segment(0xE1, b"Exif\0\0" + exif_entries(5_400, 60_000)))),
    "a thousand exif blocks": Bomb(
        lambda: jpeg_with(*[segment(0xE1, b"Exif\0\0" + exif_entries(5_400, 60_000))] * 1000)
    ),
    "heic of locations": Bomb(locations, Reason.UNREADABLE),
    "jxl of packed boxes": Bomb(lambda: packed_jxl(4_000), Reason.UNREADABLE),
    "mpf of pictures": Bomb(lambda: jpeg_with(segment(0xE2, mpf(2**32 - 1)))),
}


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[int, str], WorkOutcome]:
    """Every bomb between two good photos, all in one run of one sandbox."""
    good = {"image/jpeg": encoded("JPEG"), "image/png": png()}
    files = [file for bomb in BOMBS.values() for file in (good["image/jpeg"], bomb.make(), good["image/png"])]
    mimes = [sniff(data[:65_536], len(data), "a").mime for data in files]
    items = [WorkItem(n, data, "photo", mimes[n], CONTEXT, STEPS) for n, data in enumerate(files)]
    references = [registry.reference_of(step) for step in registry.of_pass("original") if step.name in STEPS]
    with Sandbox(references, Settings()) as sandbox:
        found = {(outcome.subject_id, outcome.step): outcome for outcome in sandbox.run(items)}
        assert sandbox.restarts == 0
        assert sandbox.peak_rss_bytes < PEAK_BYTES
    assert len(found) == len(items) * len(STEPS)
    return found


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_at_its_limit_and_harms_no_neighbour(
    outcomes: dict[tuple[int, str], WorkOutcome], name: str
) -> None:
    number, bomb = 3 * list(BOMBS).index(name) + 1, BOMBS[name]
    for neighbour in (number - 1, number + 1):
        assert all(isinstance(outcomes[neighbour, step].result, StepResult) for step in STEPS)
    facts, made = (outcomes[number, step].result for step in STEPS)
    assert isinstance(facts, StepResult), "metadata never fails"
    if bomb.reason is None:
        assert isinstance(made, StepResult), made
    else:
        assert isinstance(made, ItemFault)
        assert made.reason is bomb.reason, made
        assert bomb.words in made.detail


def test_a_progressive_photo_of_endless_scans_runs_out_of_time_and_costs_only_itself() -> None:
    settings = Settings(sandbox=SandboxSettings(item_seconds=2.0))
    files = [encoded("JPEG"), scans_jpeg(8_000, 10_000), encoded("JPEG")]
    items = [WorkItem(n, data, "photo", "image/jpeg", CONTEXT, ("renditions",)) for n, data in enumerate(files)]
    references = [registry.reference_of(step) for step in registry.of_pass("original") if step.name == "renditions"]
    with Sandbox(references, settings) as sandbox:
        first, endless, last = (one.result for one in sorted(sandbox.run(items), key=lambda one: one.subject_id))
    assert isinstance(first, StepResult)
    assert isinstance(last, StepResult)
    assert isinstance(endless, ItemFault)
    assert (endless.reason, endless.detail) == (
        Reason.TIMED_OUT,
        "renditions took longer than 2 s (sandbox.item_seconds)",
    )


@pytest.mark.parametrize("form", ["jpeg", "heic"])
def test_a_phones_two_hundred_megapixels_pass(form: str) -> None:
    data = encoded("JPEG", (16_320, 12_240)) if form == "jpeg" else grid_heic(10, 10, 1632, 1224)
    items = [WorkItem(1, data, "photo", f"image/{form}", CONTEXT, STEPS)]
    references = [registry.reference_of(step) for step in registry.of_pass("original") if step.name in STEPS]
    # A busy machine's wall time says nothing about the limits.
    with Sandbox(references, Settings(sandbox=SandboxSettings(item_seconds=120.0))) as sandbox:
        facts, made = (outcome.result for outcome in sandbox.run(items))
    assert isinstance(facts, StepResult)
    assert isinstance(made, StepResult), made
    assert (facts.rows["facts"][0]["width"], facts.rows["facts"][0]["height"]) == (16_320, 12_240)
    assert [(one.width, one.height) for one in made.objects] == [(333, 250), (1920, 1440)]
