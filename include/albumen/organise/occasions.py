"""Finding events anew on days that changed, and the positions that neighbours in time give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from albumen.catalog import events, places, shots
from albumen.catalog.events import Event
from albumen.catalog.shots import Shot
from albumen.organise import locating, positions
from albumen.organise.events import segment, sessions
from albumen.organise.identity import keep_ids, stable_id
from albumen.organise.windows import spans

DAY = timedelta(days=1)
APART = timedelta(days=3)


def organise(connection: Connection, library_id: int, changed: Sequence[date]) -> None:
    """Find the events of these local days anew."""
    for first, last in spans(changed, apart=APART):
        _organise_span(connection, library_id, first, last)


def _organise_span(connection: Connection, library_id: int, first: date, last: date) -> None:
    known, taken = _window(connection, library_id, first, last)
    touched = [session for session in sessions(taken) if _touches(session, first, last)]
    members = [shot for session in touched for shot in session]
    items = [shot.item_id for shot in members]
    before = events.members(connection, library_id, items=items, events=[event.event_id for event in known])
    located = _locate(connection, library_id, taken, [shot for shot in members if shot.point is None])
    found = [occasion for session in touched for occasion in segment([located.get(s.item_id, s) for s in session])]
    # What came here from an event of other days leaves that one its id: its own days are organised anew, too.
    here = {event.event_id for event in known}
    before = {item: event for item, event in before.items() if event in here}
    gone = {before[item] for item in items if item in before}
    gone |= {event.event_id for event in known if _lies_in(event, first, last)}
    fresh = [stable_id("event", library_id, group[0].item_id, group[0].at.isoformat()) for group in found]
    reserved = events.existing(connection, library_id, fresh) - gone
    ids = keep_ids(before, [[shot.item_id for shot in group] for group in found], fresh, reserved)
    named = places.of_items(connection, library_id, items)
    rows = [(_event(name, group, named), [s.item_id for s in group]) for name, group in zip(ids, found, strict=True)]
    events.replace(connection, library_id, sorted(gone), rows)


def _window(connection: Connection, library_id: int, first: date, last: date) -> tuple[list[Event], list[Shot]]:
    """The events there were, and what was taken then, as far around the days as their sessions reach."""
    lo, hi = first - DAY, last + 2 * DAY
    while True:
        known = events.between(connection, library_id, lo, hi)
        taken = shots.between(connection, library_id, datetime.combine(lo, time()), datetime.combine(hi, time()))
        touched = [session for session in sessions(taken) if _touches(session, first, last)]
        is_cut_off = bool(touched) and (
            min(shot.local for shot in touched[0]) < datetime.combine(lo, time(6))
            or max(shot.local for shot in touched[-1]) > datetime.combine(hi - DAY, time(18))
        )
        if not is_cut_off:
            return known, taken
        lo, hi = lo - DAY, hi + DAY


def _touches(session: Sequence[Shot], first: date, last: date) -> bool:
    return any(first <= shot.local.date() <= last for shot in session)


def _lies_in(event: Event, first: date, last: date) -> bool:
    return event.starts.date() <= last and event.ends.date() >= first


def _locate(connection: Connection, library_id: int, taken: Sequence[Shot], unknown: Sequence[Shot]) -> dict[int, Shot]:
    """Guess positions of the unknown; they come back with the point they were given."""
    wanted = {shot.item_id: shot for shot in unknown}
    guesses = {item: guess for item, guess in positions.infer(taken).items() if item in wanted}
    located = locating.locate_guesses(connection, library_id, sorted(wanted), guesses)
    return {one.item_id: replace(wanted[one.item_id], point=one.point) for one in located}


def _event(event_id: str, group: Sequence[Shot], named: dict[int, str]) -> Event:
    where = Counter(named[shot.item_id] for shot in group if shot.item_id in named)
    return Event(
        event_id=event_id,
        starts=min(shot.local for shot in group),
        ends=max(shot.local for shot in group),
        starts_at=group[0].at,
        ends_at=group[-1].at,
        photos=len(group),
        place_id=min(where, key=lambda place: (-where[place], place)) if where else None,
    )
