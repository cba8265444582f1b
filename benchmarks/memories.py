"""Memories: what choosing them costs by the size of the library, and whether they are the right ones.

Cost: the stories of a day, from the first query to the chosen pictures, in simulated libraries, each in a process of
its own. Truth: a life with anniversaries and trips planted in it, told through the real catalog. Diversity: how many of
the scenes of a story's material its choice shows, beside the best pictures and random ones. Taste: simulated owners.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import mean, median
from typing import Any

import growth
from conditions import conditions, timed
from memory_catalog import a_life, fill, live
from stacks import catalog, running_servers

from albumen.catalog import engine as engines
from albumen.catalog import libraries, suppressions
from albumen.catalog.suppressions import Suppression
from albumen.local.postgres import catalog_url
from albumen.memories import generating
from albumen.memories.context import Photo
from albumen.memories.curation import choose, rules_of, score
from albumen.memories.gathering import gather
from albumen.memories.registry import memory_kinds
from albumen.memories.story import Story
from albumen.settings import MemorySettings, Settings
from albumen.testing.memories import a_memorable
from albumen.testing.owners import an_owner, circle_hit_rates, hit_rates

SIZES = (10_000, 100_000)
OWNERS = 20
TARGETS = {"seconds": 3.0, "MB": 300, "found": 0.95, "hit ratio": 1.5}
SOON_S = 0.5
"""Contexts that are made sooner may grow as they like."""
SETTINGS = Settings(memories=MemorySettings(stories=5, cooldown_days=0, shown_days=0))


def measure(url: str) -> dict[str, float]:
    """Seconds of the context and of the stories of seven days, and the most memory of this process."""
    kinds = memory_kinds(SETTINGS.memories)
    days = [date(2025, month, 2 * month) for month in range(5, 12)]
    with engines.engine(url).connect() as connection:
        library = libraries.named(connection, "bench")
        gather(connection, library, date(2025, 4, 1), kinds.values(), SETTINGS.memories)
        context = [timed(lambda day=day: gather(connection, library, day, kinds.values(), SETTINGS.memories))
                   for day in days]  # fmt: skip
        whole = [timed(lambda day=day: generating.stories(connection, library, day, SETTINGS, seed=1)) for day in days]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"context s": round(median(context), 3), "stories s": round(median(whole), 3), "MB": round(peak)}


def cost(maintenance: str, sizes: Sequence[int]) -> dict[int, Any]:
    """Context and stories by the size of the library."""
    found: dict[int, Any] = {}
    for size in sizes:
        url = catalog(maintenance, f"bench_{size}")
        fill(url, size)
        told = subprocess.run([sys.executable, __file__, "--measure", url], capture_output=True, text=True, check=True)
        found[size] = json.loads(told.stdout)
    return found


def truth(maintenance: str, lives: int) -> dict[str, Any]:
    """Planted anniversaries and trips that are told on their day, and what must never be shown."""
    planted = {"anniversaries": 0, "trips": 0}
    found = {"anniversaries": 0, "trips": 0}
    wrong = {"excluded": 0, "suppressed": 0, "near-duplicates": 0}
    for seed in range(lives):
        life = a_life(seed)
        url = catalog(maintenance, f"life_{seed}")
        live(url, life)
        hidden = set(random.Random(seed).sample([row["item"] for row in life.rows], 100))
        with engines.engine(url).connect() as connection:
            library = libraries.named(connection, "bench")
            for item in sorted(hidden):
                suppressions.add(connection, 1, Suppression("item", str(item), item_id=item))
            for day in life.anniversaries:
                stories = generating.stories(connection, library, day.replace(year=2025), SETTINGS, seed=1)
                planted["anniversaries"] += 1
                found["anniversaries"] += any(story.kind == "on_this_day" for story in stories)
                count_wrong(wrong, stories, life.excluded, hidden)
            for name, _, last in life.trips:
                stories = generating.stories(connection, library, last + timedelta(days=3), SETTINGS, seed=1)
                planted["trips"] += 1
                found["trips"] += any(story.key == f"trip:{name}" for story in stories)
                count_wrong(wrong, stories, life.excluded, hidden)
    shares = {name: round(found[name] / planted[name], 4) for name in planted}
    return {"lives": lives, "planted": planted, "found": shares, "shown though": wrong}


def count_wrong(wrong: dict[str, int], stories: Sequence[Story], excluded: set[int], hidden: set[int]) -> None:
    """Count what is in stories and must not be."""
    bits = SETTINGS.memories.near_duplicate_bits
    for story in stories:
        photos = [item.photo for item in story.items]
        wrong["excluded"] += sum(photo.item_id in excluded for photo in photos)
        wrong["suppressed"] += sum(photo.item_id in hidden for photo in photos)
        hashes = [photo.phash for photo in photos if photo.phash is not None]
        wrong["near-duplicates"] += sum(
            ((a ^ b) & (2**64 - 1)).bit_count() <= bits for at, a in enumerate(hashes) for b in hashes[:at]
        )


def diversity(rounds: int) -> dict[str, Any]:
    """The share of scenes that twelve pictures show, and how good they are: chosen, the twelve best, and random."""
    rules = rules_of(MemorySettings(max_photos=12))
    found: dict[str, list[tuple[float, float]]] = {"chosen": [], "top-k": [], "random": []}
    for seed in range(rounds):
        dice = random.Random(seed)
        photos = material(dice)
        picked = {
            "chosen": [one.photo for one in choose(photos, lambda _: 0, rules, seed, group=lambda _: "all")],
            "top-k": sorted(photos, key=score, reverse=True)[:12],
            "random": dice.sample(photos, 12),
        }
        scenes = {photo.place_id for photo in photos}
        for name, some in picked.items():
            covered = len({photo.place_id for photo in some}) / min(len(scenes), 12)
            found[name].append((covered, mean(photo.quality or 0 for photo in some)))
    return {
        name: {"coverage": round(mean(one[0] for one in some), 3), "quality": round(mean(one[1] for one in some), 3)}
        for name, some in found.items()
    }


def material(dice: random.Random) -> list[Photo]:
    """A day's photos: 14 scenes, some photographed far more and in far better light than others."""
    photos = []
    for scene in range(14):
        look, light = dice.getrandbits(64), dice.uniform(0.45, 0.95)
        for _ in range(dice.choice((2, 4, 8, 25))):
            bits = look ^ sum(1 << bit for bit in dice.sample(range(64), 12))
            taken = datetime(2022, 7, 1, 6) + timedelta(hours=scene, minutes=dice.uniform(0, 55))
            quality = min(max(light + dice.gauss(0, 0.04), 0.41), 1.0)
            spot = (45.0 + scene / 50, 15.0)
            photos.append(a_memorable(len(photos) + 1, taken, phash=bits - 2**63, gps=spot, quality=quality,
                                      place_id=str(scene)))  # fmt: skip
    return photos


