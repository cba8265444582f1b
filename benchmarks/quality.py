"""How much is lost against doing it slowly: decoding in full, converting, and scaling with Lanczos?

For every photo a reference is made by Pillow: decoded at full size, converted to sRGB by its profile,
turned upright, scaled by Lanczos to our size. Encoded with the same codec and quality, it has a
structural similarity to itself that is below 1; ours, to the same reference, is a little lower
still. That deficit is what is judged: at most 0.04 in any photo, 0.015 in the mean. `ratio` is the
bytes of our previews over those of the references'.

References
----------
Wang, Bovik, Sheikh, Simoncelli, "Image Quality Assessment: From Error Visibility to Structural
Similarity", 2004: on luma, a Gaussian window of 11 x 11 pixels with standard deviation 1.5.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import photos as pictures
from conditions import conditions
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from albumen.media.icc import adobe_rgb_profile
from albumen.media.photo import EncodedPicture, render
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import LimitSettings, RenditionSettings

CACHE = Path("~/.cache/albumen").expanduser()
WORST, MEAN = 0.04, 0.015
WINDOW, DEVIATION = 11, 1.5
LEAST_SIDE = 2 * WINDOW
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Loss:
    """One rendition of one photo against the reference.

    Attributes
    ----------
    ssim, reference_ssim : float
        Of ours and of the encoded reference, to the reference before encoding.
    bytes, reference_bytes : int
        Sizes of the files.
    """

    path: str
    rendition: str
    ssim: float
    reference_ssim: float
    bytes: int
    reference_bytes: int

    @property
    def deficit(self) -> float:
        """How far ours is below the reference; negative where it is above."""
        return self.reference_ssim - self.ssim


def ssim(one: Pixels, other: Pixels) -> float:
    """Mean structural similarity of the luma of two pictures of the same size, height x width x 3."""
    first, second = (cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float64) for pixels in (one, other))

    def local_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        edge = WINDOW // 2
        smooth = cv2.GaussianBlur(values, (WINDOW, WINDOW), DEVIATION)
        return np.asarray(smooth[edge:-edge, edge:-edge])

    means = local_mean(first), local_mean(second)
    variances = local_mean(first**2) - means[0] ** 2, local_mean(second**2) - means[1] ** 2
    covariance = local_mean(first * second) - means[0] * means[1]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * means[0] * means[1] + c1) * (2 * covariance + c2)
    return float((likeness / ((means[0] ** 2 + means[1] ** 2 + c1) * (sum(variances) + c2))).mean())


def losses(data: bytes, path: str = "") -> list[Loss]:
    """What the preview and the thumb of a JPEG lose.

    Raises
    ------
    ItemFault
        Where it cannot be rendered.
    """
    settings = RenditionSettings()
    rendered = render(data, "image/jpeg", renditions=settings, limits=LimitSettings())
    full = upright_srgb(data)
    found = []
    for name, ours, quality in (
        ("preview", rendered.preview, settings.preview_quality),
        ("thumb", rendered.thumb, settings.thumb_quality),
    ):
        if min(ours.width, ours.height) < LEAST_SIDE:
            continue
        reference = full.resize((ours.width, ours.height), Image.Resampling.LANCZOS)
        encoded = _encoded(reference, ours, quality)
        target = np.asarray(reference)
        found.append(
            Loss(
                path,
                name,
                ssim(_pixels(ours.data), target),
                ssim(_pixels(encoded), target),
                len(ours.data),
                len(encoded),
            )
        )
    return found


def upright_srgb(data: bytes) -> Image.Image:
    """The whole picture, by Pillow alone."""
    with Image.open(io.BytesIO(data)) as opened:
        picture = ImageOps.exif_transpose(opened)
        profile = opened.info.get("icc_profile") or _implied_profile(opened)
    if profile and picture.mode == "RGB":
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
            picture = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), intent, flags=flags)
        except (OSError, ImageCms.PyCMSError):
            pass
    return picture.convert("RGB")


def _implied_profile(opened: Image.Image) -> bytes | None:
    """Adobe RGB, where a camera names it by its interoperability index alone (DCF 2.0)."""
    try:
        index = opened.getexif().get_ifd(0xA005).get(1)
    except Exception:  # a damaged block fails in every way there is
        return None
    return adobe_rgb_profile() if index == "R03" else None


def judged(found: Sequence[Loss]) -> dict[str, Any]:
    """Worst and mean deficit, and bytes, of the losses of one rendition."""
    worst = max(found, key=lambda loss: loss.deficit)
    return {
        "photos": len(found),
        "deficit_worst": round(worst.deficit, 4),
        "deficit_worst_of": Path(worst.path).name,
        "deficit_mean": round(sum(loss.deficit for loss in found) / len(found), 4),
        "ssim_mean": round(sum(loss.ssim for loss in found) / len(found), 4),
        "bytes_to_reference": round(sum(loss.bytes for loss in found) / sum(loss.reference_bytes for loss in found), 4),
    }


def _encoded(picture: Image.Image, like: EncodedPicture, quality: int) -> bytes:
    buffer = io.BytesIO()
    if like.mime == "image/jpeg":
        picture.save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    else:
        picture.save(buffer, "WEBP", quality=quality, method=2)
    return buffer.getvalue()


def _pixels(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def _losses_of(path: str) -> list[Loss] | str:
    try:
        return losses(Path(path).read_bytes(), path)
    except (ItemFault, OSError) as error:
        return f"{path}: {error}"


def _jpegs(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or "hostile" in path.parts or path.suffix.lower() not in ("", ".jpg", ".jpeg"):
            continue
        try:
            with Image.open(path, formats=["JPEG"]) as image:
                # Inks and damaged profiles are a matter of colour, which other tests measure.
                if image.mode in ("RGB", "L"):
                    found.append(path)
        except (OSError, SyntaxError, Image.DecompressionBombError):
            continue
    return found


def main() -> int:
    """Measure and tell; exit 1 when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=26, help="How many of the photos of `bench media`.")
    parser.add_argument("--real", type=Path, help="A folder whose JPEGs are measured besides, as they are.")
    parser.add_argument("--photos-dir", type=Path, help="Where the photos made are kept; by default in the cache.")
    parser.add_argument("--cache", type=Path, default=CACHE, help="Downloads and photos.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()

    def progress(words: str) -> None:
        print(words, file=sys.stderr)

    sample = options.cache / "sample"
    made = pictures.make(
        options.photos_dir or options.cache / "bench-photos", options.photos, cache=sample, progress=progress
    )
    paths = [Path(photo.path) for photo in made] + _jpegs(sample / "pictures")
    paths += _jpegs(options.real) if options.real else []
    with ProcessPoolExecutor() as pool:
        answers = list(pool.map(_losses_of, map(str, paths)))
    every = [loss for answer in answers if not isinstance(answer, str) for loss in answer]
    found: dict[str, Any] = {"conditions": conditions(), "inputs": pictures.told(made)}
    found["unreadable"] = [answer for answer in answers if isinstance(answer, str)]
    for name in ("preview", "thumb"):
        found[name] = judged([loss for loss in every if loss.rendition == name])
    found["ratio"] = found["preview"]["bytes_to_reference"]
    found["losses"] = [{**asdict(loss), "deficit": round(loss.deficit, 4)} for loss in every]
    found["failures"] = [
        f"{name}: {figure} {found[name][figure]} is above {bound}"
        for name in ("preview", "thumb")
        for figure, bound in (("deficit_worst", WORST), ("deficit_mean", MEAN))
        if found[name][figure] > bound
    ]
    if options.json:
        print(json.dumps(found))
    else:
        for name in ("preview", "thumb"):
            print(name, json.dumps(found[name]))
        print(json.dumps(found["conditions"]))
        for failure in [*found["failures"], *found["unreadable"]]:
            print(failure)
    return 1 if found["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
