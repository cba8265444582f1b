import random
from datetime import datetime, timedelta

import numpy as np
import pytest

from albumen.memories.curation import choose, rules_of, score
from albumen.memories.diversity import Field
from albumen.settings import MemorySettings
from albumen.testing.memories import a_memorable

START = datetime(2022, 7, 1, 8)
RULES = rules_of(MemorySettings(max_photos=10))


def scenes(count=10, each=20, seed=3):
    """Photos of scenes an hour long, one of which is far better lit than the others."""
    chance = random.Random(seed)
    photos = []
    for scene in range(count):
        base = chance.getrandbits(64)
        for shot in range(each):
            bits = base
            for _ in range(7):
                bits ^= 1 << chance.randrange(64)
            photos.append(
                a_memorable(
                    scene * each + shot + 1,
                    START + timedelta(hours=scene, minutes=chance.uniform(0, 55)),
                    phash=bits - 2**63,
                    gps=(45.0 + scene / 50, 15.0),
                    quality=0.95 if scene == 0 else 0.6 + chance.random() / 10,
                )
            )
    return photos


def scenes_of(photos):
    return {(photo.item_id - 1) // 20 for photo in photos}


def test_the_choice_covers_more_scenes_than_the_best_do():
    photos = scenes()
    chosen = [choice.photo for choice in choose(photos, lambda _: 0, RULES, 1, group=lambda _: "all")]
    best = sorted(photos, key=score, reverse=True)[:10]
    assert len(scenes_of(best)) == 1
    assert len(scenes_of(chosen)) >= 8


def test_likeness_is_whole_for_the_photo_itself_and_falls_with_time_place_and_look():
    photos = [
        a_memorable(1, START, phash=0, gps=(45.0, 15.0)),
        a_memorable(2, START + timedelta(hours=1), phash=0, gps=(45.0, 15.0)),
        a_memorable(3, START + timedelta(hours=1), phash=2**40 - 1, gps=(45.0, 15.0)),
        a_memorable(4, START + timedelta(hours=20), phash=2**40 - 1, gps=(48.0, 15.0)),
    ]
    shared = Field(photos, [0.5] * 4, timedelta(minutes=10)).likeness(0)
    assert shared[0] == pytest.approx(1.0)
    assert all(np.diff(shared) < 0)
    assert shared[3] < 0.15


def test_what_is_not_known_does_not_count():
    photos = [a_memorable(n, START + timedelta(hours=n)) for n in range(3)]
    shared = Field(photos, [0.5] * 3, timedelta(minutes=10)).likeness(1)
    assert np.isfinite(shared).all()
    assert shared[1] == pytest.approx(1.0)


def test_no_photos_give_no_choice():
    assert choose([], lambda _: 0, RULES, 1) == []
