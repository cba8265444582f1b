"""Finding out whose the faces of changed items are; everyone else keeps theirs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from sqlalchemy import Connection

from albumen.catalog import faces, people, person_decisions
from albumen.catalog.faces import FaceSeen
from albumen.catalog.people import Assignment, Decision
from albumen.organise.identity import stable_id
from albumen.organise.people import (
    FEWEST,
    JOIN,
    SAME_BOX,
    Group,
    agglomerate,
    first_pass,
    is_clear,
    overlap,
)

NEIGHBOURS = 24
MOST_GROUPS = 2000
"""What is new is grouped so many groups at a time, the largest first: memory stays bounded."""


def organise(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Find out whose the faces of these items are."""
    before = people.assigned(connection, library_id, items)
    seen = faces.of_items(connection, library_id, items)
    people.refresh(connection, library_id, people.stale(connection, library_id, items))
    if not before and not seen:
        return
    known = _carried_over(seen, before, people.decided(connection, library_id, items))
    kept = {(a.item_id, a.face_no, a.person_id) for a in before} & {(a.item_id, a.face_no, a.person_id) for a in known}
    lost = {a.person_id for a in before if (a.item_id, a.face_no, a.person_id) not in kept}
    came = {a.person_id for a in known if (a.item_id, a.face_no, a.person_id) not in kept}
    people.forget(connection, library_id, items)
    people.assign(connection, library_id, known)
    people.refresh(connection, library_id, lost | came | _of_another_model(connection, library_id, seen, known))
    taken = {(one.item_id, one.face_no) for one in known}
    free = [face for face in seen if (face.item_id, face.face_no) not in taken]
    for model_id, of_model in groupby(sorted(free, key=lambda face: face.model_id), key=lambda face: face.model_id):
        _group(connection, library_id, model_id, list(of_model))
    people.choose_covers(connection, library_id, lost | came)


def _of_another_model(
    connection: Connection, library_id: int, seen: Sequence[FaceSeen], known: Sequence[Assignment]
) -> set[str]:
    """Whose mean is of vectors that another model has replaced."""
    models = {(face.item_id, face.face_no): face.model_id for face in seen}
    whole = people.by_ids(connection, library_id, {one.person_id for one in known})
    return {
        one.person_id
        for one in known
        if one.person_id in whole and whole[one.person_id].model_id != models[one.item_id, one.face_no]
    }


def _carried_over(
    seen: Sequence[FaceSeen], before: Sequence[Assignment], decisions: Sequence[Decision]
) -> list[Assignment]:
    """Faces whose owner is known: decided, else the same box as before; never two of one photo for one person."""
    found: dict[tuple[int, str], Assignment] = {}
    for face in seen:
        said = [one for one in decisions if one.item_id == face.item_id and overlap(one.box, face.box) >= SAME_BOX]
        denied = {one.person_id for one in said if one.verdict == "not"}
        wanted = [one.person_id for one in reversed(said) if one.verdict == "is"]
        old = [one for one in before if one.item_id == face.item_id and overlap(one.box, face.box) >= SAME_BOX]
        wanted += [one.person_id for one in sorted(old, key=lambda one: -overlap(one.box, face.box))]
        for person_id in wanted:
            if person_id not in denied and (face.item_id, person_id) not in found:
                found[face.item_id, person_id] = Assignment(face.item_id, face.face_no, person_id, face.box)
                break
    return list(found.values())


