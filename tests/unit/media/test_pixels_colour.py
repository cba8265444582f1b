"""Measured patches: the same colours come out of every colour space, by references computed here alone.

Each space is written down by its definition (primaries, white, curve), encoded and given a profile made in this
file; nothing of it goes through a colour management library. Distances are CIEDE2000.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from albumen.media.colour import to_srgb
from albumen.media.photo import decode_rendition, render
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings

Floats = NDArray[np.float64]
Curve = Callable[[Floats], Floats]

D65, D50 = (0.3127, 0.3290), (0.3457, 0.3585)
D50_XYZ = np.array([0.9642, 1.0, 0.8249])
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65)
P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), D65)
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), D50)
BT2020 = ((0.708, 0.292), (0.17, 0.797), (0.131, 0.046), D65)

# A ColorChecker's colours that lie in sRGB, a grey scale, and the corners of what photos hold; sRGB numbers.
PATCHES = np.array(
    [
        [115, 82, 68], [194, 150, 130], [98, 122, 157], [87, 108, 67], [133, 128, 177], [103, 189, 170],
        [214, 126, 44], [80, 91, 166], [193, 90, 99], [94, 60, 108], [157, 188, 64], [224, 163, 46],
        [56, 61, 150], [70, 148, 73], [175, 54, 60], [231, 199, 31], [187, 86, 149], [243, 243, 242],
        [200, 200, 200], [160, 160, 160], [122, 122, 121], [85, 85, 85], [52, 52, 52], [255, 255, 255],
        [0, 0, 0], [220, 40, 40], [40, 180, 60], [40, 60, 200], [250, 220, 60], [24, 20, 30],
    ],
    float,
)  # fmt: skip


def srgb_light(signal: Floats) -> Floats:
    return np.where(signal <= 0.04045, signal / 12.92, ((np.maximum(signal, 0) + 0.055) / 1.055) ** 2.4)


def srgb_signal(light: Floats) -> Floats:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def power(gamma: float) -> tuple[Curve, Curve]:
    return (lambda signal: np.maximum(signal, 0) ** gamma), (lambda light: np.maximum(light, 0) ** (1 / gamma))


def bt709() -> tuple[Curve, Curve]:
    return (
        lambda signal: np.where(signal < 0.081, signal / 4.5, ((np.maximum(signal, 0) + 0.099) / 1.099) ** (1 / 0.45)),
        lambda light: np.where(light < 0.018, light * 4.5, 1.099 * np.maximum(light, 0) ** 0.45 - 0.099),
    )


CURVES = {
    "sRGB": (srgb_light, srgb_signal),
    "563/256": power(563 / 256),
    "1.8": power(1.8),
    "2.2": power(2.2),
    "709": bt709(),
    "linear": power(1.0),
}


def adaptation(white: tuple[float, float]) -> Floats:
    """From this white to D50 (Bradford)."""
    cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    source = np.array([white[0] / white[1], 1, (1 - white[0] - white[1]) / white[1]])
    return np.asarray(np.linalg.inv(cones) @ np.diag((cones @ D50_XYZ) / (cones @ source)) @ cones)


def to_xyz(space: tuple[tuple[float, float], ...]) -> Floats:
    """From linear RGB to XYZ under D50."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in space[:3]]).T
    x, y = space[3]
    matrix = columns * np.linalg.solve(columns, np.array([x / y, 1, (1 - x - y) / y]))
    return np.asarray(adaptation(space[3]) @ matrix)


def lab_of_xyz(xyz: Floats) -> Floats:
    ratio = xyz / D50_XYZ
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def lab_of_srgb(numbers: NDArray[np.generic]) -> Floats:
    return lab_of_xyz(srgb_light(np.asarray(numbers, float) / 255) @ to_xyz(SRGB).T)