def taste(owners: int) -> dict[str, Any]:
    """Hit-rate@5 of the personal and of the impersonal feed; by the close circle alone, of who never said anything."""
    rates = [hit_rates(an_owner(seed)) for seed in range(owners)]
    own, plain = mean(one[0] for one in rates), mean(one[1] for one in rates)
    close = [circle_hit_rates(an_owner(seed)) for seed in range(owners)]
    return {
        "owners": owners,
        "personal": round(own, 3),
        "impersonal": round(plain, 3),
        "ratio": round(own / max(plain, 0.001), 2),
        "close circle alone": round(mean(one[0] for one in close), 3),
        "without it": round(mean(one[1] for one in close), 3),
    }


def faults(found: dict[str, Any]) -> list[str]:
    """Targets that are missed, in words."""
    missed = []
    for size, one in found["cost"].items():
        if one["context s"] > TARGETS["seconds"] or one["MB"] > TARGETS["MB"]:
            missed.append(f"context of {size:,} items: {one}, wanted {TARGETS['seconds']} s and {TARGETS['MB']} MB")
    seconds = {size: one["context s"] for size, one in found["cost"].items()}
    missed += growth.faults("a context", seconds, least=SOON_S)
    missed += [f"{what} found: {share}" for what, share in found["truth"]["found"].items() if share < TARGETS["found"]]
    missed += [f"{count} {what} in stories" for what, count in found["truth"]["shown though"].items() if count]
    chosen = found["diversity"]["chosen"]["coverage"]
    missed += [
        f"{other} covers as much as what is chosen"
        for other in ("top-k", "random")
        if found["diversity"][other]["coverage"] >= chosen
    ]
    if found["taste"]["ratio"] < TARGETS["hit ratio"]:
        missed.append(f"hit-rate@5 only {found['taste']['ratio']} times the impersonal one")
    return missed


def main() -> int:
    """Measure, tell, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=SIZES[1], help="Items of the larger library.")
    parser.add_argument("--lives", type=int, default=3, help="How many lives are made up.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    parser.add_argument("--measure", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return 0
    met = conditions()
    found: dict[str, Any] = {"diversity": diversity(60), "taste": taste(OWNERS)}
    with running_servers() as stack:
        found["truth"] = truth(catalog_url(stack.home), options.lives)
        found["cost"] = cost(catalog_url(stack.home), sorted({*SIZES, options.items}))
    failures = faults(found)
    if options.json:
        told = {"conditions": met, "ratio": found["taste"]["ratio"], **found, "failures": failures}
        print(json.dumps(told))
    else:
        for name, figures in found.items():
            print(f"{name}: {json.dumps(figures)}")
        print(json.dumps(met))
        print("\n".join(failures) or "all targets met")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
