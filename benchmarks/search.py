"""How right is a search, and how long does it take in a library of a million items?

Right: pictures of the sample library's packages and, given the corpus, its photos, looked at by the real models and
organised by the real code into a catalog of their own. `search_truth.tsv` says which of them fit a search, as a person
who looked at all of them saw it. Each way of finding is judged alone, then all together. File names are those that the
pictures were published under.

Quick: searches of many kinds in a library of simulated rows, with the real code and the model of sentences.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pillow_heif
import search_catalog
from conditions import conditions, summary, timed
from edits import pictures
from PIL import Image, ImageOps
from sqlalchemy import text
from stacks import catalog, running_servers

from albumen.catalog import engine as engines
from albumen.local.postgres import catalog_url
from albumen.local.sample.fetch import fetch
from albumen.local.sample.packages import PACKAGES
from albumen.local.sample.pictures import members, read_members
from albumen.organise import organising, searching
from albumen.pipeline.contract import MediaInput, Step, StepResult
from albumen.pipeline.steps.scene import SceneStep
from albumen.pipeline.steps.text import TextStep
from albumen.settings import Settings
from albumen.vision import asking, label_vectors

TRUTH = Path(__file__).parent / "search_truth.tsv"
CACHE = Path("~/.cache/albumen/sample").expanduser()
PREVIEW_SIDE = 1440
WAYS = {
    "keywords": ("words",),
    "labels": ("label",),
    "text": ("text",),
    "vectors": ("meaning",),
    "hybrid": ("label", "words", "text", "meaning"),
}
TARGET_P95_MS = 200.0
TODAY = date(2026, 1, 1)
ASKED = (
    "dog", "beach", "mountain lake", "person3 in country4", "dog on the beach in Country3 2019", "summer 2011",
    "person1 and person2", "town7 2004", "videos of person5", "screenshots 2020", "receipts", "word4711", "word12 food",
    "nikon model 3", "canon", "img", "flowers in region5", "sunset over the sea", "a child blowing out candles", "2015",
    "december", "country1", "person0", "pet", "car in town0", "moutain", "qwxyz blorb", "perro en la playa", "church",
    "food in town1 2008",
)  # fmt: skip

Truth = list[tuple[str, str, set[str]]]


class Searcher:
    """A catalog to search."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url, self.labels, self._models = url, asking.vocabulary(settings.models), settings.models

    def search(self, asked: str, *, most: int, ways: Collection[str] = WAYS["hybrid"]) -> list[str]:
        """Keys of the hits, best first."""
        encode = partial(asking.point_of, models=self._models)
        with engines.engine(self.url).connect() as connection:
            found = searching.run(
                connection, 1, asked, today=TODAY, labels=self.labels, encode=encode, most=most, ways=ways
            )
        return [hit.key for hit in found.hits]


