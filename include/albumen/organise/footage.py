"""Is this the same footage, whether recompressed, resized or shortened? By how the picture changes in time.

Two takes of one scene may look alike at every moment, but they do not move alike.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.catalog.alike import Signature
from albumen.organise import structure
from albumen.organise.structure import Alike

SECONDS = 8.0
PER_SECOND = 8
SIDE = 12
"""Of what signatures are made: so many seconds, pictures a second, and pixels of their sides.

Other values make signatures that cannot be compared with older ones: raise the step's version.
"""
LATEST = 3 * PER_SECOND
"""Frames by which a copy may begin later: what is cut off at the beginning, three seconds."""
LEAST_SHARED = 0.6
"""Of the shorter one, in frames."""
LEAST_FRAMES = 4
MOVES = 1.5
"""Grey values by which tiny frames differ from their mean, from which their movement tells something."""
SAME_MOVEMENT = 0.88
SAME_VIEW = 0.9
"""Correlation of the mean pictures: movement alone may be a fade or a flash."""
SAME_STILL = 0.97
"""Where nothing moves, the mean pictures have to say it all."""
EQUAL_SECONDS, EQUAL_SHARE = 0.5, 0.02
"""So far apart are the lengths of copies of all of it: a few frames, or what another frame rate makes of it."""
SHORTER_SECONDS, SHORTER_SHARE = 6.0, 0.5
"""What a copy lacks, three seconds at each end; and of the whole: less than half of a clip is an excerpt."""

Frames = NDArray[np.float32]


def probes(signature: Signature) -> list[NDArray[np.float32]]:
    """The vectors to look for footage with, as `structure.probes` of its mean picture."""
    return structure.probes(_mean_picture(signature.frames))


def view(frames: bytes) -> NDArray[np.float32]:
    """The vector footage is found by, as `structure.structure` of its mean picture: a second less changes little."""
    return structure.structure(_mean_picture(frames))


def same_footage(a: Signature, b: Signature) -> Alike | None:
    """Whether two signatures are of the same footage, of which either may begin or end earlier.

    References
    ----------
    .. [1] Facebook, "TMK+PDQF: A Test-Drive of Facebook's Perceptual Hashing Algorithms", 2019: that the mean over time
       finds, and the change in time decides.
    """
    shorter, longer = sorted((a.seconds, b.seconds))
    if longer - shorter > min(SHORTER_SECONDS, SHORTER_SHARE * longer):
        return None
    is_whole = longer - shorter <= max(EQUAL_SECONDS, EQUAL_SHARE * longer)
    first, second = _frames(a.frames), _frames(b.frames)
    least = max(1, round(LEAST_SHARED * min(len(first), len(second))))
    found: Alike | None = None
    for shift in range(-LATEST, LATEST + 1):
        shared = first[max(0, shift) :], second[max(0, -shift) :]
        n = min(len(part) for part in shared)
        if n < least or (shift and n < LEAST_FRAMES):
            continue
        score = _agreement(shared[0][:n], shared[1][:n], is_whole=is_whole and not shift)
        if score and (found is None or score > found.score):
            found = Alike(min(score, 1.0), 0)
    return found


def _agreement(a: Frames, b: Frames, *, is_whole: bool) -> float:
    """How well two stretches agree, 0 where they are not the same."""
    means = a.mean(axis=0), b.mean(axis=0)
    alike = _correlation(*means)
    changes = a - means[0], b - means[1]
    if len(a) < LEAST_FRAMES or min(float(one.std()) for one in changes) < MOVES:
        return alike if is_whole and alike >= SAME_STILL and min(float(one.std()) for one in means) >= MOVES else 0.0
    moved = _correlation(*changes)
    return moved if moved >= SAME_MOVEMENT and alike >= SAME_VIEW else 0.0


def _correlation(x: Frames, y: Frames) -> float:
    x, y = x - x.mean(), y - y.mean()
    length = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float((x * y).sum()) / length if length else 0.0


def _frames(frames: bytes) -> Frames:
    return np.frombuffer(frames, np.uint8).reshape(-1, SIDE, SIDE).astype(np.float32)


def _mean_picture(frames: bytes) -> bytes:
    mean = _frames(frames).mean(axis=0)
    sides = structure.SIDE, structure.SIDE
    large: Frames = np.asarray(cv2.resize(mean, sides, interpolation=cv2.INTER_LINEAR), np.float32)
    return np.rint(np.clip(large, 0, 255)).astype(np.uint8).tobytes()
