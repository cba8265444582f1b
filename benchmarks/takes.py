"""Are copies of clips found, and other takes of the same scene left alone? Takes are filmed over photos, by hand."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from edits import Picture, pictures

from albumen.catalog.alike import Signature
from albumen.media.video.signature import signature
from albumen.organise import duplicating, footage

SCENES = 24
TAKES = 3
FPS, SECONDS = 25, 6.0
SIZE, SMALL = (640, 360), (320, 180)
PIXELS = 10**8

COPIES = {
    "recompressed, half the size": (0.0, 0.0, 25),
    "15 pictures a second": (0.0, 0.0, 15),
    "a second less at the beginning": (1.0, 0.0, 25),
    "a second less at the end": (0.0, 1.0, 25),
    "half a second less at both ends": (0.53, 0.47, 25),
}
"""What is cut off at the beginning and the end, seconds, and how many pictures a second are left."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip: which take of which scene it shows, how it was copied, and its signature."""

    scene: int
    take: int
    copied: str
    signature: Signature


def measure(folder: Path, scenes: int = SCENES) -> dict[str, Any]:
    """Precision and recall of pairs; every take of a scene begins with the same picture."""
    photos = list(pictures(folder).values())
    chosen = [photos[at * len(photos) // scenes] for at in range(scenes)]
    clips = []
    with tempfile.TemporaryDirectory(prefix="albumen-bench-") as made:
        for scene, photo in enumerate(chosen):
            for take in range(TAKES):
                frames = filmed(photo, random.Random(1000 * scene + take))
                clips.append(_clip(Path(made), scene, take, "", frames, FPS, SIZE, 23))
                for copied, (first, last, fps) in COPIES.items() if take == 0 else ():
                    kept = frames[round(first * FPS) : len(frames) - round(last * FPS)]
                    every = [kept[int(at * FPS / fps)] for at in range(int(len(kept) * fps / FPS))]
                    clips.append(_clip(Path(made), scene, take, copied, every, fps, SMALL, 32))
    return _judged(clips)


def filmed(photo: Picture, dice: random.Random) -> list[Picture]:
    """Six seconds of a scene from one place: the hand shakes and turns, the lens zooms, somebody walks through."""
    height, width = photo.shape[:2]
    scale = min(width / SIZE[0], height / SIZE[1]) * 0.8
    centre, turning, zoom = np.array([width / 2, height / 2]), np.zeros(2), 1.0
    pan = np.array([dice.uniform(-1, 1), dice.uniform(-0.4, 0.4)]) * 0.12 * width / (FPS * SECONDS)
    zooming = dice.uniform(-0.1, 0.1) / (FPS * SECONDS)
    walker, stride = dice.uniform(0, 1), dice.uniform(-0.25, 0.25) / FPS
    found = []
    for number in range(round(FPS * SECONDS)):
        if number:
            turning = 0.9 * turning + np.array([dice.gauss(0, 1), dice.gauss(0, 1)]) * 0.0012 * width
            centre, zoom = centre + pan + turning, zoom + zooming
        (x, y), part = centre, scale * zoom
        warp = np.array([[part, 0, x - part * SIZE[0] / 2], [0, part, y - part * SIZE[1] / 2]])
        frame = cv2.warpAffine(
            photo, warp, SIZE, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT
        )
        if number:
            at = round((walker + stride * number) % 1 * SIZE[0])
            cv2.ellipse(frame, (at, SIZE[1] * 2 // 3), (SIZE[0] // 22, SIZE[1] // 4), 0, 0, 360, (40, 50, 90), -1)
        found.append(np.asarray(frame, np.uint8))
    return found


def _clip(
    folder: Path, scene: int, take: int, copied: str, frames: list[Picture], fps: int, size: tuple[int, int], crf: int
) -> Clip:
    path = folder / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": str(crf), "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.thread_count = 1
        for frame in frames:
            small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(small), "rgb24")))
        container.mux(stream.encode(None))
    seen = signature(
        path, "video/mp4", pixels=PIXELS, seconds=footage.SECONDS, per_second=footage.PER_SECOND, side=footage.SIDE
    )
    return Clip(scene, take, copied, Signature(seen.tobytes(), len(frames) / fps))


def _judged(clips: list[Clip]) -> dict[str, Any]:
    views = np.stack([footage.view(clip.signature.frames) for clip in clips])
    near = set()
    for at, clip in enumerate(clips):
        for probe in footage.probes(clip.signature):
            cosines = views @ probe
            order = np.argsort(-cosines)[: duplicating.CANDIDATES]
            near |= {frozenset((at, int(other))) for other in order if cosines[other] >= 1 - duplicating.APART}
    right, found, wrong, looked = Counter[str](), Counter[str](), 0, 0
    for one, other in combinations(range(len(clips)), 2):
        a, b = clips[one], clips[other]
        is_copy = (a.scene, a.take) == (b.scene, b.take)
        are_same = frozenset((one, other)) in near and footage.same_footage(a.signature, b.signature)
        looked += a.scene == b.scene and not is_copy
        wrong += bool(are_same) and not is_copy
        if is_copy and not a.copied:
            right[b.copied] += 1
            found[b.copied] += bool(are_same)
    hits = sum(found.values())
    return {
        "scenes": len({clip.scene for clip in clips}),
        "clips": len(clips),
        "pairs of other takes of a scene": looked,
        "recall": round(hits / sum(right.values()), 4),
        "precision": round(hits / (hits + wrong), 4),
        "recall by copy": {name: round(found[name] / right[name], 3) for name in COPIES},
    }
