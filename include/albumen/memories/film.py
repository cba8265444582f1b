"""A story as a film: a title, then every picture with a slow move toward its faces, one fading into the next.

Clips play as they are. The film is silent, 15 to 60 seconds long, 1280 by 720.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, UnidentifiedImageError

from albumen.media.video.from_frames import encode_frames
from albumen.media.video.probe import opened
from albumen.memories.context import FaceBox, Photo
from albumen.memories.covers import FOCUS, Box, crop_box
from albumen.memories.story import Story
from albumen.pipeline.taxonomy import ItemFault

WIDTH, HEIGHT, FPS = 1280, 720, 25
TITLE_S, STEP_S, FADE_S = 3.0, 2.7, 0.7
LEAST_S, MOST_S = 15.0, 60.0
MOST_PICTURES = 20
ZOOM = 1.16
"""How much nearer a move ends than it begins."""
CRF, PRESET, THREADS = 21, "veryfast", 2
TIMES_LENGTH = 20.0
"""Wall time that a film may take, by its own length."""
UPRIGHT_HEIGHT = 900
"""Of an upright picture on its wide ground: a little more than the film shows, to move over."""
INK = (245, 248, 250)

Frame = NDArray[np.uint8]


def film(story: Story, pictures: Mapping[int, bytes], clips: Mapping[int, bytes]) -> bytes | None:
    """Make the film of a story.

    Parameters
    ----------
    story : Story
        What is told.
    pictures : mapping of int to bytes
        Files that Pillow reads, upright, by item; what cannot be read is left out.
    clips : mapping of int to bytes
        MP4s by item, made by ourselves; they play in place of their picture.

    Returns
    -------
    bytes or None
        An MP4; None where not a single picture can be read.

    Raises
    ------
    FfmpegFailed
        If it cannot be encoded.
    """
    photos = shown([item.photo for item in story.items], story.cover)
    stills = {photo.item_id: _canvas(pictures.get(photo.item_id, b""), photo) for photo in photos}
    photos = [photo for photo in photos if stills[photo.item_id] is not None]
    if not photos:
        return None
    cover = stills.get(story.cover.item_id) or stills[photos[0].item_id]
    assert cover is not None  # noqa: S101 - those of `photos` are there
    step = max(STEP_S, (LEAST_S - TITLE_S) / len(photos))
    length = TITLE_S + step * len(photos)
    scenes: list[Iterator[Frame]] = [_held(_title(cover[0], story), TITLE_S)]
    for number, photo in enumerate(photos):
        still = stills[photo.item_id]
        assert still is not None  # noqa: S101 - as above
        scenes.append(_scene(still, clips.get(photo.item_id), step + FADE_S, number))
    with tempfile.TemporaryDirectory(prefix="albumen-film-") as folder:
        target = Path(folder) / "film.mp4"
        encode_frames(
            crossfaded(scenes, [TITLE_S, *[step] * len(photos)]),
            target,
            size=(WIDTH, HEIGHT),
            fps=FPS,
            crf=CRF,
            preset=PRESET,
            seconds=length * TIMES_LENGTH,
            threads=THREADS,
        )
        return target.read_bytes()


def shown(photos: Sequence[Photo], cover: Photo) -> list[Photo]:
    """Which pictures are in the film: no more than fit into its length, evenly over time, and always the cover."""
    if len(photos) <= MOST_PICTURES:
        return list(photos)
    step = (len(photos) - 1) / (MOST_PICTURES - 1)
    kept = {photos[round(number * step)].item_id for number in range(MOST_PICTURES)}
    if cover.item_id not in kept:
        kept = (kept - {photos[round(step)].item_id}) | {cover.item_id}
    return [photo for photo in photos if photo.item_id in kept]


def crossfaded(scenes: Sequence[Iterator[Frame]], seconds: Sequence[float]) -> Iterator[Frame]:
    """The frames of scenes one after the other; each fades in over the end of the one before.

    Parameters
    ----------
    scenes : sequence of iterator
        Each gives frames for its own seconds and a fade more; one that ends early stands still.
    seconds : sequence of float
        How long each has the screen.
    """
    last: Iterator[Frame] | None = None
    fading = round(FADE_S * FPS)
    for scene, length in zip(scenes, seconds, strict=True):
        before = None
        for number in range(round(length * FPS)):
            frame = next(scene)
            if last is not None and number < fading:
                before = next(last, before)
                if before is not None:
                    share = (number + 1) / (fading + 1)
                    frame = np.asarray(cv2.addWeighted(frame, share, before, 1 - share, 0), dtype=np.uint8)
            yield frame
        last = scene


def moves(size: tuple[int, int], faces: Sequence[FaceBox], number: int) -> tuple[Box, Box]:
    """Where a move over a picture begins and ends: nearer to its faces, or every second time away from them.

    Parameters
    ----------
    size : tuple of int
        Width and height of the picture, pixels.
    faces : sequence of FaceBox
        In it; no part of a move cuts one that its widest view has whole, where that is possible.
    number : int
        Of the picture in the film.
    """
    width, height = size
    wide = crop_box(width, height, WIDTH / HEIGHT, faces)
    if faces:
        x = (min(face.x for face in faces) + max(face.x + face.width for face in faces)) / 2 * width
        y = (min(face.y for face in faces) + max(face.y + face.height for face in faces)) / 2 * height
    else:
        x, y = FOCUS[0] * width, FOCUS[1] * height
    across, along = (wide[2] - wide[0]) / ZOOM, (wide[3] - wide[1]) / ZOOM
    left = min(max(x - across / 2, wide[0]), wide[2] - across)
    top = min(max(y - along / 2, wide[1]), wide[3] - along)
    near = (left, top, left + across, top + along)
    return (near, wide) if number % 2 else (wide, near)


def _scene(still: tuple[Frame, Sequence[FaceBox]], clip: bytes | None, seconds: float, number: int) -> Iterator[Frame]:
    if clip is not None and (frames := _clip(clip, seconds)):
        yield from frames
        while True:
            yield frames[-1]
    picture, faces = still
    begin, end = moves((picture.shape[1], picture.shape[0]), faces, number)
    count = max(round(seconds * FPS), 2)
    at = 0
    while True:
        part = min(at / (count - 1), 1.0)
        eased = part * part * (3 - 2 * part)
        yield _view(picture, tuple(a + (b - a) * eased for a, b in zip(begin, end, strict=True)))
        at += 1


def _view(picture: Frame, box: Sequence[float]) -> Frame:
    """A part of a picture as a frame, moved by less than a pixel where the box is."""
    left, top, right, bottom = box
    matrix = np.array([[(right - left) / WIDTH, 0, left], [0, (bottom - top) / HEIGHT, top]], dtype=np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
    )


def _held(frame: Frame, seconds: float) -> Iterator[Frame]:
    for _ in range(round((seconds + FADE_S) * FPS) + 1):
        yield frame


def _canvas(data: bytes, photo: Photo) -> tuple[Frame, Sequence[FaceBox]] | None:
    """A picture to move over, BGR, and the faces in it; an upright one stands whole on a blurred wide one of itself."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            picture = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError):
        return None
    faces: Sequence[FaceBox] = photo.faces
    if picture.width < picture.height * 1.1:
        high = min(picture.height, UPRIGHT_HEIGHT)
        wide = round(high * WIDTH / HEIGHT)
        whole = picture.resize((max(round(picture.width * high / picture.height), 1), high), Image.Resampling.LANCZOS)
        left = (wide - whole.width) // 2
        ground = picture.resize((wide // 16, high // 16), box=crop_box(*picture.size, WIDTH / HEIGHT, ()))
        ground = ground.filter(ImageFilter.GaussianBlur(6)).resize((wide, high), Image.Resampling.BICUBIC)
        picture = ground.point(lambda value: value * 0.55)
        picture.paste(whole, (left, 0))
        share = whole.width / wide
        faces = [FaceBox(left / wide + face.x * share, face.y, face.width * share, face.height, face.score)
                 for face in photo.faces]  # fmt: skip
    return np.asarray(picture, dtype=np.uint8)[:, :, ::-1].copy(), faces


def _title(cover: Frame, story: Story) -> Frame:
    """The cover, blurred and dark, with title and reason."""
    box = crop_box(cover.shape[1], cover.shape[0], WIDTH / HEIGHT, ())
    frame = np.asarray(cv2.GaussianBlur(_view(cover, box), (0, 0), 14) * 0.5, dtype=np.uint8)
    face = cv2.FontFace("sans")
    for words, size, weight, y in ((story.title, 72, 500, 0.46), (story.reason, 30, 400, 0.57)):
        room = round(WIDTH * 0.88)
        width = _width(words, face, size, weight)
        size = size if width <= room else max(round(size * room / width), 12)
        left = max((WIDTH - _width(words, face, size, weight)) // 2, 0)
        cv2.putText(frame, words, (left, round(HEIGHT * y)), INK, face, size, weight)
    return frame


def _width(words: str, face: cv2.FontFace, size: int, weight: int) -> int:
    box: Sequence[int] = cv2.getTextSize((WIDTH, HEIGHT), words, (0, 0), face, size, weight)
    return box[2]


def _clip(data: bytes, seconds: float) -> list[Frame]:
    """The frames of a clip at our rate, filling the screen; none where it cannot be decoded."""
    frames: list[Frame] = []
    try:
        with opened(io.BytesIO(data), "video/mp4") as video:
            for frame in video.decode(video=0):
                due = round(float(frame.time or 0.0) * FPS)
                if due > seconds * FPS:
                    break
                if due < len(frames):
                    continue
                picture = frame.to_ndarray(format="bgr24").astype(np.uint8)
                shown_as = _view(picture, crop_box(frame.width, frame.height, WIDTH / HEIGHT, ()))
                frames += [shown_as] * (due - len(frames) + 1)
    except ItemFault:
        return []
    return frames
