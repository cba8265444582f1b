"""How well is a library organised, and does one more photo cost the same in a large one?

Near-duplicates: photos of a folder (the corpus), each edited in several ways, found among all the others as a library
finds them; whatever else is called the same picture is an error. Clips: takes filmed over those photos, and copies.
People: faces of labelled photos among faces of strangers, real and simulated. Trips: lives that are made up, with trips
planted in them. Cost: one new photo in simulated libraries of several sizes, and the faces of some hundred in one with
very many, through the real code and a PostgreSQL of its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import growth
import many_faces
import numpy as np
import organise_cost
import strangers
import takes
from conditions import conditions
from edits import EDITS, pictures
from stacks import running_servers

from albumen.catalog.visits import Visit
from albumen.local.postgres import catalog_url
from albumen.organise import duplicating, homes, people, structure, trips
from albumen.pipeline.steps import face_eye
from albumen.settings import Settings
from albumen.vision.faces import FaceFinder
from albumen.vision.weights import path_of

LIVES = 40
STRANGERS = (500, 2000)
PEOPLE = 60
SEEDS = 20261127
TARGETS = {"precision": 0.98, "recall": 0.9, "trips found": 0.95, "people b3": 0.95}


def near_duplicates(folder: Path) -> dict[str, Any]:
    """Precision and recall of pairs, over edits of the folder's photos."""
    originals = {path: structure.miniature(picture) for path, picture in pictures(folder).items()}
    names = list(originals)
    indexed = np.stack([structure.structure(small) for small in originals.values()])
    found, wrong, asked = Counter[str](), 0, 0
    for path, picture in pictures(folder).items():
        for edit, change in EDITS.items():
            small = structure.miniature(change(picture))
            nearest: set[int] = set()
            for probe in structure.probes(small):
                cosines = indexed @ probe
                order = np.argsort(-cosines)[: duplicating.CANDIDATES]
                nearest |= {int(at) for at in order if cosines[at] >= 1 - duplicating.APART}
            same = {names[at] for at in nearest if structure.same_picture(originals[names[at]], small)}
            found[edit] += path in same
            wrong += len(same - {path})
            asked += 1
    right = sum(found.values())
    different = [
        (a, b) for at, a in enumerate(names) for b in names[:at] if structure.same_picture(originals[a], originals[b])
    ]
    return {
        "photos": len(names),
        "edited": asked,
        "recall": round(right / asked, 4),
        "precision": round(right / (right + wrong), 4),
        "recall by edit": {edit: round(found[edit] / len(names), 3) for edit in EDITS},
        "different photos called the same": [f"{a.name} = {b.name}" for a, b in different],
    }


def faces(corpus: Path) -> dict[str, Any]:
    """B-cubed and adjusted Rand index of labelled faces among strangers: real ones, then thousands besides.

    A stranger is somebody of their own: who is put to one of the labelled people, or to another stranger, counts as
    wrong.
    """
    settings = Settings().models
    directory = Path(settings.directory).expanduser()
    finder = FaceFinder(face_eye.load(settings), path_of("sface-2021dec", directory))
    with (corpus / "people" / "IDENTITIES.tsv").open(encoding="utf-8") as file:
        known = {row["path"]: row["person"] for row in csv.DictReader(file, delimiter="\t")}
    looked = [(known.get(str(path.relative_to(corpus))), picture) for path, picture in pictures(corpus).items()]
    looked += [(strangers.person_of(name), picture) for name, picture in strangers.sample_pictures().items()]
    vectors, photos, truth, unclear = [], [], [], 0
    for number, (label, picture) in enumerate(looked):
        seen = finder.find(picture)
        for face in seen[:1] if label else seen:
            side = min(face.width * picture.shape[1], face.height * picture.shape[0])
            if people.is_clear(side, face.score, face.sharpness, face.landmarks):
                vectors.append(face.embedding)
                photos.append(number)
                truth.append(label or f"stranger {len(truth)}")
            else:
                unclear += 1
    real = np.stack(vectors)
    firsts = [truth.index(one) for one in dict.fromkeys(truth)]
    found: dict[str, Any] = {
        "faces": len(truth),
        "people": len({one for one in truth if truth.count(one) > 1}),
        "strangers": sum(truth.count(one) == 1 for one in truth),
        "turned away by the gates": unclear,
        "real": _grouped(real, photos, truth),
    }
    for count in STRANGERS:
        others = strangers.simulated(real[firsts], count, SEEDS)
        found[f"with {count} simulated strangers"] = _grouped(
            np.concatenate([real, others]),
            [*photos, *range(len(looked), len(looked) + count)],
            [*truth, *(f"simulated {number}" for number in range(count))],
        )
    often = np.random.default_rng(SEEDS).choice([2, 3, 5, 10, 30], size=PEOPLE)
    vectors, whose = strangers.album(real[firsts], STRANGERS[-1], [int(times) for times in often], SEEDS + 1)
    name = f"{PEOPLE} simulated people, each seen 2 to 30 times, among {STRANGERS[-1]} strangers"
    found[name] = {"faces": len(whose), **_grouped(vectors, list(range(len(whose))), [str(one) for one in whose])}
    return found