def looked_at(corpus: Path | None) -> dict[str, tuple[str, bytes]]:
    """The pictures, by the name that the truth has for them: the key they were published under, and a preview."""
    pillow_heif.register_heif_opener()
    archives = {package.name: path for package in PACKAGES if (path := fetch(package, CACHE, _quietly)) is not None}
    chosen = members()
    found = {}
    for name, data in read_members(list(chosen.values()), archives).items():
        try:
            with Image.open(io.BytesIO(data)) as file:
                picture = ImageOps.exif_transpose(file).convert("RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue
        found[f"sample:{name}"] = (Path(chosen[name].member).name, _jpeg(picture))
    for path, pixels in pictures(corpus).items() if corpus else ():
        key = str(path.relative_to(corpus))  # type: ignore[arg-type]
        found[key] = (key, _jpeg(Image.fromarray(pixels)))
    return found


def fill(url: str, seen: Mapping[str, tuple[str, bytes]], settings: Settings) -> None:
    """Look at the pictures with the models and organise them."""
    steps: list[Step] = [SceneStep(settings), TextStep(settings)]
    with engines.engine(url).connect() as connection:
        connection.execute(text("INSERT INTO libraries (name, bucket) VALUES ('bench', 'bench')"))
        for item, (key, data) in enumerate(seen.values(), start=1):
            _add(connection, item, key)
            for step in steps:
                (result,) = step.run([MediaInput(item, data, kind="photo", mime="image/jpeg", context={})])
                for table, rows in result.rows.items() if isinstance(result, StepResult) else ():
                    for row in rows:
                        _insert(connection, table, {"library_id": 1, "item_id": item, **row})
        while organising.organise(connection, 1):
            connection.commit()


def judge(searcher: Searcher, truth: Truth, names: Mapping[str, str]) -> dict[str, Any]:
    """Mean average precision and precision at 10 by way of finding, and of all together by sort of search.

    Precision at 10 counts the best ten, or as many as fit if those are fewer.
    """
    told: dict[str, Any] = {}
    for way, ways in WAYS.items():
        scores = [_scored(searcher.search(asked, most=1000, ways=ways), fits, names) for _, asked, fits in truth]
        told[way] = _mean(scores)
        if way == "hybrid":
            sorts = list(dict.fromkeys(sort for sort, _, _ in truth))
            told["hybrid by sort"] = {
                sort: _mean([score for score, row in zip(scores, truth, strict=True) if row[0] == sort])
                for sort in sorts
            }
            told["worst"] = {
                row[1]: score[0] for score, row in sorted(zip(scores, truth, strict=True), key=lambda one: one[0])[:8]
            }
    return told


def quick(searcher: Searcher, rounds: int) -> dict[str, Any]:
    """Milliseconds of a search, the sentence's encoding included, over all and by search."""
    for asked in ASKED:
        searcher.search(asked, most=50)
    seconds = {
        asked: [timed(lambda asked=asked: searcher.search(asked, most=50)) for _ in range(rounds)] for asked in ASKED
    }  # type: ignore[misc]
    slowest = sorted(seconds, key=lambda asked: -sorted(seconds[asked])[rounds // 2])[:6]
    return {
        **summary([one for several in seconds.values() for one in several], unit=0.001),
        "slowest": {asked: summary(seconds[asked], unit=0.001)["median"] for asked in slowest},
    }


def read_truth(seen: Collection[str]) -> Truth:
    """What fits which search, of the pictures that are there."""
    with TRUTH.open(encoding="utf-8") as file:
        rows = [(row["sort"], row["asked"], set(row["fits"].split())) for row in csv.DictReader(file, delimiter="\t")]
    return [(sort, asked, fits) for sort, asked, fits in rows if fits <= set(seen)]


def _scored(hits: Sequence[str], fits: Collection[str], names: Mapping[str, str]) -> tuple[float, float]:
    right = [names[key] in fits for key in hits]
    precisions = [sum(right[: at + 1]) / (at + 1) for at, is_right in enumerate(right) if is_right]
    return round(sum(precisions) / len(fits), 3), sum(right[:10]) / min(10, len(fits))


def _mean(scores: Sequence[tuple[float, float]]) -> dict[str, float]:
    n = len(scores)
    return {
        "searches": n,
        "map": round(sum(score[0] for score in scores) / n, 3),
        "p10": round(sum(score[1] for score in scores) / n, 3),
    }


def _add(connection: Any, item: int, key: str) -> None:
    _insert(
        connection,
        "items",
        {"library_id": 1, "item_id": item, "sha256": item.to_bytes(32), "bytes": 1, "kind": "photo", "mime": "m"},
    )
    connection.execute(
        text("INSERT INTO originals (library_id, bucket, key, etag, size, last_modified, item_id) "
             "VALUES (1, 'bench', :key, 'e', 1, now(), :item)"),
        {"key": key, "item": item},
    )  # fmt: skip
    _insert(connection, "dirty_items", {"library_id": 1, "item_id": item})


def _insert(connection: Any, table: str, row: Mapping[str, Any]) -> None:
    values = {name: json.dumps(value) if name == "lines" else value for name, value in row.items()}
    if "vector" in values:
        values["vector"] = str(values["vector"])
    marks = ", ".join(f"CAST(:{name} AS {_CASTS[name]})" if name in _CASTS else f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"), values)


_CASTS = {"vector": "halfvec", "lines": "jsonb"}


def _jpeg(picture: Image.Image) -> bytes:
    picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _quietly(words: str) -> None:
    print(words, file=sys.stderr)


def main() -> int:
    """Measure, tell, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="The corpus; without it, searches for its photos are left out.")
    parser.add_argument("--items", type=int, default=1_000_000, help="Items of the simulated library; 0: none.")
    parser.add_argument("--points", type=int, default=1_000_000, help="So many of them are points, at most.")
    parser.add_argument("--rounds", type=int, default=5, help="How often each search is made.")
    parser.add_argument("--home", default="", help="Folder whose filled library is used, and kept; none: a new one.")
    parser.add_argument("--no-truth", action="store_true", help="Only how long it takes.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    settings, met, found = Settings(), conditions(), {}
    with running_servers(options.home) as stack:
        maintenance = catalog_url(stack.home)
        if not options.no_truth:
            seen = looked_at(options.corpus)
            url = catalog(maintenance, "bench_truth")
            fill(url, seen, settings)
            names = {key: name for name, (key, _) in seen.items()}
            found["right"] = {"pictures": len(seen), **judge(Searcher(url, settings), read_truth(seen), names)}
        if options.items:
            url = catalog(maintenance, f"bench_{options.items}")
            vectors = label_vectors.load(settings.models.sentences, Path(settings.models.directory))
            points = min(options.items, options.points)
            search_catalog.fill(url, options.items, vectors, points)
            found["ms"] = {"items": options.items, "points": points, **quick(Searcher(url, settings), options.rounds)}
    failures = []
    if (ms := found.get("ms")) and ms["p95"] > TARGET_P95_MS:
        failures.append(f"p95 of a search is {ms['p95']} ms")
    if options.json:
        print(json.dumps({"conditions": met, **found, "failures": failures}))
    else:
        for name, figures in found.items():
            print(f"{name}: {json.dumps(figures, ensure_ascii=False)}")
        print(json.dumps(met))
        print("\n".join(failures) or "all targets met")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
