"""What goes through a whole library: its export, and a backfill of everything. Does a record cost the same at any size?

On catalogs of an embedded PostgreSQL of its own (or those of `--home`), filled with simulated rows: records a second
of the real export and the most memory of the process, items a second that a backfill makes due, batch by batch, and
the items a second of counting one beforehand, which reads the selection. A rate that falls to less than half in a
decade of size, or memory that doubles, fails. Of a large library, the export is measured over its first records.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from itertools import islice
from typing import Any

import growth
from conditions import conditions, summary, timed
from console_catalog import fill
from sqlalchemy import text
from stacks import running_servers

from albumen.catalog import backfills, engine, export, libraries
from albumen.catalog.backfills import Selection
from albumen.local.postgres import catalog_url
from albumen.pipeline import registry
from albumen.pipeline.backfilling import scope_of
from albumen.settings import Settings

STEP = "scene"
BATCH = 5000
BATCHES = 10


def measure(url: str, name: str, records: int) -> dict[str, Any]:
    """The figures of one library, in this process."""
    with engine.connect(url) as connection:
        library = libraries.named(connection, name)
        begun = time.monotonic()
        first = islice(export.records(connection, library), records)
        exported = sum(len(json.dumps(record, default=str)) > 0 for record in first)
        took = time.monotonic() - begun
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        scope, everything = scope_of(registry.steps()[STEP], Settings()), Selection(stale_only=False)
        begun = time.monotonic()
        counted = backfills.measure(connection, library.library_id, scope, everything)
        counting = time.monotonic() - begun
        backfills.create(connection, library.library_id, STEP, everything)
        batches, made = [], []
        for _ in range(BATCHES):
            batches.append(timed(lambda: made.append(backfills.advance(connection, {STEP: scope}, most=BATCH))))
            if made[-1] < BATCH:
                break
        connection.rollback()
    return {
        "exported": exported,
        "export, records/s": round(exported / took),
        "export, MB": round(memory),
        "counting a backfill, items/s": round(counted / counting),
        "a batch of a backfill, ms": summary(batches, unit=0.001),
        "backfill, items/s": round(sum(made) / sum(batches)),
    }


def main() -> int:
    """Measure at each size, tell, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", default="10000,100000,1000000", help="Sizes, a comma between.")
    parser.add_argument("--home", default="", help="Folder whose filled catalogs are used, and kept; none: a new one.")
    parser.add_argument("--records", type=int, default=1_000_000, help="Records of the export that are measured.")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure, options.records)))
        return 0
    met, found = conditions(), {}
    with running_servers(options.home) as stack:
        url = catalog_url(stack.home)
        for items in map(int, options.items.split(",")):
            with engine.connect(url) as connection:
                fill(connection, f"items-{items}", items)
                connection.execute(text("DELETE FROM due WHERE step = :step"), {"step": STEP})
                connection.commit()
            command = [sys.executable, __file__, "--measure", url, f"items-{items}", "--records", str(options.records)]
            told = subprocess.run(command, capture_output=True, text=True, check=True)
            found[items] = json.loads(told.stdout)
    costs = {
        name: {size: 1 / one[name] for size, one in found.items()}
        for name in ("export, records/s", "counting a backfill, items/s", "backfill, items/s")
    }
    costs["export, MB"] = {size: one["export, MB"] for size, one in found.items()}
    failures = [fault for name, figures in costs.items() for fault in growth.faults(name, figures)]
    told_all = {"conditions": met, "sizes": found, "failures": failures}
    print(json.dumps(told_all, indent=None if options.json else 1))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
