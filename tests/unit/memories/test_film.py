import io
from datetime import date, datetime, timedelta

import av
import numpy as np
import pytest
from PIL import Image

from albumen.media.ffmpeg import FfmpegFailed
from albumen.media.video.from_frames import encode_frames
from albumen.memories import film as films
from albumen.memories.context import FaceBox
from albumen.memories.film import FADE_S, FPS, HEIGHT, MOST_PICTURES, WIDTH, crossfaded, film, moves, shown
from albumen.memories.story import Story, StoryItem
from albumen.testing.memories import a_memorable

COLOURS = ("maroon", "olive", "navy", "purple", "teal")


def photos(count, **facts):
    start = datetime(2022, 7, 1, 8)
    return [a_memorable(n + 1, start + timedelta(hours=n), width=640, height=480, **facts) for n in range(count)]


def a_story(some):
    items = tuple(StoryItem(photo, "good") for photo in some)
    return Story("0" * 16, 1, "Home", "en_GB", "trip", "k", date(2026, 6, 12), "Višnjan, July 2019",
                 "5 photos of 2 days", 1.0, some[0], items)  # fmt: skip


def a_picture(colour, size=(640, 480)):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


def decoded(data):
    with av.open(io.BytesIO(data)) as video:
        stream = video.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", WIDTH, HEIGHT)
        assert not video.streams.audio
        return [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]


def test_a_film_shows_its_title_then_every_picture_in_turn(monkeypatch):
    monkeypatch.setattr(films, "LEAST_S", 6.0)
    monkeypatch.setattr(films, "TITLE_S", 1.0)
    monkeypatch.setattr(films, "STEP_S", 1.0)
    some = photos(5)
    pictures = {photo.item_id: a_picture(colour) for photo, colour in zip(some, COLOURS, strict=True)}
    pictures[9] = b"no picture"
    frames = decoded(film(a_story([*some, a_memorable(9, datetime(2023, 1, 1))]), pictures, {}))
    assert len(frames) == pytest.approx(6 * FPS, abs=2)
    title = frames[0]
    assert title.max() > 200, "words are on it"
    for number, colour in enumerate(COLOURS):
        wanted = np.array(Image.new("RGB", (1, 1), colour))[0, 0]
        seen = frames[round((1 + number + 0.9) * FPS)].reshape(-1, 3).mean(axis=0)
        assert np.abs(seen - wanted).max() < 20, colour


@pytest.mark.parametrize(("count", "least", "most"), [(1, 15, 16), (5, 15, 18), (20, 55, 60), (30, 55, 60)])
def test_its_length_is_15_to_60_seconds(count, least, most):
    number = len(shown(photos(count), photos(count)[0]))
    seconds = films.TITLE_S + number * max(films.STEP_S, (films.LEAST_S - films.TITLE_S) / number)
    assert least <= seconds <= most


def test_of_many_pictures_those_evenly_over_time_are_shown_and_the_cover():
    many = photos(30)
    for cover in many:
        some = shown(many, cover)
        assert len(some) == MOST_PICTURES
        assert cover in some


def test_a_scene_fades_into_the_next():
    black, white = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)
    levels = [int(frame[0, 0, 0]) for frame in crossfaded([iter([black] * 99), iter([white] * 99)], [1.0, 1.0])]
    fading = levels[FPS : FPS + round(FADE_S * FPS)]
    assert levels[:FPS] == [0] * FPS
    assert fading == sorted(fading)
    assert 0 < fading[0] < fading[-1] < 255
    assert set(levels[FPS + round(FADE_S * FPS) :]) == {255}


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("spot", [(0.05, 0.1), (0.8, 0.1), (0.45, 0.45), (0.1, 0.7)])
def test_a_move_stays_inside_and_never_loses_a_face(number, spot):
    face = FaceBox(*spot, 0.12, 0.16, 0.9)
    for size in ((4000, 3000), (1920, 1080), (6000, 2000)):
        for box in moves(size, [face], number):
            assert box[0] >= -1e-6
            assert box[1] >= -1e-6
            assert box[2] <= size[0] + 1e-6
            assert box[3] <= size[1] + 1e-6
            assert (box[2] - box[0]) / (box[3] - box[1]) == pytest.approx(WIDTH / HEIGHT)
            assert box[0] <= face.x * size[0] + 1e-6
            assert (face.x + face.width) * size[0] <= box[2] + 1e-6
            assert box[1] <= face.y * size[1] + 1e-6
            assert (face.y + face.height) * size[1] <= box[3] + 1e-6


def test_a_clip_plays_and_one_that_is_none_is_its_picture(tmp_path):
    target = tmp_path / "clip.mp4"
    red, blue = np.zeros((90, 160, 3), np.uint8), np.zeros((90, 160, 3), np.uint8)
    red[:], blue[:] = (0, 0, 220), (220, 0, 0)
    frames = [red] * 25 + [blue] * 25
    encode_frames(frames, target, size=(160, 90), fps=25, crf=18, preset="ultrafast", seconds=60, threads=1)
    played = films._clip(target.read_bytes(), 2.0)
    assert len(played) == 50
    assert played[5][360, 640, 2] > 150 > played[5][360, 640, 0]
    assert played[45][360, 640, 0] > 150 > played[45][360, 640, 2]
    assert films._clip(b"no film", 2.0) == []


def test_without_a_picture_there_is_no_film():
    assert film(a_story(photos(2)), {}, {}) is None


def test_what_goes_wrong_while_drawing_and_encoding_is_told(tmp_path):
    def broken():
        yield np.zeros((90, 160, 3), np.uint8)
        raise RuntimeError("out of paint")

    arguments = {"size": (160, 90), "fps": 25, "crf": 30, "preset": "ultrafast", "seconds": 30, "threads": 1}
    with pytest.raises(RuntimeError, match="out of paint"):
        encode_frames(broken(), tmp_path / "a.mp4", **arguments)
    frames = (np.zeros((90, 160, 3), np.uint8) for _ in range(500))
    with pytest.raises(FfmpegFailed):
        encode_frames(frames, tmp_path / "no folder" / "a.mp4", **arguments)
