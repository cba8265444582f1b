"""Where things are in the library bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

CACHE_FOREVER = "public, max-age=31536000, immutable"

OURS = ("renditions/", "memories/", "feeds/", "receipts/")
"""The prefixes of the library bucket that Albumen writes below."""


def holds_ours(prefix: str) -> bool:
    """Whether a source with this prefix, in the library bucket, would take our own files for originals."""
    return any(ours.startswith(prefix) or prefix.startswith(ours) for ours in OURS)


def rendition_key(library_id: int, sha256: bytes, name: str, *, version: int, inputs_key: str, extension: str) -> str:
    """Key of a rendition: immutable, named by content, step version and settings.

    The first eight digits of the inputs key keep two settings of one version apart, so that a key
    never changes its bytes.
    """
    return f"{rendition_prefix(library_id, sha256)}{name}-v{version}-{inputs_key[:8]}.{extension}"


def rendition_prefix(library_id: int, sha256: bytes) -> str:
    """What all renditions of one content begin with."""
    digest = sha256.hex()
    return f"renditions/{library_id}/{digest[:2]}/{digest}/"


def memory_key(library_id: int, memory_id: str, name: str) -> str:
    """Key of a rendered file of a memory."""
    return f"memories/{library_id}/{memory_id}/{name}"


def story_key(page_key: str) -> str:
    """Key of the story as JSON that lies beside a memory's page."""
    return f"{page_key.removesuffix('.html')}.json"


def story_file_key(page_key: str, name: str) -> str:
    """Key of a rendered file that lies beside a memory's page, such as `cover-1x1.jpg`."""
    return f"{page_key.removesuffix('.html')}-{name}"


def story_page(key: str) -> str | None:
    """Key of the page beside which a story as JSON lies; None for other files."""
    return f"{key.removesuffix('.json')}.html" if key.endswith(".json") and "/story-" in key else None


def renditions_prefix(library_id: int) -> str:
    """Where the renditions of a library are."""
    return f"renditions/{library_id}/"


def memories_prefix(library_id: int) -> str:
    """What all files of a library's memories begin with."""
    return f"memories/{library_id}/"


def feeds_prefix(library_id: int) -> str:
    """What all feeds of a library begin with."""
    return f"feeds/{library_id}/"


def feed_key(library_id: int, day: date) -> str:
    """Key of the feed of a local day."""
    return f"{feeds_prefix(library_id)}{day.isoformat()}.json"


def library_prefixes(library_id: int) -> tuple[str, ...]:
    """What every object of a library begins with; receipts of erasures outlive it."""
    return (renditions_prefix(library_id), memories_prefix(library_id), feeds_prefix(library_id))


def receipt_key(erasure_id: int) -> str:
    """Key of the list of objects that an erasure left in the source."""
    return f"receipts/{erasure_id}.jsonl"


RENDITION = re.compile(
    r"renditions/(?P<library>\d+)/(?P<ab>[0-9a-f]{2})/(?P<sha256>(?P=ab)[0-9a-f]{62})"
    r"/(?P<name>[^/]+)-v\d+-(?P<inputs>[0-9a-f]{8})\.\w+"
)


@dataclass(frozen=True, slots=True)
class RenditionKey:
    """What the key of a rendition tells; `inputs` are the first eight digits of the step's inputs key."""

    library_id: int
    sha256: bytes
    name: str
    inputs: str


def parse_rendition_key(key: str) -> RenditionKey | None:
    """The opposite of `rendition_key`; None for a key that it would not make."""
    found = RENDITION.fullmatch(key)
    if found is None:
        return None
    return RenditionKey(int(found["library"]), bytes.fromhex(found["sha256"]), found["name"], found["inputs"])
