"""Walking a library with a check: budgets, checkpoints, what was found and what became of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from albumen.catalog import integrity
from albumen.catalog.integrity import Walk
from albumen.catalog.libraries import Library
from albumen.pipeline.maintenance.contract import Check, Finding
from albumen.pipeline.maintenance.missing import MissingCheck
from albumen.pipeline.maintenance.registry import CHECKS
from albumen.pipeline.running import Workplace

SAMPLE = 20
ENOUGH_TO_DOUBT = 100
"""So many findings, at too large a share, and something else is wrong than single objects."""
CONFIRM = timedelta(hours=3)
"""Longer than a task may run: nobody who put an object before its deletion writes its row later."""


@dataclass(slots=True)
class Report:
    """What one run of one check saw and did.

    Attributes
    ----------
    share : float
        How much of the library this run looked at, 0 to 1.
    complete : bool
        Whether it came to the end of the library.
    acts : bool
        Whether it acted on its findings; otherwise it only reports them.
    done : dict
        What became of the findings: `due_again`, `deleted`, `deleted_bytes`, `spared` …
    sample : list of str
        Some of the findings, key and detail.
    stopped : str
        Why it acted no longer; empty if nothing stopped it.
    """

    check: str
    acts: bool
    checked: int = 0
    found: int = 0
    share: float = 0.0
    complete: bool = False
    seconds: float = 0.0
    done: dict[str, int] = field(default_factory=dict)
    sample: list[str] = field(default_factory=list)
    stopped: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "share": round(self.share, 4), "seconds": round(self.seconds, 2)}

    def __str__(self) -> str:
        done = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in sorted(self.done.items()))
        told = done or ("nothing to do" if not self.found else "only reported")
        seen = "all of it" if self.complete else f"{self.share:.1%} of it"
        return f"{self.check}: {self.found} found in {self.checked} looked at ({seen}); {self.stopped or told}"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a library one run looks at.

    Attributes
    ----------
    whole : bool
        From its beginning to its end, as far as the time goes, without a look at the daily share.
    seconds : float
        All checks together.
    """

    whole: bool
    seconds: float


def maintain(
    place: Workplace, library: Library, names: Sequence[str], *, acting: Collection[str], extent: Extent, keeps: bool
) -> list[Report]:
    """Make checks of a library, one after the other; each has its part of the time that is left.

    Parameters
    ----------
    names : sequence of str
        Of the checks, from `registry.CHECKS`.
    acting : collection of str
        Those that act on what they find.
    keeps : bool
        Whether the walks go on where the last run stopped, and their state is kept; a dry run's is not.

    Raises
    ------
    albumen.storage.object_store.StorageError
        If the store fails; what was looked at until then is remembered.
    """
    end, reports = time.monotonic() + extent.seconds, []
    for number, name in enumerate(names):
        left = max(0.0, end - time.monotonic()) / (len(names) - number)
        walking = _Walking(CHECKS[name](place, library), acts=name in acting, keeps=keeps)
        report = walking.run(extent.whole, left)
        reports.append(report)
        place.log(f"{library.name}: {report}")
        for line in report.sample:
            place.log(f"  {line}")
    return reports


class _Walking:
    def __init__(self, check: Check, *, acts: bool, keeps: bool) -> None:
        self.check, self.place, self.keeps = check, check.place, keeps
        self.library_id = check.library.library_id
        self.report = Report(check.name, acts)
        self.found: dict[str, Any] = {}
        self.walk: Walk | None = None

    def run(self, whole: bool, seconds: float) -> Report:
        """Look at piece after piece until the budget is spent; at least one."""
        started, knobs = time.monotonic(), self.place.settings.maintenance
        cursor: str | None = self._resume(whole)
        self._confirm()
        while cursor is not None:
            piece = self.check.look(cursor)
            self.report.checked += piece.checked
            self.report.share += piece.share
            self._take(piece.findings)
            if not self._checkpoint(piece.following, piece.checked):
                self.report.stopped = "another run is at it"
                break
            cursor = piece.following
            has_share = self.report.share >= knobs.share and self.report.checked >= knobs.least_objects
            if time.monotonic() - started >= seconds or (has_share and not whole):
                break
        self._confirm()
        self.report.complete = cursor is None
        self.report.seconds = time.monotonic() - started
        return self.report

    def _resume(self, whole: bool) -> str:
        if not self.keeps:
            return self.check.begin()
        with self.place.connect() as connection:
            last = integrity.current(connection, self.library_id, self.check.name)
        if last is not None and last.finished_at is None and not whole:
            self.walk = last
        else:
            begin = self.check.begin()
            unconfirmed = last.found.get("unconfirmed", {}) if last else {}
            with self.place.connect() as connection:
                carried = {"unconfirmed": unconfirmed}
                self.walk = integrity.start(connection, self.library_id, self.check.name, begin, carried)
                connection.commit()
        self.found = dict(self.walk.found)
        return self.walk.cursor

    def _take(self, findings: Sequence[Finding]) -> None:
        """Count findings, and act on them unless there are too many to be believed."""
        report, knobs = self.report, self.place.settings.maintenance
        report.found += len(findings)
        room = SAMPLE - len(report.sample)
        report.sample += [f"{finding.key}: {finding.detail}" for finding in findings[: max(0, room)]]
        is_share_large = report.found > knobs.most_share * report.checked
        if self.check.doubts and report.found >= ENOUGH_TO_DOUBT and is_share_large:
            report.stopped = (
                f"too many to be believed, more than {knobs.most_share:.0%} (maintenance.most_share): only reported"
            )
        if findings and report.acts and not report.stopped:
            report.done = dict(Counter(report.done) + self.check.act(findings, self._note))

    def _checkpoint(self, following: str | None, checked: int) -> bool:
        if self.walk is None:
            return True
        report, before = self.report, self.walk.found
        self.found |= {
            "found": before.get("found", 0) + report.found,
            "done": dict(Counter(before.get("done", {})) + Counter(report.done)),
            "sample": [*report.sample, *before.get("sample", [])][:SAMPLE],
            "acts": report.acts,
            "stopped": report.stopped,
        }
        with self.place.connect() as connection:
            kept = integrity.checkpoint(connection, self.walk, following, checked=checked, found=self.found)
            connection.commit()
        self.walk = replace(self.walk, cursor=self.walk.cursor if following is None else following)
        return kept

    def _note(self, keys: Sequence[str]) -> None:
        """Remember, before they are deleted, the keys that have to be looked at again."""
        if self.walk is None:
            raise RuntimeError("a walk that is not kept deletes nothing")
        at = self.place.now().isoformat()
        self.found["unconfirmed"] = {**self.found.get("unconfirmed", {}), **dict.fromkeys(keys, at)}
        self._keep()

    def _confirm(self) -> None:
        """Look again at what was deleted: a row that names it by now was written by a worker that was too quick."""
        unconfirmed: Mapping[str, str] = self.found.get("unconfirmed", {})
        if not unconfirmed or self.walk is None:
            return
        again = MissingCheck(self.place, self.check.library).make_again(unconfirmed)
        self.report.done = dict(Counter(self.report.done) + again)
        before = self.place.now() - CONFIRM
        kept = {key: at for key, at in unconfirmed.items() if datetime.fromisoformat(at) > before}
        self.found["unconfirmed"] = kept
        self._keep()

    def _keep(self) -> None:
        if self.walk is not None:
            with self.place.connect() as connection:
                integrity.note(connection, self.walk, self.found)
                connection.commit()