def delta_e(a: Floats, b: Floats) -> Floats:
    """CIEDE2000 of Lab colours (Sharma, Wu, Dalal, 2005)."""
    c_bar = (np.hypot(a[:, 1], a[:, 2]) + np.hypot(b[:, 1], b[:, 2])) / 2
    g = 0.5 * (1 - np.sqrt(c_bar**7 / (c_bar**7 + 25.0**7)))
    a1, a2 = a[:, 1] * (1 + g), b[:, 1] * (1 + g)
    c1, c2 = np.hypot(a1, a[:, 2]), np.hypot(a2, b[:, 2])
    h1, h2 = np.degrees(np.arctan2(a[:, 2], a1)) % 360, np.degrees(np.arctan2(b[:, 2], a2)) % 360
    dh = (h2 - h1 + 180) % 360 - 180
    dh = np.where(c1 * c2 == 0, 0, dh)
    d_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh) / 2)
    l_bar, c_bar = (a[:, 0] + b[:, 0]) / 2, (c1 + c2) / 2
    h_bar = np.where(c1 * c2 == 0, h1 + h2, (h1 + h2) / 2 + np.where(abs(h1 - h2) > 180, 180, 0))
    t = 1 - 0.17 * np.cos(np.radians(h_bar - 30)) + 0.24 * np.cos(np.radians(2 * h_bar))
    t += 0.32 * np.cos(np.radians(3 * h_bar + 6)) - 0.20 * np.cos(np.radians(4 * h_bar - 63))
    s_l = 1 + 0.015 * (l_bar - 50) ** 2 / np.sqrt(20 + (l_bar - 50) ** 2)
    s_c, s_h = 1 + 0.045 * c_bar, 1 + 0.015 * c_bar * t
    turn = 60 * np.exp(-(((h_bar % 360 - 275) / 25) ** 2))
    r_t = -2 * np.sqrt(c_bar**7 / (c_bar**7 + 25.0**7)) * np.sin(np.radians(turn))
    light, chroma, hue = (b[:, 0] - a[:, 0]) / s_l, (c2 - c1) / s_c, d_h / s_h
    return np.asarray(np.sqrt(light**2 + chroma**2 + hue**2 + r_t * chroma * hue))


def errors(shown: NDArray[np.generic], patches: Floats = PATCHES) -> Floats:
    return delta_e(lab_of_srgb(patches), lab_of_srgb(np.asarray(shown).reshape(-1, 3)))


def numbers_in(space: tuple[tuple[float, float], ...], curve: str, depth: int = 8) -> NDArray[np.generic]:
    """The patches' numbers in another space, by its definition."""
    light = srgb_light(PATCHES / 255) @ (np.linalg.inv(to_xyz(space)) @ to_xyz(SRGB)).T
    signal = np.clip(CURVES[curve][1](light), 0, 1)
    return (signal * (2**depth - 1)).round().astype(np.uint8 if depth == 8 else np.uint16)


# Profiles (ICC.1:2001-04 for version 2, ICC.1:2022 for version 4).


def profile(
    tags: dict[bytes, bytes], *, space: bytes, pcs: bytes = b"XYZ ", kind: bytes = b"mntr", version: int
) -> bytes:
    tags = {b"desc": text(version), b"cprt": text(version), b"wtpt": xyz(D50_XYZ), **tags}
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += struct.pack(">4s2I", name, at + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sB3s4s4s4s", at + len(body), b"", version, b"", kind, space, pcs)
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp").ljust(44, b"\0")
    return (head + struct.pack(">3i", *s15(D50_XYZ))).ljust(128, b"\0") + table + body


def s15(values: Floats) -> list[int]:
    return [round(float(value) * 65536) for value in values]


def xyz(values: Floats) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *s15(values))


def text(version: int) -> bytes:
    if version == 2:
        return struct.pack(">4s2I", b"desc", 0, 5) + b"Test\0" + bytes(78)
    return struct.pack(">4s6I", b"mluc", 0, 1, 12, 0x656E5553, 8, 28) + "Test".encode("utf-16-be")


def sampled(curve: str, steps: int = 4096) -> bytes:
    samples = CURVES[curve][0](np.linspace(0, 1, steps))
    return struct.pack(">4s2I", b"curv", 0, steps) + (samples * 65535).round().astype(">u2").tobytes()