def _group(connection: Connection, library_id: int, model_id: str, new: Sequence[FaceSeen]) -> None:
    """Group new faces with one another, with faces nobody knew yet, and with people."""
    near = _neighbours(connection, library_id, model_id, new)
    new_keys = {(face.item_id, face.face_no) for face in new}
    others = sorted({(item, number) for _, item, number, _ in near} - new_keys)
    around = faces.of_items(connection, library_id, sorted({item for item, _ in others}))
    wanted = set(others)
    strangers = [f for f in around if f.person_id is None and (f.item_id, f.face_no) in wanted and _is_clear(f)]
    owners = {(f.item_id, f.face_no): f.person_id for f in around if f.person_id}
    pool = [*new, *strangers]
    number_of = {(face.item_id, face.face_no): number for number, face in enumerate(pool)}
    pairs = [
        (n, number_of[item, face_no], cosine)
        for n, item, face_no, cosine in near
        if (item, face_no) in number_of and number_of[item, face_no] != n
    ]
    clear = [_is_clear(face) for face in pool]
    vectors = np.stack([face.vector for face in pool])
    founding = first_pass(
        vectors, [face.item_id for face in pool], [pair for pair in pairs if clear[pair[0]] and clear[pair[1]]]
    )
    founding.sort(key=lambda group: (-group.count, min(group.faces)))
    known = _known(connection, library_id, pool, {owners[key] for key in owners if key in wanted}, model_id)
    _forbid(connection, library_id, pool, founding)
    grouped = agglomerate([*known, *founding[:MOST_GROUPS]])
    _store(connection, library_id, model_id, pool, clear, grouped)


def _neighbours(
    connection: Connection, library_id: int, model_id: str, new: Sequence[FaceSeen]
) -> list[tuple[int, int, int, float]]:
    vectors = [face.vector for face in new]
    return faces.neighbours(connection, library_id, model_id, vectors, most=NEIGHBOURS, least=JOIN)


def _is_clear(face: FaceSeen) -> bool:
    return is_clear(face.side, face.score, face.sharpness, face.landmarks)


def _known(
    connection: Connection, library_id: int, pool: Sequence[FaceSeen], near: set[str], model_id: str
) -> list[Group]:
    """The people near these faces, each as a group that has its faces already."""
    items = sorted({face.item_id for face in pool})
    seen = people.seen_in(connection, library_id, items)
    apart = people.apart(connection, library_id, near)
    return [
        Group(
            faces=[],
            total=person.centre * person.faces,
            count=person.faces,
            photos=seen.get(person.person_id, set()),
            person_id=person.person_id,
            is_named=person.name is not None,
            apart=apart.get(person.person_id, set()),
        )
        for person in people.by_ids(connection, library_id, near).values()
        if person.centre is not None and person.model_id == model_id and person.faces
    ]


def _forbid(connection: Connection, library_id: int, pool: Sequence[FaceSeen], groups: Sequence[Group]) -> None:
    """What was said not to be someone never joins them."""
    decisions = [
        one
        for one in people.decided(connection, library_id, sorted({face.item_id for face in pool}))
        if one.verdict == "not"
    ]
    for group in groups:
        for number in group.faces:
            face = pool[number]
            group.apart |= {
                one.person_id
                for one in decisions
                if one.item_id == face.item_id and overlap(one.box, face.box) >= SAME_BOX
            }


def _store(
    connection: Connection,
    library_id: int,
    model_id: str,
    pool: Sequence[FaceSeen],
    clear: Sequence[bool],
    grouped: Sequence[Group],
) -> None:
    touched = set()
    for group in grouped:
        sure = [number for number in group.faces if clear[number]]
        if not group.faces or (not group.person_id and len(sure) < FEWEST):
            continue
        first = pool[min(group.faces)]
        person_id = group.person_id or stable_id("person", library_id, first.item_id, *first.box, first.model_id)
        mean = group.mean
        assignments = [
            Assignment(face.item_id, face.face_no, person_id, face.box, float(np.clip(face.vector @ mean, 0, 1)))
            for face in (pool[number] for number in group.faces)
        ]
        people.assign(connection, library_id, assignments)
        people.add(connection, library_id, person_id, count=len(assignments), centre=mean, model_id=model_id)
        touched.add(person_id)
    people.choose_covers(connection, library_id, touched)
    for group in grouped:
        for one in group.merged:
            _merge(connection, library_id, one, group.person_id)


def _merge(connection: Connection, library_id: int, one: str, into: str) -> None:
    """The new faces showed two people to be one; unless they were seen together, which nearness cannot outweigh."""
    try:
        person_decisions.merge(connection, library_id, one, into)
    except people.PersonError:
        people.refresh(connection, library_id, [one, into])
