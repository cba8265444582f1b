"""What is written of items, and in them? Captions, names, cameras, and text that can be read in the picture."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, text

SOURCES = {"caption": "A", "name": "B", "camera": "C", "text": "D"}
"""Where a word is from, and the weight that marks it in the index."""
ABOUT = ("caption", "name", "camera")
"""What is told of an item, in contrast to what can be read in it."""
PREFIX_LETTERS = 4
"""Words of so many letters also find longer ones that begin with them."""
LOOKED_AT = 3000
"""Of a word that very many items have, so many of them are ranked; the same ones each time."""

_PLAIN = (
    "translate(regexp_replace(normalize(left({}, 20000), NFKD), '[\\u0300-\\u036f]', '', 'g'), '/_-.,[]\"', '        ')"
)


def _vector(weight: str, *parts: str) -> str:
    plain = _PLAIN.format(f"concat_ws(' ', {', '.join(parts)})")
    return f"setweight(to_tsvector('simple', {plain}), '{weight}')"


REMEMBER = text(f"""
    INSERT INTO item_words (library_id, item_id, words)
    SELECT i.library_id, i.item_id,
        {
    _vector("A", "f.extra ->> 'title'", "f.extra ->> 'description'", "f.extra ->> 'caption'", "f.extra ->> 'keywords'")
}
        || {_vector("B", "o.keys")} || {_vector("C", "f.make", "f.model", "f.lens")} || {_vector("D", "t.text")}
    FROM items i
    JOIN LATERAL (
        SELECT string_agg(substr(c.key, length(l.prefix) + 1), ' ' ORDER BY c.key) AS keys
        FROM originals c JOIN libraries l ON l.library_id = c.library_id
        WHERE c.library_id = i.library_id AND c.item_id = i.item_id AND c.vanished_at IS NULL
    ) AS o ON true
    LEFT JOIN facts f ON f.library_id = i.library_id AND f.item_id = i.item_id
    LEFT JOIN texts t ON t.library_id = i.library_id AND t.item_id = i.item_id
    WHERE i.library_id = :library_id AND i.item_id = ANY(:items) AND i.retired_at IS NULL
    ON CONFLICT (library_id, item_id) DO UPDATE SET words = excluded.words
""")  # noqa: S608

REMEMBER_CAMERAS = text("""
    INSERT INTO cameras (library_id, camera)
    SELECT DISTINCT library_id, concat_ws(' ', make, model) FROM facts
    WHERE library_id = :library_id AND item_id = ANY(:items) AND COALESCE(make, model) IS NOT NULL ORDER BY 1, 2
    ON CONFLICT DO NOTHING
""")

CAMERAS = text("SELECT camera FROM cameras WHERE library_id = :library_id ORDER BY camera")

SAYING = text("""
    SELECT w.item_id, ts_rank(w.words, to_tsquery('simple', :query)) AS fit FROM (
        SELECT item_id, words FROM item_words
        WHERE library_id = :library_id AND words @@ to_tsquery('simple', :query) LIMIT :looked_at
    ) AS w
    ORDER BY fit DESC, w.item_id LIMIT :most
""")

WRITTEN = text("""
    SELECT q.word FROM unnest(CAST(:words AS text[])) AS q(word) WHERE EXISTS (
        SELECT FROM item_words w WHERE w.library_id = :library_id
          AND w.words @@ to_tsquery('simple', quote_literal(q.word)) LIMIT 1)
""")


def remember(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Read the words and cameras of these items anew."""
    parameters = {"library_id": library_id, "items": list(items)}
    connection.execute(REMEMBER, parameters)
    connection.execute(REMEMBER_CAMERAS, parameters)


def cameras(connection: Connection, library_id: int) -> list[str]:
    """Make and model of the cameras of a library. One row a camera, not a photo."""
    return list(connection.execute(CAMERAS, {"library_id": library_id}).scalars())


def saying(
    connection: Connection, library_id: int, words: Sequence[str], *, sources: Collection[str], most: int
) -> dict[int, float]:
    """Items of which any of these words is said, with how well that fits, the fittest first; retired ones among them.

    Parameters
    ----------
    sources : collection of str
        Of `SOURCES`: where the word may be from.
    """
    asked = query(words, sources)
    if not asked:
        return {}
    parameters = {"library_id": library_id, "query": asked, "most": most, "looked_at": LOOKED_AT}
    return {row.item_id: row.fit for row in connection.execute(SAYING, parameters)}


def written(connection: Connection, library_id: int, words: Collection[str]) -> set[str]:
    """Which of these words are written anywhere in a library."""
    plain = sorted({word for word in words if word.isalnum()})
    return set(connection.execute(WRITTEN, {"library_id": library_id, "words": plain}).scalars()) if plain else set()


def query(words: Sequence[str], sources: Collection[str], *, all_of_them: bool = False) -> str:
    """Any of the words, or all, from these sources; of letters and digits only, so that nothing is an operator."""
    weights = "".join(SOURCES[source] for source in SOURCES if source in sources)
    phrases = []
    for word in words:
        parts = re.findall(r"[^\W_]+", word)
        if parts:
            phrases.append("(" + " & ".join(f"{part}:{_prefix(part)}{weights}" for part in parts) + ")")
    return (" & " if all_of_them else " | ").join(phrases)


def _prefix(word: str) -> str:
    return "*" if len(word) >= PREFIX_LETTERS else ""
