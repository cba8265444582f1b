"""The contract of a publisher: what it is given of a memory, and what it says it published.

A publisher is one small class in one file of `memories/publishers/`, plus its line in
`memories/registry.py`; other packages add publishers by the entry point group
`albumen.publishers`. Those named in `memories.publishers` are called for every memory that is made
or made anew.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from albumen.memories.story import Story
from albumen.settings import MemorySettings
from albumen.storage.object_store import ObjectStore

FILM = "film.mp4"
"""The name of the film among the files of an edition."""


class PublishingError(Exception):
    """Some publisher failed; the memories themselves stand."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A memory ready to be shown.

    Attributes
    ----------
    story : Story
        What is told; names in it are untrusted text.
    page : str
        An HTML document that needs nothing else.
    pictures : mapping of int to bytes
        The preview of every item, a JPEG, by item id.
    files : mapping of str to bytes
        What else was rendered, by file name: JPEGs such as `cover-1x1.jpg`, and `FILM` where films are wanted.
    """

    story: Story
    page: str = field(repr=False)
    pictures: Mapping[int, bytes] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The library bucket."""

    store: ObjectStore
    bucket: str


class Publisher(ABC):
    """One way for memories to reach people.

    Class attributes
    ----------------
    name : str
        As in the registry and in `memories.publishers`.
    version : int
        Raised when it would publish differently: every memory is published again when its day is told again.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    def __init__(self, settings: MemorySettings) -> None:
        self.settings = settings

    @abstractmethod
    def publish(self, edition: Edition, shelf: Shelf) -> str:
        """Publish an edition; the same one may come again, and must then change nothing.

        Parameters
        ----------
        edition : Edition
            What to publish.
        shelf : Shelf
            For what is kept beside the library's other files, below `layout.memory_key`.

        Returns
        -------
        str
            Where it is now: an object key, a URL.
        """
