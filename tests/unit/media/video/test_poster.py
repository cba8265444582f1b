"""The frame that stands for a video: lit, upright, square, of the right colours, and made of nothing but the video."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from albumen.media.video.poster import Shown, poster
from albumen.media.video.probe import opened
from albumen.media.video.storyboard import frames_of, storyboard
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.testing.videos import a_video, an_hdr_video


def poster_of(data: bytes, folder: Path, mime: str = "video/mp4") -> np.ndarray:
    path = folder / "source"
    path.write_bytes(data)
    return shown_of(path, mime).poster


def shown_of(path: Path, mime: str = "video/mp4", *, more: int = 0, side: int = 160) -> Shown:
    return poster(path, mime, most=6, pixels=10**8, seconds=60, more=more, side=side)


def test_a_black_beginning_is_passed_over(tmp_path: Path) -> None:
    source = "color=black:d=3:s=320x180[a];testsrc2=d=3:s=320x180[b];[a][b]concat"
    assert poster_of(a_video(0, source=source), tmp_path).mean() > 60


def test_of_a_sharp_and_a_blurred_scene_the_sharp_one_is_shown(tmp_path: Path) -> None:
    source = "testsrc2=d=4:s=320x180[s];testsrc2=d=4:s=320x180,gblur=sigma=12[b];[b][s]concat"
    pixels = poster_of(a_video(0, source=source), tmp_path)
    assert np.abs(np.diff(pixels.astype(int), axis=1)).max() > 150


def test_colours_are_those_of_the_scene(tmp_path: Path) -> None:
    source = "color=0xC83214:d=1:s=640x360,scale=out_color_matrix=bt709:out_range=tv"
    flags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    pixels = poster_of(a_video(0, source=source, output=flags), tmp_path)
    assert np.abs(pixels.reshape(-1, 3).mean(0) - (0xC8, 0x32, 0x14)).max() < 6


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_a_high_dynamic_range_is_brought_to_that_of_a_screen(tmp_path: Path, transfer: str) -> None:
    shown = poster_of(an_hdr_video(transfer), tmp_path).astype(float)
    plain = poster_of(a_video(0, source="testsrc2=d=1:s=320x180"), tmp_path).astype(float)
    assert shown.shape == plain.shape
    assert abs(shown.mean() - plain.mean()) < 25
    assert np.corrcoef(shown.ravel(), plain.ravel())[0, 1] > 0.9
    assert [file.name for file in tmp_path.iterdir()] == ["source"]


def test_wide_pixels_are_made_square(tmp_path: Path) -> None:
    wide = a_video(0, size=(360, 288), output=["-vf", "setsar=16/11"])
    assert poster_of(wide, tmp_path).shape == (198, 360, 3)


@pytest.mark.parametrize(
    ("extension", "mime"),
    [("mp4", "video/mp4"), ("mov", "video/quicktime"), ("mkv", "video/x-matroska"), ("avi", "video/x-msvideo"),
     ("mpg", "video/mpeg"), ("ts", "video/mp2t"), ("flv", "video/x-flv"),
     ("wmv", "video/x-ms-wmv"), ("ogv", "video/ogg")],
)  # fmt: skip
def test_every_container_gives_its_frames(tmp_path: Path, extension: str, mime: str) -> None:
    assert poster_of(a_video(0, seconds=6, extension=extension), tmp_path, mime).shape == (180, 320, 3)


def test_a_film_cut_off_in_the_middle_is_still_shown(tmp_path: Path) -> None:
    film = a_video(0, seconds=8, output=["-movflags", "+faststart", "-g", "10"])
    assert poster_of(film[: len(film) // 2], tmp_path).shape == (180, 320, 3)


def test_a_film_without_times_is_shown_although_no_place_in_it_can_be_gone_to(tmp_path: Path) -> None:
    film = bytearray(a_video(0, seconds=2, extension="mpg"))
    for found in re.finditer(rb"\x00\x00\x01\xe0..\xff*(?=[\x20-\x3f])", bytes(film), re.DOTALL):
        length = 5 if film[found.end()] < 0x30 else 10
        film[found.end() : found.end() + length] = b"\xff" * (length - 1) + b"\x0f"
    (tmp_path / "film.mpg").write_bytes(film)
    with (tmp_path / "film.mpg").open("rb") as file, opened(file, "video/mpeg") as container:
        assert container.duration is None
    assert poster_of(bytes(film), tmp_path, "video/mpeg").shape == (180, 320, 3)


@pytest.mark.parametrize("data", [b"", b"\0" * 5000, b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n" * 50])
def test_what_is_no_film_is_unreadable(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ItemFault) as fault:
        poster_of(data, tmp_path)
    assert fault.value.reason is Reason.UNREADABLE


def test_what_has_too_many_pixels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(a_video(0))
    with pytest.raises(ItemFault) as fault:
        poster(path, "video/mp4", most=6, pixels=1000, seconds=60, more=0, side=160)
    assert fault.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("transfer", ["", "arib-std-b67"])
def test_a_few_more_frames_are_told_with_their_times_and_what_shows_nothing_is_left_out(
    tmp_path: Path, transfer: str
) -> None:
    source = "testsrc2=d=9:s=320x180[a];color=black:d=9:s=320x180[b];[a][b]concat"
    output = ["-g", "5"]
    if transfer:
        source += ",format=yuv420p10le"
        output += ["-c:v", "libx265", "-x265-params", "log-level=none", "-color_trc", transfer]
    (tmp_path / "source").write_bytes(a_video(0, source=source, output=output))
    shown = shown_of(tmp_path / "source", more=4)
    times = [seconds for seconds, _ in shown.frames]
    assert len(times) == 2
    assert times == sorted(times)
    assert shown.at not in times
    assert max(times) < 9
    assert {pixels.shape for _, pixels in shown.frames} == {(90, 160, 3)}

    again = frames_of(storyboard(shown.frames, 90).data)
    assert [seconds for seconds, _ in again] == pytest.approx(times, abs=0.001)
    for (_, want), (_, got) in zip(shown.frames, again, strict=True):
        assert np.abs(want.astype(int) - got).mean() < 8


def test_a_picture_that_is_no_storyboard_is_refused(tmp_path: Path) -> None:
    from albumen.media.photo import as_jpeg

    with pytest.raises(ValueError, match="no storyboard"):
        frames_of(as_jpeg(np.zeros((8, 8, 3), np.uint8), 90).data)
