"""The facts in a photo's bytes: when, where, with what, and how large."""

from albumen.media.metadata.facts import Metadata
from albumen.media.metadata.read import read_film, read_metadata

__all__ = ["Metadata", "read_film", "read_metadata"]
