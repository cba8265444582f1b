"""What enriching a photo costs beyond its bare models, and how right the models are.

`ratio` is the CPU of the preview pass's steps in the sandbox (parent and child) over that of the same
models called in a loop in one process, each preview decoded once: 1.0 is the floor. OCR is apart, since
it costs what there is to read. Both sides take turns over the same previews, which are made first, by the
pipeline's own step.

With `--corpus DIR` (a folder with `people/IDENTITIES.tsv`), also: accuracy of telling faces apart over
all pairs, and false alarms of `safety`. With `--kinds DIR` (a folder of pictures per kind), also: the
confusion table of `picture_kind`, by pixels alone. Always: characters that OCR gets wrong in drawn pages.
With `--items N`, also: whether the memory of the pass stays flat over that many previews, `text` among its steps.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import reading
from conditions import conditions
from PIL import Image, ImageOps

from albumen.media.photo import decode_rendition
from albumen.pipeline import registry
from albumen.pipeline.contract import StepResult
from albumen.pipeline.sandbox import Sandbox, WorkItem
from albumen.pipeline.steps import face_eye, scene_eye
from albumen.pipeline.steps.faces import RECOGNISER, FacesStep
from albumen.pipeline.steps.safety import SafetyStep
from albumen.settings import Settings
from albumen.vision.faces import FaceFinder
from albumen.vision.likeness import perceptual_hash
from albumen.vision.manifest import models
from albumen.vision.picture_kind import Clues, measure, picture_kind
from albumen.vision.quality import assess
from albumen.vision.weights import path_of

STEPS = ("faces", "scene", "picture_kind", "safety", "quality", "likeness")
SAMPLE = Path("~/.cache/albumen/sample/pictures")
TICKS = os.sysconf("SC_CLK_TCK")
TARGET_RATIO, TARGET_PAIRS, FLAT = 1.15, 0.99, 0.1
Picture = np.ndarray[Any, np.dtype[np.uint8]]


def read(path: Path) -> Picture | None:
    """An upright picture on white, or None for what is none."""
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGBA")
        ground = Image.new("RGBA", upright.size, "white")
        return np.asarray(Image.alpha_composite(ground, upright).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def previews(folder: Path, settings: Settings, most: int) -> list[bytes]:
    """Previews of the pictures of a folder, made by `renditions`."""
    files = [path for path in sorted(folder.expanduser().rglob("*")) if path.is_file()][: 2 * most]
    items = [
        WorkItem(number, path.read_bytes(), "photo", "image/jpeg", {}, ("renditions",))
        for number, path in enumerate(files)
    ]
    made = []
    with Sandbox([registry.reference_of(registry.steps()["renditions"])], settings) as sandbox:
        for outcome in sandbox.run(items):
            objects = outcome.result.objects if isinstance(outcome.result, StepResult) else ()
            made += [one.data for one in objects if one.name == "preview"]
    return made[:most]


def bare(settings: Settings) -> Callable[[bytes], None]:
    """The models of the steps and nothing around them."""
    chosen = settings.models
    finder = FaceFinder(face_eye.load(chosen), path_of(RECOGNISER, Path(chosen.directory)))
    eye, safety = scene_eye.load(chosen), SafetyStep(settings)._model

    def look(preview: bytes) -> None:
        picture = decode_rendition(preview)
        finder.find(picture)
        eye.look([picture])
        measure(picture)
        safety.predict([picture])
        assess(picture)
        perceptual_hash(picture)

    return look


def cpu_of_children() -> float:
    """CPU seconds of this process's living children so far."""
    total = 0
    for pid in children():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def cost(made: Sequence[bytes], rounds: int, settings: Settings) -> dict[str, Any]:
    """CPU milliseconds a photo of both sides, in turns, and what the child held after the first turn and the last."""
    look = bare(settings)
    look(made[0])
    ours, theirs, held = [], [], []
    references = [registry.reference_of(registry.steps()[name]) for name in STEPS]
    with Sandbox(references, settings) as sandbox:

        def turn() -> float:
            items = [
                WorkItem(n, data, "photo", "image/jpeg", {"file_name": "a.jpg"}, STEPS) for n, data in enumerate(made)
            ]
            begun = time.process_time() + cpu_of_children()
            for outcome in sandbox.run(items):
                if not isinstance(outcome.result, StepResult):
                    raise SystemExit(f"{outcome.step} failed: {outcome.result}")
            return time.process_time() + cpu_of_children() - begun

        turn()
        for _ in range(rounds):
            begun = time.process_time()
            for preview in made:
                look(preview)
            theirs.append(time.process_time() - begun)
            ours.append(turn())
            held.append(sandbox.peak_rss_bytes)
    per_photo = 1000 / len(made)
    return {
        "photos": len(made),
        "rounds": rounds,
        "ours_ms": round(min(ours) * per_photo, 1),
        "bare_ms": round(min(theirs) * per_photo, 1),
        "ratio": round(min(ours) / min(theirs), 3),
        "rss_growth": round(held[-1] / held[0] - 1, 3) if held[0] else None,
    }


