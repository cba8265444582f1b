"""Searching a library: several ways of finding, brought together, and each hit says why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import item_words, models_in_use, people, places, scenes, search
from albumen.catalog.filters import Filter
from albumen.catalog.people import Person
from albumen.catalog.places import NamedPlace
from albumen.catalog.search import Known
from albumen.organise.question import Question, understand, words_of
from albumen.organise.ways import Meaning, Rankings, rankings

SPARE = 30
"""So many hits more than asked for are looked at: some may be hidden or gone."""
FUSION = 60
"""Of reciprocal rank fusion: how little the first ranks differ."""
WEIGHTS = {"label": 1.5, "words": 1.0, "text": 1.5, "meaning": 1.0}
SAYS = {
    "caption": "its caption or keywords say so",
    "name": "its name or folder says so",
    "camera": "its camera is called so",
    "text": "it can be read in the picture",
}
SUGGESTED = 8
EARLIEST = 1990

SEARCH_SETTINGS = text(
    "SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '40', true), "
    "set_config('jit', 'off', true)"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """An item that fits; `key` with the library's prefix."""

    item_id: int
    key: str
    score: float
    why: list[str]


@dataclass(frozen=True, slots=True)
class Only:
    """What somebody chose beside the words: it is never let go.

    Attributes
    ----------
    since, until : date or None
        First and last local day.
    kind : str
        `photo`, `video`, or what kind of picture: `screenshot`, `document`, `receipt`, …
    """

    since: date | None = None
    until: date | None = None
    kind: str = ""


ANYTHING = Only()


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
    encode: Callable[[str, str], tuple[Any, float] | None] | None,
    most: int = 50,
    ways: Collection[str] = tuple(WEIGHTS),
    only: Only = ANYTHING,
) -> Found:
    """Search a library.

    Parameters
    ----------
    asked : str
        In plain words.
    labels : collection of str
        Things that the scene model can name.
    encode : callable or None
        From a sentence and the id of a space to its point among the pictures there, ndarray, and the cosine from
        which a picture may be what was meant; or to None. None searches without.
    ways : collection of str
        `label`, `words`, `text`, `meaning`: which ways of finding count.
    only : Only
        Chosen beside the words.

    References
    ----------
    .. [1] G. V. Cormack, C. L. A. Clarke, S. Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual
       rank learning methods", 2009.
    """
    connection.execute(SEARCH_SETTINGS)
    named = places.everyone(connection, library_id)
    everyone = people.everyone(connection, library_id)
    question = understand(
        asked,
        today=today,
        places=named,
        people=everyone,
        labels=labels,
        cameras=item_words.cameras(connection, library_id),
        written=item_words.written(connection, library_id, set(words_of(asked))),
    )
    found = Found(question, notes=list(question.notes))
    models = models_in_use.model_ids(connection)
    encoded = None
    if encode and "meaning" in ways and question.words:
        encoded = encode(question.meant, models[models_in_use.TEXT_SPACE])
    meaning = Meaning(*encoded) if encoded else None
    hidden = search.hidden_people(connection, library_id)
    for wanted, note in _relaxed(question, today, only):
        ranked, newest = rankings(connection, library_id, question, wanted, models, meaning, ways)
        scores = _fused(ranked)
        if wanted and not question.words:
            scores = dict.fromkeys(newest, 0.0)
        best = sorted(scores, key=lambda item: (-scores[item], -item))[: most + SPARE]
        seen = search.known(
            connection,
            library_id,
            best,
            words=question.words,
            point=meaning.point if meaning else None,
            scene=models[models_in_use.SCENE],
            text_space=models[models_in_use.TEXT_SPACE],
        )
        seen = [one for one in seen if not hidden & set(one.people)]
        like = meaning.like if meaning else 1.0
        found.hits = _hits(question, wanted, seen, scores, named, everyone, like)[:most]
        if found.hits:
            found.notes += [note] if note else []
            return found
    shown = scenes.common(connection, library_id, model_id=models[models_in_use.SCENE])
    found.suggestions = _suggestions(named.values(), everyone, shown)
    return found