def _grouped(vectors: Any, photos: list[int], truth: list[str]) -> dict[str, float]:
    cosines = vectors @ vectors.T
    near = np.argwhere(np.triu(cosines >= people.SURE, 1))
    groups = people.agglomerate(people.first_pass(vectors, photos, [(i, j, float(cosines[i, j])) for i, j in near]))
    given = {face: number for number, group in enumerate(groups) for face in group.faces}
    mixed = sum(len({truth[face] for face in group.faces}) > 1 for group in groups)
    return {"mixed groups": mixed, **agreement(truth, [given[number] for number in range(len(truth))])}


def agreement(truth: list[str], given: list[int]) -> dict[str, float]:
    """B-cubed precision, recall and F1, and the adjusted Rand index.

    References
    ----------
    .. [1] A. Bagga, B. Baldwin, "Entity-based cross-document coreferencing using the vector space model", 1998.
    .. [2] L. Hubert, P. Arabie, "Comparing partitions", 1985.
    """
    cells, rows, columns = Counter(zip(truth, given, strict=True)), Counter(truth), Counter(given)
    n = len(truth)
    precision = sum(count * count / columns[group] for (_, group), count in cells.items()) / n
    recall = sum(count * count / rows[label] for (label, _), count in cells.items()) / n
    together = sum(count * (count - 1) / 2 for count in cells.values())
    in_rows, in_columns = (sum(c * (c - 1) / 2 for c in counts.values()) for counts in (rows, columns))
    expected, most = in_rows * in_columns / (n * (n - 1) / 2), (in_rows + in_columns) / 2
    return {
        "b3 precision": round(precision, 4),
        "b3 recall": round(recall, 4),
        "b3 f1": round(2 * precision * recall / (precision + recall), 4),
        "ari": round((together - expected) / (most - expected), 4) if most != expected else 1.0,
    }


def travels(lives: int) -> dict[str, Any]:
    """Planted trips found, and trips that nobody planted, over made-up lives."""
    planted = found = invented = 0
    for seed in range(lives):
        seen, truth = life(random.Random(SEEDS + seed))
        told = trips.find(seen, homes.learn(seen))
        spans = [(trip.first, trip.last) for trip in told]
        planted += len(truth)
        found += sum(any(abs((a - c).days) <= 1 and abs((b - d).days) <= 1 for c, d in spans) for a, b in truth)
        invented += sum(not any(c <= b and a <= d for a, b in truth) for c, d in spans)
    return {
        "lives": lives,
        "planted": planted,
        "found": found,
        "share": round(found / planted, 4),
        "invented": invented,
    }


