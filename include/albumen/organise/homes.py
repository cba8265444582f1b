"""Where does the owner live, and when? Learned from where photos were taken on how many days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from albumen.catalog.visits import Home, Visit
from albumen.organise.geo import Point, centre, distance_km

RADIUS_KM = 25.0
DAYS = 10
WEEKS = 6
SPAN = timedelta(days=45)
LEFT = timedelta(days=150)
"""A place not seen for so long was left; later days there begin anew."""
MONTH = timedelta(days=30)
SPARSE_DAYS = 4
SPARSE_WEEKS = 3


def learn(visits: Iterable[Visit]) -> list[Home]:
    """The homes of a library, oldest first.

    Visits are gathered within 25 km. Where photos were taken on ten days of six weeks over 45 days, without a
    break of five months, there was a home. Who photographs seldom lives where most weeks show photos.
    """
    clusters = [_by_day(cluster) for cluster in _clusters(sorted(visits, key=lambda visit: visit.day))]
    homes = [home for cluster in clusters for home in _stays(cluster) if _is_lived_in(home)]
    found = [Home(centre(_weights(stay)), stay[0].day, stay[-1].day, len(_days(stay))) for stay in homes]
    if not found:
        found = _most_seen(clusters)
    return sorted(found, key=lambda home: (home.first, home.point))


def may_be_of(homes: Sequence[Home], visit: Visit) -> bool:
    """Whether a visit is to a home, lived at then or shortly before or after."""
    return any(
        home.first - LEFT <= visit.day <= home.last + LEFT and distance_km(home.point, visit.point) <= RADIUS_KM
        for home in homes
    )


def grown(homes: Sequence[Home], came: Sequence[Visit]) -> list[Home]:
    """The homes with these visits to them: lived at from the first to the last of them."""
    found = []
    for home in homes:
        days = [visit.day for visit in came if may_be_of([home], visit)]
        first, last = min([home.first, *days]), max([home.last, *days])
        found.append(replace(home, first=first, last=last, days=home.days + len(set(days))))
    return found


def is_lived_at(visits: Iterable[Visit]) -> bool:
    """Whether these visits to one place show that somebody lived there."""
    return any(_is_lived_in(stay) for stay in _stays(_by_day(list(visits))))


def of_day(homes: Sequence[Home], day: date) -> list[Home]:
    """The homes of a day: those lived at then, else the nearest in time."""
    current = [home for home in homes if home.first <= day <= home.last]
    if current or not homes:
        return current
    away = {home: max(home.first - day, day - home.last) for home in homes}
    least = min(away.values())
    return [home for home in homes if away[home] <= max(least, SPAN)]


def differences(before: Sequence[Home], after: Sequence[Home], *, moved_km: float) -> list[tuple[date, date]]:
    """Spans of days, to the month, on which these two say different things about where home was.

    A home counts as the same if its middle moved by at most `moved_km`.
    """
    edges = [day for home in (*before, *after) for day in (home.first, home.last)]
    if not edges:
        return []
    found: list[tuple[date, date]] = []
    month, end = min(edges) - MONTH, max(edges) + MONTH
    while month <= end:
        if not _agree(of_day(before, month), of_day(after, month), moved_km):
            first = date.min if month <= min(edges) else month - MONTH
            found.append((first, date.max if month + MONTH > end else month + MONTH))
        month += MONTH
    return found


def _agree(some: Sequence[Home], others: Sequence[Home], moved_km: float) -> bool:
    def has_its_like(home: Home, among: Sequence[Home]) -> bool:
        return any(distance_km(home.point, other.point) <= moved_km for other in among)

    return all(has_its_like(home, others) for home in some) and all(has_its_like(home, some) for home in others)


def _clusters(visits: Sequence[Visit]) -> list[list[Visit]]:
    """Visits by place: the busiest cell takes what lies within 25 km of it, then the busiest of the rest."""
    cells: dict[Point, list[Visit]] = {}
    for visit in visits:
        cells.setdefault((round(visit.point[0], 1), round(visit.point[1], 1)), []).append(visit)
    left = dict(sorted(cells.items(), key=lambda entry: (-len(_days(entry[1])), entry[0])))
    clusters = []
    while left:
        middle = centre(_weights(left[next(iter(left))]))
        taken = [cell for cell in left if distance_km(cell, middle) <= RADIUS_KM] or [next(iter(left))]
        clusters.append([visit for cell in taken for visit in left.pop(cell)])
    return clusters


def _by_day(cluster: Sequence[Visit]) -> list[Visit]:
    return sorted(cluster, key=lambda visit: (visit.day, visit.point))


def _stays(cluster: Sequence[Visit]) -> list[list[Visit]]:
    """A place's visits, cut where it was left for long."""
    stays: list[list[Visit]] = []
    for visit in cluster:
        if stays and visit.day - stays[-1][-1].day <= LEFT:
            stays[-1].append(visit)
        else:
            stays.append([visit])
    return stays


def _is_lived_in(stay: Sequence[Visit]) -> bool:
    return len(_days(stay)) >= DAYS and len(_weeks(stay)) >= WEEKS and stay[-1].day - stay[0].day >= SPAN


def _most_seen(clusters: Iterable[Sequence[Visit]]) -> list[Home]:
    ranked = sorted(clusters, key=lambda cluster: (-len(_weeks(cluster)), -len(_days(cluster)), cluster[0].day))
    if not ranked:
        return []
    first, weeks = ranked[0], len(_weeks(ranked[0]))
    rivals = [cluster for cluster in ranked[1:] if len(_weeks(cluster)) >= weeks]
    if rivals or weeks < SPARSE_WEEKS or len(_days(first)) < SPARSE_DAYS or first[-1].day - first[0].day < SPAN:
        return []
    return [Home(centre(_weights(first)), first[0].day, first[-1].day, len(_days(first)))]


def _days(visits: Iterable[Visit]) -> set[date]:
    return {visit.day for visit in visits}


def _weeks(visits: Iterable[Visit]) -> set[tuple[int, int]]:
    return {visit.day.isocalendar()[:2] for visit in visits}


def _weights(visits: Iterable[Visit]) -> list[tuple[Point, float]]:
    return [(visit.point, 1.0) for visit in visits]
