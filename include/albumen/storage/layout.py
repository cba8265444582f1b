"""Where things are in the library bucket."""

from __future__ import annotations

CACHE_FOREVER = "public, max-age=31536000, immutable"

OURS = ("renditions/", "memories/", "feeds/")
"""The prefixes of the library bucket that Albumen writes below."""


def holds_ours(prefix: str) -> bool:
    """Whether a source with this prefix, in the library bucket, would take our own files for originals."""
    return any(ours.startswith(prefix) or prefix.startswith(ours) for ours in OURS)


def rendition_key(library_id: int, sha256: bytes, name: str, *, version: int, inputs_key: str, extension: str) -> str:
    """Key of a rendition: immutable, named by content, step version and settings.

    The first eight digits of the inputs key keep two settings of one version apart, so that a key
    never changes its bytes.
    """
    digest = sha256.hex()
    return f"renditions/{library_id}/{digest[:2]}/{digest}/{name}-v{version}-{inputs_key[:8]}.{extension}"


def memory_key(library_id: int, memory_id: str, name: str) -> str:
    """Key of a rendered file of a memory."""
    return f"memories/{library_id}/{memory_id}/{name}"
