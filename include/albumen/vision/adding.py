"""Weights that somebody brings: tried, put into the cache and listed beside ours."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from albumen.vision.image_text import FAMILIES, SIDE, PictureTower, SentenceTower
from albumen.vision.manifest import ADDED, Model, WeightsError, models
from albumen.vision.network import OnnxNetwork
from albumen.vision.objects import ObjectFinder
from albumen.vision.weights import cached_path, only_one_writing, sha256_of

PICTURE, TEXT, TOKENIZER = "picture", "text", "tokenizer"
PARTS: Mapping[str, tuple[str, ...]] = {**dict.fromkeys(FAMILIES, (PICTURE, TEXT, TOKENIZER)), "yolox": (PICTURE,)}
"""Per family, the files that a model of it has."""
CAPABILITIES = {**dict.fromkeys(FAMILIES, "image-text"), "yolox": "objects"}
SUFFIXES = {PICTURE: ".onnx", TEXT: ".onnx", TOKENIZER: ".json"}
TRIED_SIDE = 48
Found = TypeVar("Found")


def part_id(model_id: str, part: str) -> str:
    """Id in the manifest of one file of a model: the one that looks has the model's own."""
    return model_id if part == PICTURE else f"{model_id}-{part}"


def add(
    directory: Path,
    model_id: str,
    *,
    family: str,
    version: str,
    licence: str,
    files: Mapping[str, Path],
    side: int = SIDE,
) -> list[Model]:
    """Try a model's files, put them into the cache and list them there.

    Adding the same files again brings back those that are gone.

    Parameters
    ----------
    directory : Path
        The cache; `~` is expanded, made when absent.
    model_id : str
        Stored beside what the model finds: other files are another id.
    family : str
        One of `PARTS`.
    version, licence : str
        As whoever brings it says; the licence is theirs to keep.
    files : mapping of str to Path
        Of each part.
    side : int
        Of the pictures that a model of pictures and sentences takes.

    Raises
    ------
    WeightsError
        When a file is missing, superfluous or none of such a model, or the id is taken.
    """
    if family not in PARTS:
        raise WeightsError(f"no family {family!r}; there are: {', '.join(PARTS)}")
    if set(files) != set(PARTS[family]):
        raise WeightsError(f"a model of {family} is made of {', '.join(PARTS[family])}, not of {', '.join(files)}")
    told = {"capability": CAPABILITIES[family], "version": version, "licence": licence, "optional": True}
    listed = [_model(part_id(model_id, part), part, files[part], told) for part in PARTS[family]]
    looks = {"family": family, **({"side": side} if side != SIDE else {})}
    listed[0] = listed[0].model_copy(update=looks)
    directory = directory.expanduser()
    directory.mkdir(parents=True, exist_ok=True)
    with only_one_writing(directory):
        known = models(directory)
        new = [model for model in listed if model.id not in known]
        for model in listed:
            if model.id in known and known[model.id].sha256 != model.sha256:
                raise WeightsError(f"{model.id} is another file already: give the new one another id")
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory) as folder:
            copies = {part: Path(folder) / f"{part}{SUFFIXES[part]}" for part in PARTS[family]}
            for (part, copy), model in zip(copies.items(), listed, strict=True):
                shutil.copyfile(files[part], copy)
                copy.chmod(0o444)
                if sha256_of(copy) != model.sha256:
                    raise WeightsError(f"{files[part]} changes while it is read")
            # The copies are tried, since a network may lean on files that lay beside it.
            _try(family, copies, side)
            for copy, model in zip(copies.values(), listed, strict=True):
                os.replace(copy, cached_path(model, directory))
            if new:
                _list(directory / ADDED, new, Path(folder))
    return listed


def _model(model_id: str, part: str, file: Path, told: Mapping[str, Any]) -> Model:
    try:
        digest = sha256_of(file)
        return Model(**told, id=model_id, member=part + SUFFIXES[part], sha256=digest, bytes=file.stat().st_size)
    except OSError as error:
        raise WeightsError(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        raise WeightsError(f"{model_id!r} cannot be listed: {faults}") from error


def _try(family: str, files: Mapping[str, Path], side: int) -> None:
    """Run a model once, over grey and two words."""
    grey = np.full((TRIED_SIDE, TRIED_SIDE, 3), 128, np.uint8)

    def network() -> OnnxNetwork:
        return OnnxNetwork(files[PICTURE], threads=1)

    if family not in FAMILIES:
        _tried(PICTURE, lambda: ObjectFinder(network()).find(grey))
        return
    chosen = FAMILIES[family]
    picture = _tried(PICTURE, lambda: PictureTower(network(), chosen, side=side).predict([grey]))
    sentence = _tried(
        f"{TEXT} or {TOKENIZER}",
        lambda: SentenceTower(files[TEXT], files[TOKENIZER], chosen, threads=1).predict(["a dog"]),
    )
    if picture.shape != sentence.shape:
        sides = f"pictures have {picture.shape[1]} numbers, sentences {sentence.shape[1]}"
        raise WeightsError(f"these are of different models: {sides}")


def _tried(part: str, run: Callable[[], Found]) -> Found:
    try:
        return run()
    except ImportError as error:
        raise WeightsError(str(error)) from error
    except Exception as error:  # ONNX Runtime has a class of its own for every fault of a file
        raise WeightsError(f"{part} is not what it should be: {str(error)[:500]}") from error


def _list(path: Path, new: list[Model], folder: Path) -> None:
    """Write a manifest anew with these at its end, so that a reader never sees half of one."""
    before = path.read_text("utf-8") if path.exists() else "# Added by `albumen models add`.\n"
    entries = []
    for model in new:
        told = model.model_dump(exclude_defaults=True)
        # Strings of JSON are strings of TOML, and so are whole numbers and truth.
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()]
        entries.append("\n[[model]]\n" + "\n".join(lines) + "\n")
    whole = folder / path.name
    whole.write_text(before + "".join(entries), "utf-8")
    os.replace(whole, path)
