"""Walks Photoshop image resources and the head of PSD files.

References
----------
Adobe Photoshop File Formats Specification: file header, image resources section.
"""

from __future__ import annotations

from collections.abc import Iterator

from albumen.media.metadata.blocks import Blocks

_IPTC, _EXIF, _XMP = 0x0404, 0x0422, 0x0424
_HEADER_BYTES = 26
_MAX_RESOURCES = 4096
_SIGNATURES = frozenset({b"8BIM", b"MeSa", b"PHUT", b"AgHg", b"DCSR"})


def read_psd(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a PSD file's header and resources."""
    blocks.set_size(int.from_bytes(data[18:22], "big"), int.from_bytes(data[14:18], "big"))
    at = _HEADER_BYTES + 4 + int.from_bytes(data[_HEADER_BYTES : _HEADER_BYTES + 4], "big")
    size = int.from_bytes(data[at : at + 4], "big")
    resources = dict(_iterate_resources(data[at + 4 : at + 4 + min(size, limit)]))
    blocks.exif, blocks.xmp, blocks.iptc = resources.get(_EXIF), resources.get(_XMP), resources.get(_IPTC)


def find_iptc(resources: bytes) -> bytes | None:
    """The IPTC records among Photoshop image resources, or None."""
    return next((body for kind, body in _iterate_resources(resources) if kind == _IPTC), None)


def _iterate_resources(resources: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_MAX_RESOURCES):
        if resources[at : at + 4] not in _SIGNATURES:
            return
        kind = int.from_bytes(resources[at + 4 : at + 6], "big")
        name = resources[at + 6 : at + 7]
        at += 6 + (name[0] if name else 0) // 2 * 2 + 2
        size = int.from_bytes(resources[at : at + 4], "big")
        yield kind, resources[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
