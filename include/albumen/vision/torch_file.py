"""Reading the tensors of a PyTorch file without PyTorch, and without running what a pickle may hold."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8"), "HalfStorage": np.dtype("<f2")}


class TorchFileError(Exception):
    """The bytes are no such file, or hold something other than tensors."""


class _Kind(str):
    """A storage class, by its name: never called."""


class _Tensors(pickle.Unpickler):
    """Makes tensors out of what is named, and nothing else."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.storages: dict[str, tuple[Any, int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        """The three things a file of weights is made of; any other is refused."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in DTYPES:
            return _Kind(name)
        raise TorchFileError(f"a file of weights has no business with {module}.{name}")

    def persistent_load(self, pid: Any) -> str:
        """Where a tensor's numbers are: the storage's key; the numbers come after the pickles."""
        if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage"):
            raise TorchFileError(f"an unknown reference: {pid!r:.80}")
        kind, key, numbers = str(pid[1]), str(pid[2]), int(pid[4])
        self.storages[key] = (DTYPES[kind], numbers)
        return key


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Read a state dictionary as PyTorch before 1.6 wrote it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to ndarray
        By name, contiguous.

    Raises
    ------
    TorchFileError
        When the file is cut off, of another format, or names anything but tensors.
    """
    try:
        with path.open("rb") as file:
            if _plain(file) != MAGIC or _plain(file) != PROTOCOL:
                raise TorchFileError("not a PyTorch file of the format before 1.6")
            if not _plain(file).get("little_endian", False):
                raise TorchFileError("written on a big-endian machine")
            reader = _Tensors(file)
            views = reader.load()
            order = _plain(file)
            storages = {key: _storage(file, *reader.storages[key]) for key in order}
        return {name: _view(storages, view) for name, view in views.items()}
    except (pickle.UnpicklingError, EOFError, AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise TorchFileError(f"cannot be read: {error!r:.200}") from error


def _tensor(storage: str, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> tuple[Any, ...]:
    return storage, offset, tuple(size), tuple(stride)


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Nothing: numbers, words and lists need no class."""
        raise TorchFileError(f"a header has no business with {module}.{name}")


def _plain(file: IO[bytes]) -> Any:
    return _Plain(file).load()


def _storage(file: IO[bytes], dtype: np.dtype[Any], numbers: int) -> NDArray[Any]:
    count = int.from_bytes(file.read(8), "little")
    if count != numbers:
        raise TorchFileError(f"a storage of {count} numbers where {numbers} were announced")
    data = file.read(count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        raise TorchFileError("cut off")
    return np.frombuffer(data, dtype)


def _view(storages: dict[str, NDArray[Any]], view: tuple[Any, ...]) -> NDArray[Any]:
    """Tensors are views with strides of their own; one that would reach outside its storage is refused."""
    key, offset, size, stride = view
    base = storages[key]
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if offset < 0 or min((*size, *stride), default=0) < 0 or (last >= base.size and 0 not in size):
        raise TorchFileError("a tensor that reaches outside its storage")
    strides = tuple(step * base.itemsize for step in stride)
    return np.ascontiguousarray(as_strided(base[offset:], size, strides, writeable=False)).reshape(size)