def memory(made: Sequence[bytes], items: int, settings: Settings, steps: Sequence[str]) -> dict[str, Any]:
    """What the child and this process hold, as the pass goes over the same previews again and again.

    The first tenth warms up: arenas, caches and models come to their size. Flat means that the last tenth holds no
    more than the second one.
    """
    references = [registry.reference_of(registry.steps()[name]) for name in steps]
    work = (
        WorkItem(n, made[n % len(made)], "photo", "image/jpeg", {"file_name": "a.jpg", "consents": ["faces"]}, steps)
        for n in range(items)
    )
    samples: list[tuple[int, int]] = []
    ended = 0
    with Sandbox(references, settings) as sandbox:
        for outcome in sandbox.run(work):
            if not isinstance(outcome.result, StepResult):
                raise SystemExit(f"{outcome.step} failed: {outcome.result}")
            ended += outcome.step == steps[-1]
            if ended and ended % max(1, items // 100) == 0 and outcome.step == steps[-1]:
                samples.append((sum(map(resident, children())), resident(os.getpid())))
        restarts = sandbox.restarts
    tenth = len(samples) // 10
    early, late = samples[tenth : 2 * tenth], samples[-tenth:]
    growth = [
        round(float(np.mean([s[side] for s in late]) / np.mean([s[side] for s in early])) - 1, 4) for side in (0, 1)
    ]
    return {
        "items": items,
        "restarts": restarts,
        "child_mb": [round(s[0] / 1e6) for s in samples[:: max(1, tenth)]],
        "parent_mb": [round(s[1] / 1e6) for s in samples[:: max(1, tenth)]],
        "child_growth": growth[0],
        "parent_growth": growth[1],
    }


def children() -> list[int]:
    """Processes that this one started and that live."""
    return [int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]


def resident(pid: int) -> int:
    """Memory that a process holds, bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def pairs(corpus: Path, settings: Settings) -> dict[str, Any]:
    """Whether the cosine of two faces tells if they are one person's."""
    step = FacesStep(settings)
    with (corpus / "people" / "IDENTITIES.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    known = [
        (row["person"], step._finder.find(picture))
        for row in rows
        if (picture := read(corpus / row["path"])) is not None
    ]
    faces = [(person, max(found, key=lambda face: face.score).embedding) for person, found in known if found]
    threshold = models()[RECOGNISER].threshold or 0.0
    right = [(float(a @ b) >= threshold) == (one == other) for (one, a), (other, b) in combinations(faces, 2)]
    return {
        "portraits": len(rows),
        "found": len(faces),
        "pairs": len(right),
        "accuracy": round(sum(right) / len(right), 4),
    }


def alarms(corpus: Path, settings: Settings) -> dict[str, Any]:
    """Ordinary pictures that `safety` would keep back."""
    model, threshold = SafetyStep(settings)._model, models()["open-nsfw"].threshold or 1.0
    files = [path for path in sorted(corpus.rglob("*.jp*g")) if "hostile" not in path.parts]
    scores = [
        model.predict([picture])[0]
        for path in files
        if (picture := read(path)) is not None and min(picture.shape[:2]) >= 100
    ]
    return {
        "pictures": len(scores),
        "alarms": sum(score >= threshold for score in scores),
        "highest": round(max(scores), 3),
    }


def kinds(folder: Path, settings: Settings) -> dict[str, dict[str, int]]:
    """Per true kind, how often each was found; by pixels alone."""
    eye = scene_eye.load(settings.models)
    table: dict[str, dict[str, int]] = {}
    for path in sorted(folder.glob("*/*")):
        picture = read(path)
        if picture is not None:
            found = picture_kind(picture, eye.look([picture])[0].probabilities, Clues()).kind
            row = table.setdefault(path.parent.name, {})
            row[found] = row.get(found, 0) + 1
    return table


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, default=SAMPLE, help="photos to enrich; default: the sample's")
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--kinds", type=Path)
    parser.add_argument("--items", type=int, default=0, help="also the memory over so many previews; 0: not")
    parser.add_argument("--fonts", type=Path, default=reading.FONTS, help="folder of fonts that pages are drawn with")
    parser.add_argument("--most-fonts", type=int, default=6)
    parser.add_argument("--only-memory", action="store_true", help="nothing but --items")
    parser.add_argument("--no-text", action="store_true", help="--items without reading, which takes most of the time")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    settings = Settings()
    made = previews(given.pictures, settings, given.photos)
    if not made:
        raise SystemExit(f"no picture in {given.pictures}: name a folder of photos (--pictures)")
    told: dict[str, Any] = {"conditions": conditions()}
    if given.items:
        told["memory"] = memory(made, given.items, settings, STEPS if given.no_text else (*STEPS, "text"))
    if given.only_memory:
        print(json.dumps(told) if given.json else json.dumps(told, indent=2))
        return 1 if told["memory"]["child_growth"] > FLAT else 0
    told |= cost(made, given.rounds, settings)
    told["text"] = reading.measure(settings, given.fonts, given.most_fonts)
    if given.corpus:
        told |= {"pairs": pairs(given.corpus, settings), "safety": alarms(given.corpus, settings)}
    if given.kinds:
        told["kinds"] = kinds(given.kinds, settings)
    print(json.dumps(told) if given.json else json.dumps(told, indent=2))
    missed = told["ratio"] > TARGET_RATIO or told.get("pairs", {"accuracy": 1})["accuracy"] < TARGET_PAIRS
    missed = missed or told.get("memory", {"child_growth": 0})["child_growth"] > FLAT
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
