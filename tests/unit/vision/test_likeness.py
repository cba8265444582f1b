from __future__ import annotations

import io
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from albumen.settings import Settings
from albumen.vision.likeness import distance, perceptual_hash

Picture = NDArray[np.uint8]
NEAR = Settings().memories.near_duplicate_bits


def wave(rows: int, columns: int) -> Picture:
    """A 32 x 32 grey picture made of one cosine of the transform."""
    places = (2 * np.arange(32) + 1) * np.pi / 64
    grey = 128 + 100 * np.outer(np.cos(rows * places), np.cos(columns * places))
    return np.repeat(np.round(grey).astype(np.uint8)[..., None], 3, axis=2)


def by_the_book(picture: Picture) -> int:
    """The hash from the definition of the cosine transform, for a 32 x 32 grey picture."""
    places = (2 * np.arange(32) + 1) * np.pi / 64
    basis = np.cos(np.outer(np.arange(8), places)) * np.sqrt(np.where(np.arange(8) == 0, 1, 2) / 32)[:, None]
    low = (basis @ picture[..., 0].astype(float) @ basis.T).ravel()
    bits = "".join("1" if value > np.median(low) else "0" for value in low)
    return int.from_bytes(int(bits, 2).to_bytes(8, "big"), "big", signed=True)


def recompressed(picture: Picture) -> Picture:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=40)
    return np.asarray(Image.open(buffer).convert("RGB"))


def resized(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    return np.asarray(Image.fromarray(picture).resize((width // 3, height // 3)))


def brightened(picture: Picture) -> Picture:
    return np.clip(picture * 1.2 + 10, 0, 255).astype(np.uint8)


def cropped(picture: Picture) -> Picture:
    height, width = (side // 50 for side in picture.shape[:2])
    return picture[height:-height, width:-width]


CHANGES = [recompressed, resized, brightened, cropped]


def test_the_hash_is_the_one_the_definition_gives() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        picture = np.repeat(rng.integers(0, 256, (32, 32, 1), np.uint8), 3, axis=2)
        assert perceptual_hash(picture) == by_the_book(picture)


def test_the_first_bit_is_brightness_and_the_sign() -> None:
    assert perceptual_hash(wave(3, 5)) < 0


def test_a_single_frequency_sets_its_own_bit() -> None:
    bits = perceptual_hash(wave(3, 5)) & 0xFFFF_FFFF_FFFF_FFFF
    assert bits >> (63 - (3 * 8 + 5)) & 1


def test_distance_counts_differing_bits_of_signed_hashes() -> None:
    assert distance(-1, 0) == 64
    assert distance(-1, -1) == 0
    assert distance(1, -(2**63)) == 2
    assert distance(0b1011, 0b0001) == 2


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_stays_near(scene: Picture, change: Callable[[Picture], Picture]) -> None:
    assert distance(perceptual_hash(scene), perceptual_hash(change(scene))) <= NEAR


def test_a_mirrored_copy_is_another_picture(scene: Picture) -> None:
    assert distance(perceptual_hash(scene), perceptual_hash(np.ascontiguousarray(scene[:, ::-1]))) > NEAR


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 900, 3), (900, 1, 3)])
def test_any_size_has_a_hash_that_fits_a_bigint(shape: tuple[int, int, int]) -> None:
    assert -(2**63) <= perceptual_hash(np.zeros(shape, np.uint8)) < 2**63


def test_different_real_photos_are_far_apart_and_their_copies_near(
    corpus: Path, read: Callable[[Path], Picture]
) -> None:
    photos = [read(path) for path in sorted((corpus / "life").glob("derived-*/*.jpg"))]
    hashes = [perceptual_hash(photo) for photo in photos]
    assert all(distance(a, b) > NEAR for a, b in combinations(hashes, 2))
    for change in (recompressed, resized, brightened):
        far = sum(
            distance(known, perceptual_hash(change(photo))) > NEAR for known, photo in zip(hashes, photos, strict=True)
        )
        assert far == 0
