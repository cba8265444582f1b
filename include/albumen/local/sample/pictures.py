"""The members of the pinned packages that the sample library uses, read straight from the archives."""

from __future__ import annotations

import csv
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from albumen.local.sample.fault import SampleError


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a package, and what is known of it.

    Attributes
    ----------
    name : str
        What the story calls it.
    package, member : str
        The package and the path inside its archive.
    sha256 : str
        SHA-256 of the member.
    licence : str
        Its licence, and its author where the licence asks for one.
    own_taken : str or None
        The local date and time its own EXIF gives, where the story leaves it as it is.
    """

    name: str
    package: str
    member: str
    sha256: str
    licence: str
    own_taken: str | None


def members() -> dict[str, Member]:
    """Every member by name, as `members.tsv` lists them."""
    table = resources.files(__package__).joinpath("members.tsv").read_text(encoding="utf-8")
    rows = csv.reader(table.splitlines()[1:], delimiter="\t", quoting=csv.QUOTE_NONE)
    return {
        name: Member(name, package, member, sha256, licence, own_taken or None)
        for name, package, member, sha256, licence, own_taken in rows
    }


def read_members(wanted: Iterable[Member], archives: Mapping[str, Path]) -> dict[str, bytes]:
    """The bytes of the members whose package is at hand.

    Parameters
    ----------
    wanted : iterable of Member
        What to read.
    archives : mapping of package name to path
        The verified archives.

    Returns
    -------
    dict of name to bytes

    Raises
    ------
    SampleError
        When an archive lacks a member or its bytes are not those that were looked at.
    """
    found: dict[str, bytes] = {}
    by_package: dict[str, dict[str, Member]] = {}
    for member in wanted:
        by_package.setdefault(member.package, {})[member.member] = member
    for package, archive in archives.items():
        paths = by_package.get(package, {})
        for path, data in _read(archive, frozenset(paths)):
            member = paths[path]
            if hashlib.sha256(data).hexdigest() != member.sha256:
                raise SampleError(f"{path} of {package} is not the file that was looked at")
            found[member.name] = data
        missing = {path for path, member in paths.items() if member.name not in found}
        if missing:
            raise SampleError(f"{package} lacks {', '.join(sorted(missing))}")
    return found


def _read(archive: Path, paths: frozenset[str]) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield from ((path, wheel.read(path)) for path in wheel.namelist() if path in paths)
        return
    packed = io.BytesIO(_debian_data(archive.read_bytes()) if archive.suffix == ".deb" else archive.read_bytes())
    with tarfile.open(fileobj=packed) as tar:
        for entry in tar:
            path = entry.name.removeprefix("./")
            if path in paths and entry.isfile() and (file := tar.extractfile(entry)) is not None:
                yield path, file.read()


def _debian_data(package: bytes) -> bytes:
    """The `data.tar` member of a Debian package, which is a Unix ar archive (60-byte headers)."""
    position = 8
    while position + 60 <= len(package):
        header = package[position : position + 60]
        size = int(header[48:58])
        if header.startswith(b"data.tar"):
            return package[position + 60 : position + 60 + size]
        position += 60 + size + (size & 1)
    raise SampleError("the Debian package has no data.tar")