def parametric(curve: str) -> bytes:
    if curve == "sRGB":
        values = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]
    elif curve == "709":
        values = [1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081]
    else:
        values = [{"563/256": 563 / 256, "linear": 1.0}.get(curve) or float(curve)]
    kind = 3 if len(values) > 1 else 0
    return struct.pack(f">4sI2H{len(values)}i", b"para", 0, kind, 0, *s15(np.array(values)))


def rgb_profile(space: tuple[tuple[float, float], ...], curve: str, version: int) -> bytes:
    tone = sampled(curve) if version == 2 else parametric(curve)
    colorants = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, to_xyz(space).T), strict=True))
    return profile(colorants | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), tone), space=b"RGB ", version=version)


def grey_profile(curve: str, version: int) -> bytes:
    return profile({b"kTRC": sampled(curve) if version == 2 else parametric(curve)}, space=b"GRAY", version=version)


def lut_profile(nodes: Floats, *, space: bytes, channels: int, version: int, kind: bytes = b"prtr") -> bytes:
    """From device to Lab by a table: `nodes` is grid x … x grid x Lab, first channel slowest."""
    grid = nodes.shape[0]
    if version == 2:
        coded = np.stack([nodes[..., 0] * 652.8, nodes[..., 1] * 256 + 32768, nodes[..., 2] * 256 + 32768], axis=-1)
        ramp = np.array([0, 65535], ">u2").tobytes()
        table = struct.pack(">4sI4B9i2H", b"mft2", 0, channels, 3, grid, 0, *s15(np.eye(3).ravel()), 2, 2)
        table += ramp * channels + np.clip(coded, 0, 65535).round().astype(">u2").tobytes() + ramp * 3
    else:
        coded = np.stack([nodes[..., 0] / 100, (nodes[..., 1] + 128) / 255, (nodes[..., 2] + 128) / 255], axis=-1)
        cube = bytes([grid] * channels).ljust(16, b"\0") + struct.pack(">B3x", 2)
        cube += (np.clip(coded, 0, 1) * 65535).round().astype(">u2").tobytes()
        cube += bytes(-len(cube) % 4)
        straight = struct.pack(">4s2I", b"curv", 0, 0)
        cube_at = 32 + 3 * len(straight)
        table = struct.pack(">4sI2B2x5I", b"mAB ", 0, channels, 3, 32, 0, 0, cube_at, cube_at + len(cube))
        table += straight * 3 + cube + straight * channels
    return profile({b"A2B0": table, b"A2B1": table}, space=space, pcs=b"Lab ", kind=kind, version=version)


def inks_to_lab(inks: Floats) -> Floats:
    """A printer as Neugebauer saw it: paper and overprints mixed by area, the black as deep as black gets."""
    primaries = {
        (0, 0, 0): (1.00, 1.00, 1.00), (1, 0, 0): (0.05, 0.42, 0.75), (0, 1, 0): (0.70, 0.05, 0.25),
        (0, 0, 1): (0.95, 0.85, 0.05), (1, 1, 0): (0.06, 0.05, 0.30), (1, 0, 1): (0.02, 0.35, 0.08),
        (0, 1, 1): (0.65, 0.04, 0.03), (1, 1, 1): (0.02, 0.02, 0.02),
    }  # fmt: skip
    light = np.zeros((*inks.shape[:-1], 3))
    for on, colour in primaries.items():
        area = np.prod([inks[..., i] if on[i] else 1 - inks[..., i] for i in range(3)], axis=0)
        light += area[..., np.newaxis] * np.array(colour)
    return lab_of_xyz(light * (1 - inks[..., 3:]) @ to_xyz(SRGB).T)


def cmyk_profile(version: int, grid: int = 17) -> bytes:
    axes = np.stack(np.meshgrid(*[np.linspace(0, 1, grid)] * 4, indexing="ij"), axis=-1)
    return lut_profile(inks_to_lab(axes), space=b"CMYK", channels=4, version=version)


