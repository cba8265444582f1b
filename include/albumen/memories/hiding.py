"""What its owner hid is in no story: the one place that decides whether a photo, a day or a kind may be told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from albumen.catalog.suppressions import Suppression
from albumen.memories.context import Photo

# "Less like this" reaches further than what counts as a duplicate; pictures that share nothing differ in about 32 bits.
LIKE_BITS = 18


@dataclass(frozen=True, slots=True)
class Hidden:
    """All that is hidden in a library.

    Attributes
    ----------
    items : frozenset of int
        Items.
    looks : tuple of int
        Perceptual hashes, 64 bits, of what nothing may look like.
    spans : tuple of (date, date)
        Local days, both included, neighbours that are hidden with them among them.
    kinds : frozenset of str
        Kinds of memories.
    memories : frozenset of str
        Ids of memories.
    people, places : frozenset of str
        Ids of people and of named places.
    labels : frozenset of str
        What pictures show.
    """

    items: frozenset[int] = frozenset()
    looks: tuple[int, ...] = ()
    spans: tuple[tuple[date, date], ...] = ()
    kinds: frozenset[str] = frozenset()
    memories: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()

    def hides_day(self, day: date) -> bool:
        """Whether nothing of a local day may be told."""
        return any(first <= day <= last for first, last in self.spans)

    def hides(self, photo: Photo) -> bool:
        """Whether a photo may be in no story."""
        if photo.item_id in self.items or self.hides_day(photo.taken_local.date()):
            return True
        if photo.place_id in self.places or photo.people & self.people or not self.labels.isdisjoint(photo.labels):
            return True
        if photo.phash is None:
            return False
        own = photo.phash & 0xFFFF_FFFF_FFFF_FFFF
        return any((own ^ look).bit_count() <= LIKE_BITS for look in self.looks)


def hidden(
    suppressions: Iterable[Suppression], hashes: Mapping[int, int], people: Iterable[str], *, muted_days: int
) -> Hidden:
    """What suppressions hide.

    Parameters
    ----------
    suppressions : iterable of Suppression
        Of one library.
    hashes : mapping of int to int
        Perceptual hashes by item, of the items of `like`.
    people : iterable of str
        Who is hidden everywhere, not in memories alone.
    muted_days : int
        Days before and after hidden ones that are hidden with them.
    """
    every = list(suppressions)
    muted = timedelta(days=muted_days)
    return Hidden(
        items=frozenset(each.item_id for each in every if each.item_id is not None),
        looks=tuple(
            hashes[item] & 0xFFFF_FFFF_FFFF_FFFF
            for item in (each.item_id for each in every if each.kind == "like")
            if item is not None and item in hashes
        ),
        spans=tuple((each.first - muted, each.last + muted) for each in every if each.first and each.last),
        kinds=frozenset(each.value for each in every if each.kind == "kind"),
        memories=frozenset(each.value for each in every if each.kind == "memory"),
        people=frozenset(each.value for each in every if each.kind == "person") | frozenset(people),
        places=frozenset(each.value for each in every if each.kind == "place"),
        labels=frozenset(each.value for each in every if each.kind == "label"),
    )


def days(first: date, last: date) -> Suppression:
    """A suppression of local days, both included; ValueError if they are the wrong way round."""
    if last < first:
        raise ValueError(f"{last} is before {first}")
    return Suppression("dates", f"{first.isoformat()}..{last.isoformat()}", first=first, last=last)
