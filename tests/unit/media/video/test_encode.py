"""Encoding: upright once, square, even, never larger, in standard range, with the sound there is and no more."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from albumen.media import ffmpeg
from albumen.media.video.container import read_container
from albumen.media.video.encode import Encoding, encode
from albumen.media.video.need import is_played, needs_proxy
from albumen.media.video.probe import Streams, opened, read_streams
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.testing.videos import a_video, an_hdr_video

MP4 = "video/mp4"
PROXY = Encoding(short_side=90, crf=23, preset="ultrafast", audio_bits=64_000)


def proxy_of(data: bytes, folder: Path, mime: str = MP4, encoding: Encoding = PROXY) -> Path:
    (folder / "source").write_bytes(data)
    return encode(folder / "source", mime, folder / "proxy.mp4", encoding, seconds=60, threads=1).path


def streams_of(path: Path) -> Streams:
    with path.open("rb") as file, opened(file, MP4) as video:
        return read_streams(video)


def frames_of(path: Path) -> list[av.VideoFrame]:
    with path.open("rb") as file, av.open(file, "r") as video:
        return list(video.decode(video=0))


def test_it_is_h264_and_aac_that_starts_at_once_without_private_metadata(tmp_path: Path) -> None:
    film = a_video(1, seconds=2, sound=True, tags=["location=+40.4168-003.7038/", "title=Secret"])
    made = proxy_of(film, tmp_path)
    streams, data = streams_of(made), made.read_bytes()
    assert (streams.video_codec, streams.pixel_format, streams.audio_codec) == ("h264", "yuv420p", "aac")
    assert (streams.width, streams.height) == (160, 90)
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"Secret" not in data
    assert b"40.41" not in data
    assert streams.duration_s == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(("size", "wanted"), [((64, 48), (64, 48)), ((355, 201), (158, 90)), ((201, 355), (90, 158))])
def test_it_is_never_larger_and_its_sides_are_even(
    tmp_path: Path, size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    film = a_video(1, size=size, output=["-c:v", "libx264", "-pix_fmt", "yuv444p"])
    streams = streams_of(proxy_of(film, tmp_path))
    assert (streams.width, streams.height) == wanted


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turn_is_baked_in_once(tmp_path: Path, rotation: int) -> None:
    plain = a_video(1, size=(160, 90))
    film = turned(plain, rotation, tmp_path)
    assert read_container(io.BytesIO(film), MP4).rotation == rotation
    made = proxy_of(film, tmp_path)
    with made.open("rb") as file:
        assert read_container(file, MP4).rotation == 0
    (tmp_path / "plain.mp4").write_bytes(plain)
    want = np.rot90(frames_of(tmp_path / "plain.mp4")[0].to_ndarray(format="gray"), -rotation // 90)
    got = frames_of(made)[0].to_ndarray(format="gray")
    assert got.shape == want.shape
    assert np.corrcoef(got.ravel(), want.ravel())[0, 1] > 0.95


def test_wide_pixels_are_made_square(tmp_path: Path) -> None:
    film = a_video(1, size=(360, 288), output=["-vf", "setsar=16/11"])
    streams = streams_of(proxy_of(film, tmp_path, encoding=Encoding(200, 23, "ultrafast", 0)))
    assert (streams.width, streams.height, streams.aspect) == (360, 198, 1.0)


def test_sound_is_neither_invented_nor_kept_where_it_is_not_wanted(tmp_path: Path) -> None:
    assert streams_of(proxy_of(a_video(1), tmp_path)).audio_codec is None
    silent = Encoding(90, 28, "ultrafast", 0)
    assert streams_of(proxy_of(a_video(1, sound=True), tmp_path, encoding=silent)).audio_codec is None


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    film = a_video(1, seconds=4, output=["-vf", "select='not(mod(n,7))+lt(n,25)'", "-fps_mode", "vfr"])
    made = proxy_of(film, tmp_path)
    (tmp_path / "film.mp4").write_bytes(film)
    want, got = ([frame.time for frame in frames_of(path)] for path in (tmp_path / "film.mp4", made))
    assert got == pytest.approx(want, abs=0.02)


def test_a_part_is_cut_out(tmp_path: Path) -> None:
    part = Encoding(90, 28, "ultrafast", 0, start=2.0, seconds=1.0)
    assert streams_of(proxy_of(a_video(1, seconds=5), tmp_path, encoding=part)).duration_s == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_a_high_dynamic_range_comes_out_standard_and_looks_as_it_should(tmp_path: Path, transfer: str) -> None:
    bright = Encoding(180, 18, "ultrafast", 0)
    made = proxy_of(an_hdr_video(transfer), tmp_path, encoding=bright)
    streams = streams_of(made)
    assert (streams.transfer, streams.pixel_format) == ("sdr", "yuv420p")
    frame = frames_of(made)[0]
    assert frame.colorspace == 1
    shown = frame.to_ndarray(format="gray").astype(float)
    plain = frames_of(proxy_of(a_video(0, source="testsrc2=d=1:s=320x180"), tmp_path, encoding=bright))[0]
    want = plain.to_ndarray(format="gray").astype(float)
    assert abs(shown.mean() - want.mean()) < 25
    assert np.corrcoef(shown.ravel(), want.ravel())[0, 1] > 0.9


def test_what_takes_too_long_and_what_gives_no_frame_are_told(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(a_video(1, seconds=5))
    with pytest.raises(ItemFault) as slow:
        encode(tmp_path / "source", MP4, tmp_path / "proxy.mp4", PROXY, seconds=0.0, threads=1)
    assert slow.value.reason is Reason.TIMED_OUT
    film = a_video(1, output=["-movflags", "+faststart"])
    at = film.index(b"mdat") + 4
    with pytest.raises(ItemFault) as empty:
        proxy_of(film[:at] + bytes(len(film) - at), tmp_path)
    assert empty.value.reason is Reason.UNREADABLE


def test_which_videos_get_one(tmp_path: Path) -> None:
    played = Streams(1920, 1080, 1.0, "h264", "yuv420p", 30, 60, 9_000_000, 2.0, "sdr", "aac", 2)
    assert is_played(played, MP4)
    not_played = Streams(1920, 1080, 1.0, "hevc", "yuv420p10le", 30, 60, 9_000_000, 2.0, "hlg", "aac", 2)
    huge = Streams(3840, 2160, 1.0, "h264", "yuv420p", 30, 60, 50_000_000, 2.0, "sdr", "aac", 2)
    films = (played, huge, not_played)
    wanted = {
        policy: [bool(needs_proxy(film, MP4, policy, bit_rate=12_000_000, short_side=720)) for film in films]
        for policy in ("never", "required", "bitrate", "always")
    }
    assert wanted == {
        "never": [False, False, False], "required": [False, False, True],
        "bitrate": [False, True, True], "always": [True, True, True],
    }  # fmt: skip
    assert not is_played(played, "video/x-matroska")


def turned(film: bytes, rotation: int, folder: Path) -> bytes:
    (folder / "plain.mp4").write_bytes(film)
    ffmpeg.run(
        [
            "-display_rotation",
            str(-rotation),
            "-i",
            str(folder / "plain.mp4"),
            "-c",
            "copy",
            "-y",
            str(folder / "turned.mp4"),
        ],
        seconds=60,
    )
    return (folder / "turned.mp4").read_bytes()