INKS = np.array(
    [
        [0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [255, 255, 0, 0], [0, 255, 255, 0],
        [255, 0, 255, 0], [0, 0, 0, 255], [0, 0, 0, 119], [51, 34, 34, 17], [17, 85, 102, 0], [102, 51, 17, 34],
        [68, 17, 119, 51], [0, 170, 119, 17], [170, 119, 0, 0], [34, 17, 187, 0],
    ],
    np.uint8,
)  # fmt: skip


def inks_as_srgb() -> Floats:
    lab = inks_to_lab(INKS / 255)
    f = np.stack([lab[:, 0] + 16 + 116 / 500 * lab[:, 1], lab[:, 0] + 16, lab[:, 0] + 16 - 116 / 200 * lab[:, 2]], 1)
    f /= 116
    light = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * D50_XYZ @ np.linalg.inv(to_xyz(SRGB)).T
    return np.asarray(srgb_signal(np.clip(light, 0, 1)) * 255)


# Files.


def shown(data: bytes, mime: str, count: int = len(PATCHES)) -> NDArray[np.uint8]:
    """The patches as the preview shows them: squares of 32 pixels side by side, read in their middle."""
    photo = render(data, mime, renditions=RenditionSettings(preview_quality=100), limits=LimitSettings())
    pixels = decode_rendition(photo.preview.data)
    assert pixels.shape == (32, 32 * count, 3)
    return np.asarray(pixels.reshape(32, count, 32, 3)[12:20, :, 12:20].mean(axis=(0, 2)))


def squares(numbers: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.repeat(np.repeat(numbers[np.newaxis], 32, axis=0), 32, axis=1)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(numbers: NDArray[np.generic], *chunks: bytes) -> bytes:
    whole = encoded(Image.fromarray(squares(numbers)), "PNG")
    return whole[:33] + b"".join(chunks) + whole[33:]


def icc_chunk(icc: bytes) -> bytes:
    return chunk(b"iCCP", b"x\0\0" + zlib.compress(icc))


def deep_tiff(numbers: NDArray[np.uint16], photometric: int, icc: bytes | None = None) -> bytes:
    """Sixteen bits a channel, uncompressed."""
    pixels = squares(numbers)
    height, width, channels = pixels.shape
    body = pixels.astype("<u2").tobytes()
    tags = {256: width, 257: height, 259: 1, 262: photometric, 273: 8, 277: channels, 278: height, 279: len(body)}
    entries = {number: struct.pack("<HII", 4, 1, value) for number, value in tags.items()}
    entries[258] = struct.pack("<HII", 3, channels, 8 + len(body))
    tail = struct.pack(f"<{channels}H", *[16] * channels).ljust(8, b"\0")
    if icc:
        entries[34675] = struct.pack("<HII", 7, len(icc), 8 + len(body) + len(tail))
        tail += icc + bytes(len(icc) % 2)
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<H", number) + entries[number] for number in sorted(entries)) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(body) + len(tail)) + body + tail + directory


def test_the_measure_agrees_with_published_pairs() -> None:
    pairs = np.array(
        [
            [50.0, 2.6772, -79.7751, 50.0, 0.0, -82.7485, 2.0425],
            [50.0, 2.4900, -0.0010, 50.0, -2.4900, 0.0009, 7.1792],
            [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
            [90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381],
            [2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082],
        ]
    )
    np.testing.assert_allclose(delta_e(pairs[:, :3], pairs[:, 3:6]), pairs[:, 6], atol=2e-4)


SPACES = {
    "Display P3": (P3, "sRGB", 1.5),
    "Adobe RGB": (ADOBE, "563/256", 1.5),
    "ProPhoto": (PROPHOTO, "1.8", 2.5),
    "Rec. 2020": (BT2020, "709", 2.5),
    "gamma 2.2": (SRGB, "2.2", 1.5),
}


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("name", SPACES)
def test_wide_spaces_are_shown_right(name: str, version: int) -> None:
    space, curve, worst = SPACES[name]
    numbers, icc = numbers_in(space, curve), rgb_profile(space, curve, version)
    found = errors(shown(png(numbers, icc_chunk(icc)), "image/png"))
    assert found.max() < worst
    assert found.mean() < worst / 3


@pytest.mark.parametrize("space", [SRGB, PROPHOTO], ids=["sRGB primaries", "ProPhoto primaries"])
def test_linear_light_of_sixteen_bits_keeps_its_shadows(space: tuple[tuple[float, float], ...]) -> None:
    icc = rgb_profile(space, "linear", 4)
    found = errors(shown(deep_tiff(numbers_in(space, "linear", 16), 2, icc), "image/tiff"))
    assert found.max() < 1.5


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("kind", [b"mntr", b"prtr", b"scnr"])
def test_profiles_made_of_tables_are_honoured(kind: bytes, version: int) -> None:
    axes = np.stack(np.meshgrid(*[np.linspace(0, 1, 33)] * 3, indexing="ij"), axis=-1)
    # A device whose numbers are those of Adobe RGB.
    nodes = lab_of_xyz(CURVES["563/256"][0](axes) @ to_xyz(ADOBE).T)
    icc = lut_profile(nodes, space=b"RGB ", channels=3, version=version, kind=kind)
    found = errors(shown(png(numbers_in(ADOBE, "563/256"), icc_chunk(icc)), "image/png"))
    assert found.max() < 3
    assert found.mean() < 1


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("curve", ["2.2", "1.8", "linear"])
def test_grey_profiles_are_honoured(curve: str, version: int) -> None:
    greys = np.repeat(np.arange(64, 256, 8.0)[:, np.newaxis], 3, axis=1)
    numbers = (CURVES[curve][1](srgb_light(greys[:, 0] / 255)) * 255).round().astype(np.uint8)
    for data, mime in (
        (encoded(Image.fromarray(squares(numbers)), "TIFF", icc_profile=grey_profile(curve, version)), "image/tiff"),
        (png(numbers, icc_chunk(grey_profile(curve, version))), "image/png"),
    ):
        assert errors(shown(data, mime, len(greys)), greys).max() < 1.5


@pytest.mark.parametrize("version", [2, 4])
def test_inks_are_shown_by_their_profile(version: int) -> None:
    icc, expected = cmyk_profile(version), inks_as_srgb()
    image = Image.fromarray(squares(INKS), "CMYK")
    options: dict[str, object] = {"quality": 100, "subsampling": 0}
    for data, mime in (
        (encoded(image, "TIFF", icc_profile=icc), "image/tiff"),
        (encoded(image, "JPEG", icc_profile=icc, **options), "image/jpeg"),
        (deep_tiff(INKS.astype(np.uint16) * 257, 5, icc), "image/tiff"),
    ):
        found = errors(shown(data, mime, len(INKS)), expected)
        assert found.max() < 2
        assert found.mean() < 1


def with_profile(jpeg: bytes, icc: bytes) -> bytes:
    size = 60_000
    parts = [icc[at : at + size] for at in range(0, len(icc), size)]
    segments = b"".join(
        struct.pack(">2sH12s2B", b"\xff\xe2", 16 + len(part), b"ICC_PROFILE\0", number, len(parts)) + part
        for number, part in enumerate(parts, 1)
    )
    return jpeg[:2] + segments + jpeg[2:]


@pytest.mark.parametrize("space", ["CMYK", "YCCK"])
def test_inks_of_a_jpeg_are_read_inverted_with_and_without_a_profile(space: str) -> None:
    stored = np.ascontiguousarray(255 - np.asarray(squares(INKS), np.uint8))
    whole = (
        simplejpeg.encode_jpeg(stored, quality=100, colorspace="CMYK", colorsubsampling="444")
        if space == "YCCK"
        else encoded(Image.fromarray(squares(INKS), "CMYK"), "JPEG", quality=100, subsampling=0)
    )
    assert simplejpeg.decode_jpeg_header(whole)[2] == space
    icc = cmyk_profile(2)
    assert errors(shown(with_profile(whole, icc), "image/jpeg", len(INKS)), inks_as_srgb()).max() < 2
    inks = INKS / 255
    subtracted = 255 * (1 - inks[:, :3]) * (1 - inks[:, 3:])
    assert errors(shown(whole, "image/jpeg", len(INKS)), subtracted).max() < 2


def test_scaling_lab_averages_colours_across_neutral() -> None:
    """a* and b* on either side of zero are the two ends of a signed byte."""
    noise = np.random.default_rng(4).integers(-3, 4, (1600, 1600, 3))
    lab = np.stack([np.full((1600, 1600), 138), noise[..., 1] % 256, noise[..., 2] % 256], axis=2).astype(np.uint8)
    data = encoded(Image.fromarray(lab, "LAB"), "TIFF")
    photo = render(data, "image/tiff", renditions=RenditionSettings(preview_short_side=100), limits=LimitSettings())
    pixels = decode_rendition(photo.preview.data).astype(int)
    assert np.ptp(pixels, axis=2).max() <= 6


def test_lab_is_shown_right_at_eight_and_sixteen_bits() -> None:
    lab = lab_of_srgb(PATCHES)
    deep = np.stack([lab[:, 0] * 655.35, lab[:, 1] * 256, lab[:, 2] * 256], axis=1).round().astype(np.int32)
    assert errors(shown(deep_tiff(deep.astype(np.uint16), 8), "image/tiff")).max() < 2
    flat = np.stack([lab[:, 0] * 2.55, lab[:, 1], lab[:, 2]], axis=1).round().astype(np.int32)
    image = Image.fromarray(squares(flat.astype(np.uint8)), "LAB")
    assert errors(shown(encoded(image, "TIFF"), "image/tiff")).max() < 2


def cicp(primaries: int, transfer: int) -> bytes:
    return chunk(b"cICP", bytes([primaries, transfer, 0, 1]))


def gamma(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def chromaticities(space: tuple[tuple[float, float], ...]) -> bytes:
    white, *corners = space[3], *space[:3]
    return chunk(b"cHRM", struct.pack(">8I", *(round(v * 100_000) for point in (white, *corners) for v in point)))


TAGS = {
    "code points": ([cicp(12, 13)], P3, "sRGB"),
    "linear code points": ([cicp(9, 8)], BT2020, "linear"),
    "code points before a profile": ([cicp(12, 13), icc_chunk(rgb_profile(ADOBE, "563/256", 2))], P3, "sRGB"),
    "code points of sRGB before a profile": ([cicp(1, 13), icc_chunk(rgb_profile(ADOBE, "563/256", 2))], SRGB, "sRGB"),
    "a profile before sRGB": ([icc_chunk(rgb_profile(P3, "sRGB", 4)), chunk(b"sRGB", b"\0")], P3, "sRGB"),
    "a profile before measurements": ([icc_chunk(rgb_profile(P3, "sRGB", 4)), gamma(1.0)], P3, "sRGB"),
    "sRGB before measurements": ([chunk(b"sRGB", b"\0"), gamma(1.0), chromaticities(ADOBE)], SRGB, "sRGB"),
    "measurements": ([gamma(1 / 1.8), chromaticities(PROPHOTO)], PROPHOTO, "1.8"),
    "a gamma alone": ([gamma(1 / 1.8)], SRGB, "1.8"),
    "primaries alone": ([chromaticities(P3)], P3, "sRGB"),
    "the measurements of sRGB": ([gamma(0.45455), chromaticities(SRGB)], SRGB, "sRGB"),
    "impossible primaries": ([chromaticities(((0, 0), (0, 0), (0, 0), (0, 0)))], SRGB, "sRGB"),
    "primaries on a line": ([chromaticities(((0.3, 0.3), (0.4, 0.4), (0.5, 0.5), D65))], SRGB, "sRGB"),
    "a gamma of nothing": ([gamma(0)], SRGB, "sRGB"),
    "nothing": ([], SRGB, "sRGB"),
}


@pytest.mark.parametrize("name", TAGS)
def test_a_png_is_shown_by_the_first_that_counts_of(name: str) -> None:
    chunks, space, curve = TAGS[name]
    limit = 4 if curve == "linear" else 2.5
    assert errors(shown(png(numbers_in(space, curve), *chunks), "image/png")).max() < limit


def test_a_damaged_tag_is_as_none() -> None:
    broken = bytearray(cicp(12, 13))
    broken[-1] ^= 1
    assert errors(shown(png(numbers_in(SRGB, "sRGB"), bytes(broken)), "image/png")).max() < 1


def test_a_profile_survives_the_mending_of_its_png() -> None:
    broken = bytearray(chunk(b"tEXt", b"Comment\0hello"))
    broken[-1] ^= 1
    data = png(numbers_in(ADOBE, "563/256"), icc_chunk(rgb_profile(ADOBE, "563/256", 2)), bytes(broken))
    assert errors(shown(data, "image/png")).max() < 1.5


def padded(icc: bytes, size: int) -> bytes:
    """The same profile with a private tag that fills it up."""
    count = struct.unpack_from(">I", icc, 128)[0]
    entries = [struct.unpack_from(">4s2I", icc, 132 + 12 * n) for n in range(count)]
    table = b"".join(struct.pack(">4s2I", name, at + 12, length) for name, at, length in entries)
    table += struct.pack(">4s2I", b"junk", len(icc) + 12, size - len(icc) - 12)
    whole = icc[:128] + struct.pack(">I", count + 1) + table + icc[132 + 12 * count :]
    return struct.pack(">I", size) + whole.ljust(size, b"\0")[4:]


def test_a_large_profile_is_used_up_to_the_limit_and_refused_beyond() -> None:
    numbers, icc = numbers_in(ADOBE, "563/256"), rgb_profile(ADOBE, "563/256", 2)
    large = padded(icc, 3 * 1024**2)
    assert errors(shown(png(numbers, icc_chunk(large)), "image/png")).max() < 1.5
    image = Image.fromarray(squares(numbers))
    limits = LimitSettings(icc_bytes=len(icc) - 1)
    for data, mime in (
        (png(numbers, icc_chunk(icc)), "image/png"),
        (encoded(image, "TIFF", icc_profile=icc), "image/tiff"),
        (encoded(image, "WEBP", icc_profile=icc), "image/webp"),
        (encoded(image, "AVIF", icc_profile=icc), "image/avif"),
        (encoded(image, "HEIF", icc_profile=icc), "image/heic"),
    ):
        with pytest.raises(ItemFault) as caught:
            render(data, mime, renditions=RenditionSettings(), limits=limits)
        assert caught.value.reason is Reason.TOO_LARGE
        assert caught.value.detail == (
            f"a colour profile of {len(icc)} bytes or more, limit {len(icc) - 1} (limits.icc_bytes)"
        )


def many_tags(count: int) -> bytes:
    whole = rgb_profile(ADOBE, "563/256", 2)
    table = struct.pack(">I", count) + struct.pack(">4s2I", b"junk", 128, 20) * count
    return struct.pack(">I", 128 + len(table)) + whole[4:128] + table


@pytest.mark.parametrize(
    "icc",
    [
        many_tags(5000),
        cmyk_profile(2, 3),
        grey_profile("1.8", 2),
        rgb_profile(ADOBE, "563/256", 2).replace(b"acsp", b"abcd"),
        rgb_profile(ADOBE, "563/256", 2)[:600],
        rgb_profile(ADOBE, "563/256", 2).replace(b"mntr", b"link"),
        profile({b"rXYZ": xyz(D50_XYZ), b"rTRC": parametric("2.2")}, space=b"RGB ", version=4),
    ],
    ids=["thousands of tags", "of inks", "of greys", "no signature", "cut off", "a device link", "of one channel"],
)
def test_a_profile_that_does_not_fit_is_as_none(icc: bytes) -> None:
    pixels = np.asarray(squares(numbers_in(SRGB, "sRGB")), np.uint8)
    np.testing.assert_array_equal(to_srgb(pixels, "RGB", icc), pixels)
