"""Which step does what, by kind of media, where the catalog itself has to name it."""

from __future__ import annotations

FACTS = {"photo": "metadata", "video": "video_metadata"}
"""Reads an original's facts."""
SHOWS = {"photo": "renditions", "video": "poster"}
"""Makes the preview, without which nobody can look at an original."""
