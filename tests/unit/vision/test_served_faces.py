"""Faces found with a model server: the same as OpenCV finds here, or OpenCV's own where it does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from albumen.settings import ModelSettings
from albumen.testing.model_server import serving
from albumen.vision import networks
from albumen.vision.faces import Face, FaceFinder, FaceLocator
from albumen.vision.serving.application import ModelService
from albumen.vision.weights import path_of

Picture = NDArray[np.uint8]
DETECTOR, RECOGNISER = "yunet-2023mar", "sface-2021dec"


@pytest.fixture(scope="module")
def service(weights_directory: Path) -> ModelService:
    chosen = ModelSettings(directory=str(weights_directory))
    return ModelService({name: networks.here(name, chosen) for name in (DETECTOR, RECOGNISER)})


@pytest.fixture(scope="module")
def url(service: ModelService) -> Iterator[str]:
    with serving(service) as address:
        yield address


def finder_of(chosen: ModelSettings) -> FaceFinder:
    detector, recogniser = (path_of(name, Path(chosen.directory)) for name in (DETECTOR, RECOGNISER))
    served = networks.served(DETECTOR, chosen)
    locator = FaceLocator(detector, score=0.6, max_side=1024, threads=1, served=served)
    return FaceFinder(locator, recogniser, served=networks.served(RECOGNISER, chosen))


@pytest.fixture(scope="module")
def crowd(corpus: Path, read: Callable[[Path], Picture]) -> Picture:
    """Four portraits beside each other, in sides that are no whole cells."""
    portraits = [read(path) for path in sorted((corpus / "people" / "london").glob("0*_03.jpg"))[:4]]
    side = min(min(portrait.shape[:2]) for portrait in portraits)
    return np.ascontiguousarray(np.concatenate([p[:side, :side] for p in portraits], axis=1)[: side - 7, :-13])


def numbers(face: Face) -> NDArray[np.float64]:
    return np.array([face.x, face.y, face.width, face.height, face.score, *face.landmarks])


def test_a_server_finds_what_is_found_here(
    service: ModelService, url: str, crowd: Picture, finder: FaceFinder, weights_directory: Path, scene: Picture
) -> None:
    asking = finder_of(ModelSettings(directory=str(weights_directory), server=url))
    here, there = finder.find(crowd), asking.find(crowd)
    assert len(here) == len(there) == 4
    for ours, theirs in zip(here, there, strict=True):
        assert np.allclose(numbers(ours), numbers(theirs), atol=1e-4)
        np.testing.assert_allclose(theirs.embedding, ours.embedding, atol=1e-4)
        assert ours.sharpness == pytest.approx(theirs.sharpness, rel=1e-6)
    assert service.models[DETECTOR].counts.rows >= 1
    assert service.models[RECOGNISER].counts.rows >= 4
    assert asking.find(scene) == []


def test_without_an_answer_they_are_found_here(crowd: Picture, finder: FaceFinder, weights_directory: Path) -> None:
    away = finder_of(ModelSettings(directory=str(weights_directory), server="http://127.0.0.1:1"))
    assert [numbers(face).tolist() for face in away.find(crowd)] == [numbers(f).tolist() for f in finder.find(crowd)]
