"""What share of the processor goes to Airflow rather than to photos, and how many photos pass a second?

On a stack of its own: uploads drawn photos of four sizes, and lets the whole pipeline work, enrichment
and organising included, from the first listing to the last settled step. What counts as Airflow's is told in
`job.py`, which measures the original pass alone, with photos made of real ones and beside a peer.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys

from conditions import conditions
from job import tell, upload, work_off
from latency import new_library, photo
from stacks import running_stack

SIZES = ((4000, 3000), (3000, 4000), (4032, 2268), (2048, 1536))


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--home", help="Home of a stack to use and leave up; by default a new one, deleted afterwards.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    bases = [photo(seed, width=width, height=height) for seed, (width, height) in enumerate(SIZES)]
    with running_stack(options.home) as session:
        met = conditions()
        library = new_library(session, f"overhead-{secrets.token_hex(4)}")
        with session.api() as api:
            api.pause("ingest_originals")
        megabytes = upload(session, library, options.photos, lambda number: bases[number % len(bases)])
        found = work_off(session, library, options.photos, whole=True)
    found["megabytes"] = round(megabytes, 1)
    found["conditions"] = {**met, "load_1min_after": conditions()["load_1min"]}
    if options.json:
        print(json.dumps(found))
    else:
        tell(found)
        print(json.dumps(found["conditions"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
