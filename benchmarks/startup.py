"""How long do `up` and `demo` take, the first time and again?

Uses a home of its own below the temporary folder and deletes it afterwards. Cold means an empty
home: servers initialised, schemas made, DAGs parsed for the first time. Weights and the sample's
pictures are taken from their caches where they are there; fetching them is the network's figure.
The second demo must not do any step again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from conditions import conditions, summary, timed
from sqlalchemy import text

from albumen.catalog import engine
from albumen.local.home import Home
from albumen.local.postgres import catalog_url

UP_TARGET_S = 30.0
REPOSITORY = Path(__file__).resolve().parents[1]


def albumen(home: Path, log: Path, *arguments: str) -> float:
    """Wall seconds of a command, which must succeed."""
    environment = {**os.environ, "ALBUMEN_HOME": str(home)}

    def call() -> None:
        with log.open("ab") as output:
            command = [sys.executable, "-m", "albumen.cli", *arguments]
            outcome = subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)
        if outcome.returncode != 0:
            raise SystemExit(
                f"{' '.join(arguments)} failed:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
            )

    return timed(call)


def outcomes(home: Path) -> int:
    """Step outcomes ever written."""
    with engine.connect(catalog_url(Home(home))) as connection:
        return int(connection.execute(text("SELECT count(*) FROM outcome_history")).scalar_one())


def measure(commands: Sequence[str], folder: Path) -> dict[str, float]:
    """Seconds of each command on a home of its own, and of the same again."""
    home, log = folder / "home", folder / "log"
    seconds = {}
    try:
        if "up" in commands:
            seconds["up, empty home"] = albumen(home, log, "up")
            seconds["up, everything runs"] = albumen(home, log, "up")
            albumen(home, log, "down")
            seconds["up, after down"] = albumen(home, log, "up")
            albumen(home, log, "down", "--delete-data")
        if "demo" in commands:
            seconds["demo, empty home"] = albumen(home, log, "demo")
            before = outcomes(home)
            seconds["demo, everything there"] = albumen(home, log, "demo")
            if (again := outcomes(home) - before) != 0:
                raise SystemExit(f"the second demo did {again} steps again")
    finally:
        albumen(home, log, "down", "--delete-data")
    return seconds


def main() -> int:
    """Measure and tell; exit 1 when `up` misses its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1, help="How often all of it is done.")
    parser.add_argument("--only", choices=("up", "demo"), help="Only one of the two commands.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    met = conditions()
    found: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="albumen-bench-") as folder:
            commands = (options.only,) if options.only else ("up", "demo")
            for name, seconds in measure(commands, Path(folder)).items():
                found.setdefault(name, []).append(seconds)
    met["load_1min_after"] = conditions()["load_1min"]
    told = {name: summary(seconds) for name, seconds in found.items()}
    cold = told.get("up, empty home")
    ratio = round(UP_TARGET_S / cold["median"], 2) if cold else None
    if options.json:
        print(json.dumps({"conditions": met, "seconds": told, "target_up_s": UP_TARGET_S, "ratio": ratio}))
    else:
        for name, one in told.items():
            print(f"{name:24} {one['median']:7.1f} s  (n = {one['n']})")
        print(json.dumps(met))
    return 1 if cold and cold["median"] > UP_TARGET_S else 0


if __name__ == "__main__":
    sys.exit(main())
