from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from albumen.settings import Settings
from albumen.vision.faces import FaceFinder, FaceLocator
from albumen.vision.weights import FETCH_COMMAND, WeightsError, path_of

Picture = NDArray[np.uint8]


@pytest.fixture(scope="session")
def corpus() -> Path:
    for folder in Path(__file__).resolve().parents:
        if (folder.parent / "shared" / "corpus" / "MANIFEST.tsv").is_file():
            return folder.parent / "shared" / "corpus"
    pytest.skip("the shared corpus is not beside this checkout")


@pytest.fixture(scope="session")
def read() -> Callable[[Path], Picture]:
    def upright_rgb(path: Path) -> Picture:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))

    return upright_rgb


@pytest.fixture(scope="session")
def weights_directory() -> Path:
    directory = Path(Settings().models.directory)
    try:
        path_of("yunet-2023mar", directory)
        path_of("sface-2021dec", directory)
    except WeightsError:
        pytest.skip(f"the weights are not here: {FETCH_COMMAND}")
    return directory


@pytest.fixture(scope="session")
def finder(weights_directory: Path) -> FaceFinder:
    detector, recogniser = (path_of(name, weights_directory) for name in ("yunet-2023mar", "sface-2021dec"))
    return FaceFinder(FaceLocator(detector, score=0.6, max_side=1024, threads=1), recogniser)


@pytest.fixture
def scene() -> Picture:
    """A made picture with edges of all directions and a smooth sky."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[0:720, 0:960]
    picture = np.repeat((90 + rows / 8)[..., None], 3, axis=2)
    for _ in range(60):
        y, x, radius = rng.integers(200, 720), rng.integers(0, 960), rng.integers(15, 90)
        inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        picture[inside] = rng.integers(0, 256, 3)
    return picture.astype(np.uint8)
