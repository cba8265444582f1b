"""Which file a sidecar belongs to, by name: as Lightroom, digiKam and darktable name XMP, and Google Takeout its JSON.

Keys are compared as they are, in one folder; nothing is guessed across folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from albumen.media.signatures import PHOTO_EXTENSIONS, VIDEO_EXTENSIONS

_MEDIA = PHOTO_EXTENSIONS | VIDEO_EXTENSIONS
_XMP = re.compile(r"\.xmp$", re.IGNORECASE)
_SUPPLEMENT = ".supplemental-metadata"
_NUMBERED = re.compile(r"^(?P<base>.*)(?P<number>\(\d+\))$")
_LONGEST_NAME = 46
"""Takeout cuts a JSON's name, without `.json`, after so many characters."""
EDITED = (
    "-edited",
    "-bearbeitet",
    "-modifié",
    "-editado",
    "-editada",
    "-modificato",
    "-bewerkt",
    "-redigerad",
    "-edytowane",
)
"""What Google Photos puts behind the name of an edited picture, which has no JSON of its own."""


class _Name(NamedTuple):
    folder: str
    stem: str
    extension: str

    @property
    def whole(self) -> str:
        return self.stem + self.extension

    @property
    def is_media(self) -> bool:
        return self.extension[1:].lower() in _MEDIA


def _split(key: str) -> _Name:
    folder, slash, name = key.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    return _Name(folder + slash, stem, dot + extension) if stem else _Name(folder + slash, name, "")


def is_sidecar_name(key: str) -> bool:
    """Whether a key is named as sidecars are."""
    return key.lower().endswith((".xmp", ".json"))


def sidecar_keys(key: str) -> list[str]:
    """Where the sidecars of a photo or video may be, the ones that name it most exactly first.

    Parameters
    ----------
    key : str
        The photo's or video's.
    """
    name = _split(key)
    beside = [f"{base}{extension}" for base in (name.whole, name.stem) for extension in (".xmp", ".XMP")]
    told = dict.fromkeys([*beside, *_takeout_names(name)])
    return [name.folder + one for one in told if one != name.whole]


def _takeout_names(name: _Name) -> Iterator[str]:
    for stem in _unedited(name.stem):
        numbered = _NUMBERED.match(stem)
        base, number = (numbered["base"], numbered["number"]) if numbered else (stem, "")
        for original, count in ((base + name.extension, number), (stem + name.extension, "")):
            for length in range(len(_SUPPLEMENT), -1, -1):
                yield f"{(original + _SUPPLEMENT[:length])}{count}.json"
            yield f"{original[:_LONGEST_NAME]}{count}.json"


def _unedited(stem: str) -> Iterator[str]:
    yield stem
    for mark in EDITED:
        if stem.endswith(mark):
            yield stem[: -len(mark)]
        elif (numbered := _NUMBERED.match(stem)) and numbered["base"].endswith(mark):
            yield numbered["base"][: -len(mark)] + numbered["number"]


def media_keys(key: str, title: str = "") -> list[str]:
    """The photos and videos that a sidecar may belong to; the opposite of `sidecar_keys`.

    Parameters
    ----------
    key : str
        The sidecar's.
    title : str
        The name that a Takeout JSON gives itself: its own may be cut off.
    """
    name = _split(key)
    if _XMP.search(key):
        inner = _split(name.stem)
        if inner.is_media:
            return [name.folder + name.stem]
        extensions = [variant for extension in sorted(_MEDIA) for variant in (extension, extension.upper())]
        return [f"{name.folder}{name.stem}.{extension}" for extension in extensions]
    numbered = _NUMBERED.match(name.stem)
    base, number = (numbered["base"], numbered["number"]) if numbered else (name.stem, "")
    bases = {base[: -len(cut)] for cut in _supplements() if cut and base.endswith(cut)} | {base}
    titles = {title} if title and "/" not in title else set()
    found = [_split(one) for one in sorted(bases | titles)]
    return [
        f"{name.folder}{media.stem}{mark}{number}{media.extension}"
        for media in found
        if media.is_media
        for mark in ("", *EDITED)
    ]


def _supplements() -> list[str]:
    return [_SUPPLEMENT[:length] for length in range(len(_SUPPLEMENT), 1, -1)]
