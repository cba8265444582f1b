"""The ways of finding: what each of them scores, within a filter and without."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from albumen.catalog import embeddings, item_words, models_in_use, scenes, search
from albumen.catalog.filters import Filter
from albumen.organise.question import Question

RANKED = 200
"""So many of each way of finding are looked at."""
FITTING = 1000
"""So many of each way where there is a filter, too: some of them fall through it."""
FILTERED = 300
"""So many of the newest that fulfil a filter are looked at besides."""


class Meaning(NamedTuple):
    """What was asked, as a point among the pictures; `like` is the cosine from which one may be what was meant."""

    point: Any
    like: float


Rankings = dict[str, dict[int, float]]
"""Per way of finding, what each item scores by it."""


def rankings(
    connection: Connection,
    library_id: int,
    question: Question,
    wanted: Filter,
    models: Mapping[str, str],
    meaning: Meaning | None,
    ways: Collection[str],
) -> tuple[Rankings, list[int]]:
    """What each way finds, and the newest items that fulfil the filter, if there is one."""
    most = FITTING if wanted else RANKED
    scores: Rankings = {
        "label": _labelled(connection, library_id, question, models[models_in_use.SCENE], most),
        "words": item_words.saying(connection, library_id, question.words, sources=item_words.ABOUT, most=most),
        "text": item_words.saying(connection, library_id, question.words, sources=("text",), most=most),
        "meaning": _near(connection, library_id, meaning, models[models_in_use.TEXT_SPACE]),
    }
    newest: list[int] = []
    if wanted:
        items = sorted({item for ranking in scores.values() for item in ranking})
        fitting = search.fulfilling(connection, library_id, wanted, items)
        scores = {
            way: {item: score for item, score in ranking.items() if item in fitting} for way, ranking in scores.items()
        }
        newest = search.filtered(connection, library_id, wanted, most=FILTERED)
        if question.words:
            others = [item for item in newest if item not in fitting]
            _add_scores(connection, library_id, question, models, meaning, others, scores)
    return {way: ranking for way, ranking in scores.items() if way in ways}, newest


def _labelled(connection: Connection, library_id: int, question: Question, scene: str, most: int) -> dict[int, float]:
    """Items that show all of the things, and those that show one of them."""
    asked = [[thing] for thing in question.things] + ([question.things] if len(question.things) > 1 else [])
    found: dict[int, float] = {}
    for things in asked:
        shown = scenes.showing_all(connection, library_id, things, model_id=scene, most=most)
        found |= {item: _shown(question, labels) for item, labels in shown.items()}
    return found


def _near(connection: Connection, library_id: int, meaning: Meaning | None, space: str) -> dict[int, float]:
    if meaning is None:
        return {}
    near = embeddings.nearest(connection, library_id, meaning.point, model_id=space, most=RANKED)
    return {one.item_id: one.cosine for one in near if one.cosine >= meaning.like}


def _add_scores(
    connection: Connection,
    library_id: int,
    question: Question,
    models: Mapping[str, str],
    meaning: Meaning | None,
    items: Sequence[int],
    found: Rankings,
) -> None:
    """What no way found among the first may fit best of those that fulfil the filter."""
    for one in search.scored(
        connection,
        library_id,
        items,
        words=question.words,
        point=meaning.point if meaning else None,
        scene=models[models_in_use.SCENE],
        text_space=models[models_in_use.TEXT_SPACE],
    ):
        scores = {"label": _shown(question, one.labels), "words": one.told, "text": one.read}
        for way, score in scores.items():
            if score > 0:
                found[way][one.item_id] = score
        if meaning and one.cosine is not None and one.cosine >= meaning.like:
            found["meaning"][one.item_id] = one.cosine


def _shown(question: Question, labels: Mapping[str, float]) -> float:
    """How surely an item shows what is asked for: the mean over the things."""
    if not question.things:
        return 0.0
    return sum(max(labels.get(label, 0.0) for label in thing) for thing in question.things) / len(question.things)
