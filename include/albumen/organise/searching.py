"""Searching a library: several ways of finding, brought together, and each hit says why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import embeddings, models_in_use, people, places, scenes, search
from albumen.catalog.people import Person
from albumen.catalog.places import NamedPlace
from albumen.catalog.search import Filter, Known
from albumen.organise.question import Question, understand

RANKED = 300
"""So many of each way of finding are looked at."""
FILTERED = 3000
FUSION = 60
"""Of reciprocal rank fusion: how little the first ranks differ."""
LIKE = 0.30
"""Cosine of a picture with a sentence from which it may be what was meant."""
WEIGHTS = {"label": 1.0, "words": 1.0, "meaning": 1.0}
SUGGESTED = 8
EARLIEST = 1990

SEARCH_SETTINGS = text(
    "SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '100', true), "
    "set_config('jit', 'off', true)"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """An item that fits; `key` with the library's prefix."""

    item_id: int
    key: str
    score: float
    why: list[str]


@dataclass(slots=True)
class Found:
    """What a search gave: hits, best first, notes on how it was understood, and what to try where it gave nothing."""

    question: Question
    hits: list[Hit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)


def run(
    connection: Connection,
    library_id: int,
    asked: str,
    *,
    today: date,
    labels: Collection[str],
    point: Any | None,
    most: int = 50,
    ways: Collection[str] = tuple(WEIGHTS),
) -> Found:
    """Search a library.

    Parameters
    ----------
    asked : str
        In plain words.
    labels : collection of str
        Things that the scene model can name.
    point : ndarray, shape (384,), or None
        The sentence among the pictures; None searches without.
    ways : collection of str
        `label`, `words`, `meaning`: which ways of finding count.

    References
    ----------
    .. [1] G. V. Cormack, C. L. A. Clarke, S. Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual
       rank learning methods", 2009.
    """
    connection.execute(SEARCH_SETTINGS)
    named = places.everyone(connection, library_id)
    everyone = people.everyone(connection, library_id)
    question = understand(asked, today=today, places=named, people=everyone, labels=labels)
    found = Found(question, notes=list(question.notes))
    models = models_in_use.model_ids(connection)
    use_point = point if "meaning" in ways and question.words else None
    for wanted, note in _relaxed(question, today):
        items = _candidates(connection, library_id, question, wanted, models, use_point, ways)
        seen = search.known(
            connection,
            library_id,
            items,
            words=question.words,
            point=use_point,
            scene=models[models_in_use.SCENE],
            text_space=models[models_in_use.TEXT_SPACE],
        )
        hidden = search.hidden_people(connection, library_id)
        seen = [one for one in seen if not hidden & set(one.people)]
        found.hits = _fused(question, wanted, seen, named, everyone, ways)[:most]
        if found.hits:
            found.notes += [note] if note else []
            return found
    found.suggestions = _suggestions(named.values(), everyone)
    return found


def _relaxed(question: Question, today: date) -> Iterable[tuple[Filter, str]]:
    """The filter of the question, then without what is asked for least surely."""
    whole = Filter(
        spans=question.spans(EARLIEST, today.year),
        place_ids=question.place_ids,
        person_ids=question.person_ids,
        kind=question.kind,
    )
    yield whole, ""
    if whole.spans and (whole.place_ids or whole.person_ids or question.words):
        yield replace(whole, spans=()), "nothing of that time: shown without it"
    if whole.place_ids and (whole.person_ids or question.words):
        yield replace(whole, spans=(), place_ids=()), "nothing of that place: shown without it"


def _candidates(
    connection: Connection,
    library_id: int,
    question: Question,
    wanted: Filter,
    models: Mapping[str, str],
    point: Any | None,
    ways: Collection[str],
) -> list[int]:
    if wanted:
        return search.filtered(connection, library_id, wanted, most=FILTERED)
    items: dict[int, None] = {}
    if "label" in ways:
        for label in question.labels:
            shown = scenes.showing(connection, library_id, label, model_id=models[models_in_use.SCENE], most=RANKED)
            items |= dict.fromkeys(item for item, _ in shown)
    if "words" in ways:
        items |= dict.fromkeys(search.saying(connection, library_id, question.words, most=RANKED))
    if point is not None:
        space = models[models_in_use.TEXT_SPACE]
        near = embeddings.nearest(connection, library_id, point, model_id=space, most=RANKED)
        items |= dict.fromkeys(one.item_id for one in near if one.cosine >= LIKE)
    return list(items)


def _fused(
    question: Question,
    wanted: Filter,
    seen: Sequence[Known],
    named: Mapping[str, NamedPlace],
    everyone: Sequence[Person],
    ways: Collection[str],
) -> list[Hit]:
    rankings = {
        "label": {one.item_id: _shown(question, one) for one in seen if _shown(question, one) > 0},
        "words": {one.item_id: 1.0 for one in seen if one.says and question.words},
        "meaning": {one.item_id: one.cosine for one in seen if one.cosine is not None and one.cosine >= LIKE},
    }
    scores = dict.fromkeys((one.item_id for one in seen), 0.0)
    for way, ranking in rankings.items():
        if way in ways:
            for item, rank in _ranks(ranking):
                scores[item] += WEIGHTS[way] / (FUSION + rank)
    asks_for_content = bool(question.words)
    names = {person.person_id: person.name or "someone" for person in everyone}
    hits = [
        Hit(one.item_id, one.key, scores[one.item_id], _why(question, wanted, one, named, names))
        for one in seen
        if scores[one.item_id] > 0 or (wanted and not asks_for_content)
    ]
    quality = {one.item_id: one.quality for one in seen}
    return sorted(hits, key=lambda hit: (-hit.score, -quality[hit.item_id], -hit.item_id))


def _shown(question: Question, one: Known) -> float:
    """How surely an item shows what is asked for: the mean over the things."""
    if not question.labels:
        return 0.0
    return sum(one.labels.get(label, 0.0) for label in question.labels) / len(question.labels)


def _ranks(ranking: Mapping[int, float]) -> list[tuple[int, int]]:
    """Items with their ranks from 1 on; equals share one."""
    ordered = sorted(ranking.items(), key=lambda entry: (-entry[1], entry[0]))
    found, rank = [], 0
    for number, (item, value) in enumerate(ordered, start=1):
        if number == 1 or value != ordered[number - 2][1]:
            rank = number
        found.append((item, rank))
    return found


def _why(
    question: Question, wanted: Filter, one: Known, named: Mapping[str, NamedPlace], names: Mapping[str, str]
) -> list[str]:
    why = [f"shows {label} ({one.labels[label]:.2f})" for label in question.labels if label in one.labels]
    place = named.get(one.place_id or "")
    if wanted.place_ids and place:
        why.append(f"taken in {', '.join(filter(None, (place.city or place.region, place.country)))}")
    if wanted.spans and one.taken_local:
        why.append(f"taken on {one.taken_local.date().isoformat()}")
    why += [f"{names.get(person, 'someone')} is in it" for person in wanted.person_ids if person in one.people]
    if wanted.kind:
        why.append(f"is a {one.kind}")
    if one.says and question.words:
        why.append("its name, caption or camera says so")
    if one.cosine is not None and one.cosine >= LIKE:
        why.append(f"looks like what was asked for ({one.cosine:.2f})")
    return why


def _suggestions(named: Iterable[NamedPlace], everyone: Sequence[Person]) -> list[str]:
    """What this library could be asked for."""
    cities = [place.city for place in named if place.city][: SUGGESTED // 2]
    return [*(person.name for person in everyone if person.name), *cities][:SUGGESTED]
