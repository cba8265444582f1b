"""Who writes weights out of what a package ships, by the name the manifest gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from albumen.vision.efficientnet import VARIANTS, Variant, to_onnx
from albumen.vision.torch_file import TorchFileError, read_tensors


class ConversionError(Exception):
    """The member is not what its converter reads."""


def _efficientnet(variant: Variant, member: Path) -> bytes:
    try:
        return to_onnx(read_tensors(member), variant)
    except (TorchFileError, KeyError, ValueError) as error:
        raise ConversionError(f"{member.name}: {error!r:.300}") from error


CONVERTERS: dict[str, Callable[[Path], bytes]] = {
    name: partial(_efficientnet, variant) for name, variant in VARIANTS.items()
}
"""Each takes the member's file and returns the bytes for the cache: the same member, the same bytes."""
