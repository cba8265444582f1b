"""Copies are recognised, however edited; other pictures of the same place are not."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from albumen.organise import structure
from albumen.organise.structure import same_picture

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"


def scene(seed: int) -> Image.Image:
    """A picture of shapes, as unlike others as photos are, and with room to become brighter."""
    dice = np.random.default_rng(seed)
    canvas = np.full((480, 640, 3), dice.integers(0, 200, 3), np.uint8)
    for _ in range(25):
        x, y, radius = int(dice.integers(0, 640)), int(dice.integers(0, 480)), int(dice.integers(15, 120))
        colour = tuple(int(value) for value in dice.integers(0, 200, 3))
        if dice.random() < 0.5:
            cv2.circle(canvas, (x, y), radius, colour, -1)
        else:
            cv2.rectangle(canvas, (x, y), (x + 2 * radius, y + radius), colour, -1)
    return Image.fromarray(cv2.GaussianBlur(canvas, (9, 9), 0))


def recompressed(picture: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=30)
    return Image.open(stream).convert("RGB")


def cropped(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    return picture.crop((round(width * 0.04), round(height * 0.04), round(width * 0.96), round(height * 0.96)))


EDITS: dict[str, tuple[Callable[[Image.Image], Image.Image], int]] = {
    "as it is": (lambda picture: picture, 0),
    "recompressed": (recompressed, 0),
    "resized": (lambda picture: picture.resize((211, 160)), 0),
    "cropped": (cropped, 0),
    "brighter": (lambda picture: ImageEnhance.Brightness(picture).enhance(1.2), 0),
    "grey": (lambda picture: picture.convert("L").convert("RGB"), 0),
    "turned left": (lambda picture: picture.transpose(Image.Transpose.ROTATE_90), 3),
    "upside down": (lambda picture: picture.transpose(Image.Transpose.ROTATE_180), 2),
    "mirrored": (ImageOps.mirror, 4),
}


def small(picture: Image.Image) -> bytes:
    return structure.miniature(np.asarray(picture))


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("seed", range(4))
def test_an_edited_copy_is_the_same_picture_and_is_found(seed: int, edit: str) -> None:
    change, turned = EDITS[edit]
    original, copy = small(scene(seed)), small(change(scene(seed)))
    alike = same_picture(original, copy)
    assert alike is not None
    assert alike.turned == turned
    nearest = max(float(structure.structure(original) @ probe) for probe in structure.probes(copy))
    assert nearest >= 0.8


def test_other_pictures_are_not_the_same() -> None:
    pictures = [small(scene(seed)) for seed in range(12)]
    assert not [1 for i, a in enumerate(pictures) for b in pictures[:i] if same_picture(a, b)]


def studio(seed: int) -> Image.Image:
    """A large bright shape before one backdrop, with features of its own."""
    dice = np.random.default_rng(seed)
    canvas = np.tile(np.linspace(190, 90, 480, dtype=np.uint8)[:, None, None], (1, 480, 3))
    cv2.ellipse(canvas, (240, 250), (130, 180), 0, 0, 360, (235, 225, 215), -1)
    for _ in range(25):
        at = (int(dice.integers(140, 340)), int(dice.integers(120, 380)))
        cv2.circle(canvas, at, int(dice.integers(6, 16)), (int(dice.integers(120, 200)),) * 3, -1)
    return Image.fromarray(cv2.GaussianBlur(canvas, (9, 9), 0))


def test_what_differs_in_its_features_only_is_not_the_same() -> None:
    sitters = [small(studio(seed)) for seed in range(8)]
    grey = [np.frombuffer(one, np.uint8).astype(float) for one in sitters]
    pairs = [(i, j) for i in range(8) for j in range(i)]
    assert min(np.corrcoef(grey[i], grey[j])[0, 1] for i, j in pairs) > structure.SAME
    assert not [1 for i, j in pairs if same_picture(sitters[i], sitters[j])]
    assert all(same_picture(one, small(recompressed(studio(seed)))) for seed, one in enumerate(sitters))


def test_pictures_without_structure_are_not_compared() -> None:
    white = small(Image.new("RGB", (300, 200), "white"))
    grey = small(Image.new("RGB", (300, 200), "grey"))
    assert same_picture(white, grey) is None
    assert not structure.structure(white).any()


@pytest.mark.skipif(not CORPUS.exists(), reason="needs the corpus")
def test_photos_of_one_walk_are_not_the_same() -> None:
    walk = [
        small(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
        for path in sorted((CORPUS / "near-duplicates" / "lund-a").glob("*.jpg"))
    ]
    assert len(walk) == 15
    assert not [1 for i, a in enumerate(walk) for b in walk[:i] if same_picture(a, b)]


@pytest.mark.skipif(not CORPUS.exists(), reason="needs the corpus")
def test_different_people_in_one_studio_are_not_the_same() -> None:
    sitters = [(path.name, small(Image.open(path).convert("RGB"))) for path in CORPUS.glob("people/london/*.jpg")]
    assert len(sitters) > 20
    assert not [
        (name, other)
        for at, (name, one) in enumerate(sitters)
        for other, two in sitters[:at]
        if name[:3] != other[:3] and same_picture(one, two)
    ]
