"""How a video moves: the picture at fixed times, whatever the keyframes, the turning, the damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from albumen.media.video.signature import signature
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.testing.videos import a_video

PER_SECOND, SIDE = 8, 12
SWEEP = "gradients=s=320x180:d=3:r=25:c0=black:c1=white:x0=0:y0=90:x1=319:y1=90:speed=0.00001,rotate=a=t/2"


def signed(data: bytes, folder: Path, mime: str = "video/mp4", *, pixels: int = 10**8) -> np.ndarray:
    path = folder / "source"
    path.write_bytes(data)
    return signature(path, mime, pixels=pixels, seconds=8, per_second=PER_SECOND, side=SIDE)


def test_the_picture_of_every_eighth_of_a_second_whatever_the_keyframes(tmp_path: Path) -> None:
    seen = signed(a_video(0, source=SWEEP, output=["-g", "1"]), tmp_path)
    other = signed(a_video(0, source=SWEEP, output=["-g", "999", "-crf", "35", "-vf", "scale=160:90"]), tmp_path)
    assert seen.shape == other.shape == (3 * PER_SECOND, SIDE, SIDE)
    assert np.abs(seen.astype(int) - other).mean() < 3
    assert np.abs(np.diff(seen.astype(int), axis=0)).mean() > 1


def test_of_a_long_video_the_beginning_counts(tmp_path: Path) -> None:
    assert len(signed(a_video(1, seconds=11), tmp_path)) == 8 * PER_SECOND


def test_it_is_upright(tmp_path: Path) -> None:
    lit = "color=black:d=1:s=320x180,drawbox=0:0:160:180:white:fill"
    seen = signed(a_video(0, source=f"{lit},transpose=1"), tmp_path)
    film = a_video(0, source=lit)
    header = film.index(b"tkhd") + 44
    one, less = (65536).to_bytes(4, "big"), (-65536).to_bytes(4, "big", signed=True)
    turned = film[:header] + bytes(4) + one + bytes(4) + less + film[header + 16 :]
    assert np.abs(signed(turned, tmp_path).astype(int) - seen).max() < 40
    assert np.abs(signed(film, tmp_path).astype(int) - seen).max() > 200


def test_where_pictures_end_early_it_ends_and_without_any_it_is_empty(tmp_path: Path) -> None:
    film = a_video(5, seconds=4, output=["-movflags", "+faststart", "-g", "5"])
    assert 0 < len(signed(film[: len(film) // 2], tmp_path)) < 4 * PER_SECOND
    at = film.index(b"mdat") + 4
    assert len(signed(film[:at] + bytes(len(film) - at), tmp_path)) == 0


@pytest.mark.parametrize(
    ("data", "pixels", "reason"),
    [(b"nothing", 10**8, Reason.UNREADABLE), (b"", 10**8, Reason.UNREADABLE), (None, 100, Reason.TOO_LARGE)],
)
def test_what_cannot_be_read_is_refused(data: bytes | None, pixels: int, reason: Reason, tmp_path: Path) -> None:
    with pytest.raises(ItemFault) as fault:
        signed(a_video(1) if data is None else data, tmp_path, pixels=pixels)
    assert fault.value.reason == reason
