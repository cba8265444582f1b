"""How long the console's pages take with a large catalog: real pages of Airflow's API server, simulated rows.

Each page is asked for in turn, as a logged-in operator's browser asks; what is timed is the whole answer. Targets: p95
of every page at most 200 ms at the larger size, and less than twice the smaller's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from typing import Any
from urllib.parse import quote

import httpx
from conditions import conditions, summary, timed
from console_catalog import QUARANTINED, fill
from stacks import running_servers

from albumen.catalog import engine
from albumen.console.navigation import PAGES
from albumen.local import processes
from albumen.local.postgres import catalog_url

MOST_MS = 200.0
MOST_RISE = 2.0
LEAST_MS = 25.0
"""Below this a page's rise is noise."""


def addresses(library: str, items: int) -> dict[str, str]:
    """Every page with something on it, and the quarantine's harder questions."""
    key = f"{2000 + (items // 2) // QUARANTINED % 25}/{items // 2:08}.jpg"
    run = f"run?dag_id=transcode_originals&run_id={library}-r{items // 2000}"
    pages = {page.name: f"{page.name}?library={library}" for page in PAGES if page.name != "run"}
    pages["item"] = f"item?library={library}&key={quote(key)}"
    memory = hashlib.md5(f"{library}-2".encode(), usedforsecurity=False).hexdigest()[:16]
    pages["memory"] = f"memory?library={library}&memory={memory}"
    pages["person"] = f"person?library={library}&person=p3"
    pages["library, a stretch"] = f"library-items?library={library}&month=2012-05&first={items // 600}"
    pages["library, at the end"] = f"library-items?library={library}&month=2000-01&first={items // 400}"
    pages["map-clusters"] = f"map-clusters?library={library}&size=1"
    pages["run"] = run
    pages["task"] = f"{run}&task_id=process&map_index=0"
    pages["people, hidden too"] = f"people?library={library}&everyone=true"
    pages["duplicates, far on"] = f"duplicates?library={library}&after=g{items // 100:08}"
    pages["quarantine, filtered"] = f"quarantine?library={library}&step=renditions&reason=unreadable&camera=Model+7"
    pages["quarantine, by prefix"] = f"quarantine?library={library}&prefix=2024/"
    pages["quarantine, far on"] = f"quarantine?library={library}&after={items}"
    pages["overview.json"] = "overview.json"
    return pages


def measure(client: httpx.Client, pages: dict[str, str], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each page, in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in pages}
    for turn in range(rounds + 2):
        for name, address in pages.items():
            answer: list[httpx.Response] = []
            taken = timed(lambda address=address, answer=answer: answer.append(client.get(f"/albumen/{address}")))
            if answer[0].status_code != httpx.codes.OK:
                raise SystemExit(f"{name} answers {answer[0].status_code}: {answer[0].text[:300]}")
            if turn >= 2:
                seconds[name].append(taken)
    return {name: summary(taken, unit=0.001) for name, taken in seconds.items()}


def faults(small: dict[str, Any], large: dict[str, Any]) -> list[str]:
    """Missed targets."""
    told = [
        f"{name}: p95 {one['p95']} ms, the target is {MOST_MS:.0f}"
        for name, one in large.items()
        if one["p95"] > MOST_MS
    ]
    told += [
        f"{name}: p95 rises from {small[name]['p95']} to {one['p95']} ms"
        for name, one in large.items()
        if one["p95"] > max(LEAST_MS, MOST_RISE * small[name]["p95"])
    ]
    return told


def main() -> int:
    """Measure at both sizes, tell, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000, help="Items of the larger library.")
    parser.add_argument("--rounds", type=int, default=40, help="How often each page is asked for.")
    parser.add_argument("--home", default="", help="Folder whose filled catalogs are used, and kept; none: a new one.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    sizes = {"small": max(100, options.items // 100), "large": options.items}
    met, found = conditions(), {}
    with running_servers(options.home) as stack:
        stack.airflow.migrate()
        stack.airflow.start_api()
        with httpx.Client(base_url=stack.home.airflow_url, timeout=60, trust_env=False) as client:
            processes.wait_until(lambda: _answers(client), 120, 0.5)
            with stack.airflow.api as api:
                client.headers["Authorization"] = f"Bearer {api.token()}"
            client.headers["Accept"] = "text/html"
            for size, items in sizes.items():
                name = f"items-{items}"
                with engine.connect(catalog_url(stack.home)) as connection:
                    fill(connection, name, items)
                found[size] = measure(client, addresses(name, items), options.rounds)
    failures = faults(found["small"], found["large"])
    met["load_1min_after"] = conditions()["load_1min"]
    if options.json:
        print(json.dumps({"conditions": met, "sizes": sizes, "found": found, "failures": failures}))
    else:
        print(f"milliseconds, median (p95), at {sizes['small']:,} and {sizes['large']:,} items")
        for name in found["large"]:
            cells = [found[size][name] for size in sizes]
            print(f"  {name:24}" + "".join(f"  {cell['median']:8.1f} ({cell['p95']:8.1f})" for cell in cells))
        print(json.dumps(met))
        print("\n".join(failures) or "all targets met")
    return 1 if failures else 0


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/v2/version").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(main())
