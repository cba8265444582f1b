"""What building the sample library raises when it cannot go on."""

from __future__ import annotations


class SampleError(RuntimeError):
    """The sample library cannot be built; the message says what is missing and what to do instead."""
