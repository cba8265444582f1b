"""Which burst a picture belongs to: the id its camera wrote, or what its name shares with its neighbours'."""

from __future__ import annotations

import re

from albumen.media.metadata.file_name_dates import base_name

NAME_PATTERNS = (
    # Google and Sony: 00100dPORTRAIT_00100_BURST20180311123456789_COVER.jpg, DSC_0001_BURST20190105120000123.JPG
    re.compile(r"(?P<id>BURST[0-9]{14,17})(?![0-9])", re.IGNORECASE),
    # Samsung, LG, older Google: 20180101_120000_Burst01.jpg, IMG_20150515_120000_BURST001_COVER.jpg
    re.compile(r"^(?P<id>.*?[0-9])[_.\- ]BURST[_\-]?[0-9]{1,4}(?![0-9])", re.IGNORECASE),
)


def burst_of_name(name: str) -> str | None:
    """What the names of a burst's pictures share.

    Parameters
    ----------
    name : str
        Name or path; only its last part counts.

    Returns
    -------
    str or None
        `20180101_120000`, `BURST20180311123456789`; None where the name tells of no burst.
    """
    base = base_name(name)
    return next((match["id"] for pattern in NAME_PATTERNS if (match := pattern.search(base))), None)
