"""The contract of a memory kind: what it asks for, what it is given, what it gives back.

A kind is one small class in one file of `memories/kinds/`, plus its line in
`memories/registry.py`; other packages add kinds by the entry point group `albumen.memories`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

from albumen.memories.context import Context, Photo
from albumen.settings import MemorySettings


@dataclass(frozen=True, slots=True)
class DateRange:
    """Local dates from `first` to `last`, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Window:
    """Which photos a kind has to see: those of any of its parts.

    Attributes
    ----------
    ranges : tuple of DateRange
        Local dates, in time order and without overlap. Each range gives as many photos as any other, and its days give
        their best.
    features : tuple of str
        `person:ID`, `place:ID` or `label:NAME`, of each of which every year gives its best photos.
    with_relatives : bool
        Whether the relatives' photos of the ranges are wanted, too; nothing that either owner hid is among them.
    """

    ranges: tuple[DateRange, ...] = ()
    features: tuple[str, ...] = ()
    with_relatives: bool = False


@dataclass(frozen=True, slots=True)
class CandidateItem:
    """A chosen photo, and in words why it was chosen."""

    photo: Photo
    reason: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A story that could be told.

    Attributes
    ----------
    kind : str
        Name of the kind that found it.
    key : str
        What it is about; the same key of the same library is the same memory, told anew.
    date : date
        The local day it is told on.
    reason : str
        Why it was made, in words.
    strength : float
        0 to 1; of two stories for one day the stronger goes first.
    cover : Photo
        One of the items' photos.
    items : tuple of CandidateItem
        In time order.
    years : tuple of int
        The years its photos are from, ascending.
    about : str
        Whom or what it is about, for its title; untrusted text.
    why : mapping
        What its strength is made of, as `personal.weigh` says it; kinds leave it empty.
    """

    kind: str
    key: str
    date: date
    reason: str
    strength: float
    cover: Photo
    items: tuple[CandidateItem, ...]
    years: tuple[int, ...]
    about: str = ""
    why: Mapping[str, Any] = field(default_factory=dict)


class MemoryKind(ABC):
    """One kind of memory.

    Class attributes
    ----------------
    name : str
        As in the registry and in keys.
    version : int
        Raised when the kind would choose or tell differently.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    def __init__(self, settings: MemorySettings) -> None:
        self.settings = settings

    @abstractmethod
    def window(self, context: Context, date: date) -> Window:
        """The photos the kind has to see to tell of the local day `date`; the context has none yet."""

    @abstractmethod
    def candidates(self, context: Context, date: date, seed: int) -> Sequence[Candidate]:
        """The stories to tell on the local day `date`, strongest first; the same arguments give the same stories."""

    @abstractmethod
    def title(self, candidate: Candidate, locale: str) -> str:
        """The headline of a candidate of this kind."""