def life(dice: random.Random) -> tuple[list[Visit], list[tuple[date, date]]]:
    """Six years of someone who may move once, goes to work 30 km away, takes photos more or less often, and travels."""
    first, home = date(2016, 1, 1), (dice.uniform(-45, 60), dice.uniform(-179, 179))
    moves = first + timedelta(days=dice.randint(600, 1500)) if dice.random() < 0.4 else date(2030, 1, 1)
    second = (max(-60.0, min(65.0, home[0] + dice.uniform(3, 12))), home[1] + dice.uniform(-4, 4))
    rate = dice.choice([0.12, 0.3, 0.6])
    truth, away = [], {}
    day = first + timedelta(days=90)
    while day < first + timedelta(days=6 * 365 - 60):
        length = dice.choice([1, 2, 3, 5, 7, 14, 21])
        where = (max(-80.0, min(80.0, home[0] + dice.choice([-1, 1]) * dice.uniform(0.8, 25))), dice.uniform(-180, 180))
        if length == 1:
            base = second if day >= moves else home
            where = (base[0] + dice.choice([-1, 1]) * dice.uniform(0.6, 1.5), base[1])
        if abs((day - moves).days) > 60:
            truth.append((day, day + timedelta(days=length - 1)))
            away |= {day + timedelta(days=number): (where, length) for number in range(length)}
        day += timedelta(days=length + dice.randint(30, 150))
    seen = []
    for number in range(6 * 365):
        today = first + timedelta(days=number)
        lived = second if today >= moves else home
        if today in away:
            (lat, lon), length = away[today]
            near = (lat + dice.uniform(-0.1, 0.1), (lon + dice.uniform(-0.1, 0.1) + 540) % 360 - 180)
            seen.append(visit(today, near, dice.randint(5, 30), 9, 20))
        elif dice.random() < rate:
            seen.append(visit(today, (lived[0] + dice.uniform(-0.02, 0.02), lived[1]), dice.randint(1, 9), 8, 21))
            if today.weekday() < 5 and dice.random() < 0.3:
                seen.append(visit(today, (lived[0] + 0.27, lived[1]), dice.randint(1, 3), 10, 16))
    return seen, truth


def visit(day: date, point: tuple[float, float], photos: int, first: int, last: int) -> Visit:
    """A day somewhere, from one hour to another."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Visit(day, point, photos, at + timedelta(hours=first), at + timedelta(hours=last))


def faults(found: dict[str, Any]) -> list[str]:
    """Missed targets."""
    told = []
    for kind in ("near-duplicates", "copies of clips"):
        if near := found.get(kind):
            told += [
                f"{name} of {kind} is {near[name]}" for name in ("precision", "recall") if near[name] < TARGETS[name]
            ]
    if found["trips"]["share"] < TARGETS["trips found"] or found["trips"]["invented"]:
        told.append(f"{found['trips']['share']} of the trips found, {found['trips']['invented']} invented")
    if (met := found.get("people")) and met["real"]["b3 f1"] < TARGETS["people b3"]:
        told.append(f"B-cubed of people is {met['real']['b3 f1']}")
    if cost_found := found.get("cost"):
        told += growth.faults("organising a photo", organise_cost.medians(cost_found["ms"]))
    return told


def main() -> int:
    """Measure, tell, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="The corpus; without it no photos are measured.")
    parser.add_argument("--lives", type=int, default=LIVES, help="How many lives are made up.")
    parser.add_argument("--rows", default="1000,100000", help="Items of the libraries, a comma between; none: no cost.")
    parser.add_argument("--faces", type=int, default=0, help="Faces of a simulated library; 0: none.")
    parser.add_argument("--rounds", type=int, default=15, help="How many new photos.")
    parser.add_argument("--home", default="", help="Folder whose filled libraries are used, and kept; none: a new one.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    met = conditions()
    found: dict[str, Any] = {"trips": travels(options.lives)}
    if options.corpus:
        found["near-duplicates"] = near_duplicates(options.corpus)
        found["copies of clips"] = takes.measure(options.corpus)
        found["people"] = faces(options.corpus)
    if options.rows or options.faces:
        with running_servers(options.home) as stack:
            if options.rows:
                sizes = [int(size) for size in options.rows.split(",")]
                found["cost"] = organise_cost.measure(catalog_url(stack.home), sizes, options.rounds)
            if options.faces:
                found["faces"] = many_faces.measure(catalog_url(stack.home), options.faces)
    failures = faults(found)
    if options.json:
        print(json.dumps({"conditions": met, **found, "failures": failures}))
    else:
        for name, figures in found.items():
            print(f"{name}: {json.dumps(figures)}")
        print(json.dumps(met))
        print("\n".join(failures) or "all targets met")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