def _relaxed(question: Question, today: date, only: Only) -> Iterable[tuple[Filter, str]]:
    """The filter of the question, then without what is asked for least surely."""
    is_medium = only.kind in ("photo", "video")
    wanted = Filter(
        since=only.since,
        until=only.until,
        spans=question.spans(EARLIEST, today.year),
        place_ids=question.place_ids,
        person_ids=question.person_ids,
        kind=only.kind if is_medium else question.kind,
        picture_kind=only.kind if only.kind and not is_medium else question.picture_kind,
        camera=question.camera,
    )
    yield wanted, ""
    if (wanted.picture_kind and not only.kind) or wanted.camera:
        note = f"no {wanted.picture_kind or wanted.camera} of that kind is known: looked for as words"
        wanted = replace(wanted, picture_kind="" if not only.kind else wanted.picture_kind, camera="")
        question.words += [*question.camera.split(), *([question.picture_kind] if question.picture_kind else [])]
        yield wanted, note
    if wanted.spans and (wanted.place_ids or wanted.person_ids or question.words):
        wanted = replace(wanted, spans=())
        yield wanted, "nothing of that time: shown without it"
    if wanted.place_ids and (wanted.person_ids or question.words):
        yield replace(wanted, place_ids=()), "nothing of that place: shown without it"


def _fused(rankings: Rankings) -> dict[int, float]:
    scores: dict[int, float] = {}
    for way, ranking in rankings.items():
        for item, rank in _ranks(ranking):
            scores[item] = scores.get(item, 0.0) + WEIGHTS[way] / (FUSION + rank)
    return scores


def _hits(
    question: Question,
    wanted: Filter,
    seen: Sequence[Known],
    scores: Mapping[int, float],
    named: Mapping[str, NamedPlace],
    everyone: Sequence[Person],
    like: float,
) -> list[Hit]:
    names = {person.person_id: person.name or "someone" for person in everyone}
    hits = [
        Hit(one.item_id, one.key, scores[one.item_id], _why(question, wanted, one, named, names, like)) for one in seen
    ]
    quality = {one.item_id: one.quality for one in seen}
    return sorted(hits, key=lambda hit: (-hit.score, -quality[hit.item_id], -hit.item_id))


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
    question: Question,
    wanted: Filter,
    one: Known,
    named: Mapping[str, NamedPlace],
    names: Mapping[str, str],
    like: float,
) -> list[str]:
    why = [f"shows {label} ({one.labels[label]:.2f})" for label in question.labels if label in one.labels]
    place = named.get(one.place_id or "")
    if wanted.place_ids and place:
        why.append(f"taken in {', '.join(filter(None, (place.city or place.region, place.country)))}")
    if (wanted.spans or wanted.since or wanted.until) and one.taken_local:
        why.append(f"taken on {one.taken_local.date().isoformat()}")
    why += [f"{names.get(person, 'someone')} is in it" for person in wanted.person_ids if person in one.people]
    if wanted.kind:
        why.append(f"is a {one.kind}")
    if wanted.picture_kind:
        why.append(f"is a {one.picture_kind}")
    if wanted.camera:
        why.append("taken with that camera")
    why += [SAYS[source] for source in one.said_by]
    if one.cosine is not None and one.cosine >= like:
        why.append(f"looks like what was asked for ({one.cosine:.2f})")
    return why


def _suggestions(named: Iterable[NamedPlace], everyone: Sequence[Person], shown: Sequence[str]) -> list[str]:
    """What this library could be asked for: people, places, things."""
    cities = [place.city for place in named if place.city][: SUGGESTED // 2]
    names = [person.name for person in everyone if person.name][: SUGGESTED // 2]
    return [*names, *cities, *shown][:SUGGESTED]
