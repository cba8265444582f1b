"""The one taxonomy of reasons: every outcome that is not `done` carries one of these codes.

A code belongs to a fault class, and the class decides what happens next: whether an attempt is
spent, whether the work is retried, and whether somebody is told.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """The current state of one step on one subject."""

    DUE = "due"
    LEASED = "leased"
    RETRYING = "retrying"
    DONE = "done"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"


class Reason(StrEnum):
    """Why a step did not end in `done`."""

    NOT_MEDIA = "not_media"
    UNSUPPORTED = "unsupported"
    SIDECAR = "sidecar"
    VIDEO_PASS_PENDING = "video_pass_pending"
    NOT_NEEDED = "not_needed"
    ERASED = "erased"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    TRANSIENT = "transient"
    BUG = "bug"


class Policy(NamedTuple):
    """What a reason leads to.

    Attributes
    ----------
    ends_in : State
        The terminal state once no attempt is left.
    attempts : int
        Attempts of the item before that; 0 for reasons that spend none.
    fault : str
        Whose fault it is: `nobody`, `item`, `world` or `ours`.
    """

    ends_in: State
    attempts: int
    fault: str


POLICIES: dict[Reason, Policy] = {
    Reason.NOT_MEDIA: Policy(State.SKIPPED, 0, "nobody"),
    Reason.UNSUPPORTED: Policy(State.SKIPPED, 0, "nobody"),
    Reason.SIDECAR: Policy(State.SKIPPED, 0, "nobody"),
    Reason.VIDEO_PASS_PENDING: Policy(State.SKIPPED, 0, "nobody"),
    Reason.NOT_NEEDED: Policy(State.SKIPPED, 0, "nobody"),
    Reason.ERASED: Policy(State.SKIPPED, 0, "nobody"),
    Reason.UNREADABLE: Policy(State.QUARANTINED, 1, "item"),
    Reason.TOO_LARGE: Policy(State.QUARANTINED, 1, "item"),
    Reason.CRASHED: Policy(State.QUARANTINED, 2, "item"),
    Reason.TIMED_OUT: Policy(State.QUARANTINED, 2, "item"),
    Reason.TRANSIENT: Policy(State.RETRYING, 0, "world"),
    Reason.BUG: Policy(State.QUARANTINED, 3, "ours"),
}


class ItemFault(Exception):
    """Raised by domain code when one item cannot be processed; never stops its neighbours.

    Parameters
    ----------
    reason : Reason
        The code.
    detail : str
        The decoder's words, or which limit was exceeded and by what value.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
