"""What an owner did with a story or a picture, kept with what that was about."""

from __future__ import annotations

from sqlalchemy import Connection

from albumen.catalog import memories, memory_signals, models_in_use
from albumen.catalog.libraries import Library
from albumen.memories.personal import SIGNALS


class FeedbackError(ValueError):
    """The signal or what it is about does not exist."""


def told(connection: Connection, library: Library, memory_id: str, signal: str, *, item_id: int | None = None) -> None:
    """Keep a signal of a story, or of one picture of it.

    Parameters
    ----------
    signal : str
        One of `personal.SIGNALS`.
    item_id : int, optional
        The picture; none: the whole story.

    Raises
    ------
    FeedbackError
        If there is no such signal, story, or picture in it.
    """
    if signal not in SIGNALS:
        raise FeedbackError(f"there is no signal {signal!r}; there are: {', '.join(SIGNALS)}")
    memory = memories.one(connection, library.library_id, memory_id)
    if memory is None:
        raise FeedbackError(f"library {library.name} has no memory {memory_id}")
    features = dict(memory.why.get("features") or {f"kind:{memory.kind}": 1.0})
    if item_id is not None:
        if item_id not in {item for item, _, _ in memory.items}:
            raise FeedbackError(f"memory {memory_id} does not show item {item_id}")
        model_id = models_in_use.model_ids(connection)[models_in_use.SCENE]
        features = memory_signals.features_of_item(connection, library.library_id, item_id, model_id=model_id)
    memory_signals.add(
        connection, library.library_id, signal, features, memory_id=memory_id, kind=memory.kind, item_id=item_id
    )


def pin(connection: Connection, library: Library, person_id: str) -> None:
    """Have stories of a person told first; once pinned, pinning again changes nothing."""
    feature = f"person:{person_id}"
    if feature not in memory_signals.pins(connection, library.library_id):
        memory_signals.add(connection, library.library_id, memory_signals.PINNED, {feature: 1.0})


def unpin(connection: Connection, library: Library, person_id: str) -> bool:
    """Take that back; False if the person was not pinned."""
    return memory_signals.unpin(connection, library.library_id, f"person:{person_id}")
