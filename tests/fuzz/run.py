"""Fuzz our parsers: `.venv/bin/python tests/fuzz/run.py [TARGET …]`; findings go to `tests/fuzz/cases/`."""

from __future__ import annotations

import argparse
import hashlib
import os
from pathlib import Path

from engine import Finding, fuzz
from mutation import INPUT_BYTES
from targets import Target, targets

import albumen
from albumen.media.sniff import sniff

HERE = Path(__file__).parent
CASES = HERE / "cases"
PACKAGE = Path(albumen.__file__).parent
CASE_BYTES = 4096


def cases_of(target: Target) -> list[Path]:
    """The kept cases of a target."""
    return sorted((CASES / target.name).glob("*"))


def seeds_of(target: Target, folder: Path | None) -> list[bytes]:
    """What fuzzing a target begins with: its own seeds, its kept cases, and files of its type in a folder."""
    found = [*target.seeds(), *(path.read_bytes() for path in cases_of(target))]
    for path in sorted(folder.rglob("*")) if folder and target.mime else ():
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(INPUT_BYTES)
            if sniff(head, path.stat().st_size, path.name).mime == target.mime:
                found.append(head)
    return found


def keep(target: Target, finding: Finding) -> Path | None:
    """Write a finding among the kept cases; None where it could not be made small enough."""
    if len(finding.data) > CASE_BYTES:
        return None
    path = CASES / target.name / hashlib.sha256(finding.data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(finding.data)
    return path


def main() -> int:
    """Fuzz the chosen targets one after the other; 1 when anything was found."""
    known = targets()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="*", help=f"of {', '.join(known)}; none: all")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each target (default 60)")
    parser.add_argument("--seeds", type=Path, help="a folder of real files to begin with, too")
    parser.add_argument("--seed", type=int, default=1, help="of the chance (default 1)")
    options = parser.parse_args()
    os.nice(10)
    found = 0
    for name in options.target or known:
        target = known[name]
        run = fuzz(
            target.check,
            seeds_of(target, options.seeds),
            target.tokens,
            folder=PACKAGE,
            seconds=options.seconds,
            seed=options.seed,
        )
        print(
            f"{name}: {run.inputs} inputs, {run.kept} kept, {run.places} places, {len(run.findings)} findings",
            flush=True,
        )
        for finding in run.findings.values():
            print(
                f"  {finding.words} ({len(finding.data)} bytes, {keep(target, finding) or 'too large to keep'})",
                flush=True,
            )
        found += len(run.findings)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
