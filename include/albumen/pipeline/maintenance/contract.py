"""The contract of a check: it looks at a library piece by piece, and acts on what it found.

A check is one small class in one file of `pipeline/maintenance/`, plus its line in
`maintenance/registry.py`. Looking changes nothing; acting looks again before it does anything, and
doing it twice changes nothing more. Budgets, checkpoints and reports are done for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from albumen.catalog.libraries import Library
from albumen.pipeline import registry
from albumen.pipeline.running import Workplace
from albumen.storage.object_store import ObjectInfo


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Attributes
    ----------
    key : str
        The object's.
    detail : str
        What is wrong with it, without positions or names of people.
    subject_id : int or None
        The item whose derived file it is, or the original; None for anything else.
    info : ObjectInfo or None
        The object as it was seen; None if it is not there.
    """

    key: str
    detail: str
    subject_id: int | None = None
    info: ObjectInfo | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a library, looked at.

    Attributes
    ----------
    checked : int
        Objects or rows that were compared.
    share : float
        How much of the library it is, 0 to 1.
    following : str or None
        The cursor of the piece that comes next; None: this was the last.
    """

    checked: int
    share: float
    following: str | None
    findings: Sequence[Finding] = field(default_factory=list)


Note = Callable[[Sequence[str]], None]
"""Remembers the keys that are about to be deleted, until they are known to be missed by nobody."""


class Check(ABC):
    """One way in which store and catalog can differ.

    Class attributes
    ----------------
    name :
        As in the registry, the table `integrity_checks` and `albumen maintain --check`.
    deletes :
        Whether acting on its findings deletes objects; otherwise it makes work due again.
    doubts :
        Whether too many findings, measured by what was looked at, are not believed and not acted on. Not so
        of a check that goes by our own list of what to do: nearly all that it looks at is a finding.
    """

    name: ClassVar[str]
    deletes: ClassVar[bool] = False
    doubts: ClassVar[bool] = True

    def __init__(self, place: Workplace, library: Library) -> None:
        self.place, self.library = place, library
        self.bucket = place.settings.library_bucket
        self.knobs = place.settings.maintenance

    @abstractmethod
    def begin(self) -> str:
        """The cursor of the first piece."""

    @abstractmethod
    def look(self, cursor: str) -> Piece:
        """Look at one piece; changes nothing.

        Raises
        ------
        albumen.storage.object_store.StorageError
            If the store fails: the world's fault, the piece is looked at again.
        """

    @abstractmethod
    def act(self, findings: Sequence[Finding], note: Note) -> Counter[str]:
        """Look again at each finding and put right what still is so.

        Returns
        -------
        Counter
            What became of them: `due_again`, `deleted`, `deleted_bytes`, `spared` …
        """


def makers() -> dict[str, str]:
    """Rendition name → the step that makes it, where the outcome that made it is no longer known."""
    return {"thumb": "renditions", "preview": "renditions"} | {name: name for name in registry.steps()}
