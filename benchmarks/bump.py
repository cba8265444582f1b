"""Does a raised `scene` run alone, and do fresh uploads overtake it?

On servers of its own, without Airflow: some photos go through both passes for real and are catalogued again and
again as other items with the same previews, until there are enough. Then the version of `scene` is raised, and what
the planner and the workers do with it is watched; in the middle of it a burst of fresh photos arrives. Their time
runs from the end of their upload, through both passes, to the last step of their previews. When they are done, the
rest of the backfill is left alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from typing import Any

from conditions import conditions
from sqlalchemy import Connection, text
from stacks import running_servers

from albumen.catalog.due import Lane
from albumen.catalog.leases import Lease
from albumen.catalog.models import Base
from albumen.local.postgres import catalog_url
from albumen.local.seaweed import storage_options
from albumen.pipeline import backfilling, registry
from albumen.storage.object_store import ObjectStore, StoreOptions
from albumen.testing.catalogs import Catalogs
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

STEP, RAISED = "scene", 99
PICTURES, APART = 20, 100_000
SHARD = 500
LOOK_S = 0.5
PATIENCE_S = 3600
COPIED = {
    "items": {"item_id": "t.item_id + {shift}", "sha256": "sha256(t.sha256 || CAST(CAST(n AS text) AS bytea))"},
    "fingerprints": {"item_id": "t.item_id + {shift}", "sha256": "sha256(t.sha256 || CAST(CAST(n AS text) AS bytea))"},
    "originals": {
        "original_id": "t.original_id + {shift}", "item_id": "t.item_id + {shift}", "key": "t.key || '-' || n",
    },
    "renditions": {"item_id": "t.item_id + {shift}"},
    "outcomes": {"subject_id": "t.subject_id + {shift}"},
}  # fmt: skip
"""Per table what is another in a copy; ids lie apart, above those that fresh photos get."""
DUE = text("SELECT step, lane, count(*) FROM due GROUP BY 1, 2")
LEFT = text("SELECT count(*) FROM due WHERE lane = :lane")
RAN_ON_OLD = text("""
    SELECT step, count(*) FROM outcome_history WHERE subject_id <= :before OR subject_id >= :apart GROUP BY step
""")
FRESH_DONE = text("""
    SELECT count(*) FROM originals o
    WHERE o.key LIKE '%fresh/%' AND (
        SELECT count(*) FROM outcomes d WHERE d.library_id = o.library_id AND d.subject_id = o.item_id
          AND d.step = ANY(:steps)
    ) = :most
""")


def copied(connection: Connection, copies: int) -> None:
    """Catalogue every item so many times more."""
    for table, changed in COPIED.items():
        columns = [column.name for column in Base.metadata.tables[table].c]
        values = [changed.get(name, f"t.{name}").format(shift=f"n * {APART}") for name in columns]
        connection.execute(
            text(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
                f"FROM {table} t, generate_series(1, :copies) n"
            ),
            {"copies": copies},
        )


def noticed(library: TestLibrary) -> list[backfilling.Estimate]:
    """What a plan does about changed steps."""
    found = []
    with library.connect() as connection:
        for pass_name in ("original", "preview"):
            found += backfilling.notice_changes(connection, pass_name, library.settings)
            backfilling.advance(connection, pass_name, library.settings)
        connection.commit()
    return found


def ask(library: TestLibrary, question: Any, **parameters: Any) -> list[Any]:
    """Rows of the catalog."""
    with library.connect() as connection:
        return list(connection.execute(question, parameters))


def work(library: TestLibrary, ended: threading.Event, shards: list[dict[str, Any]]) -> None:
    """What the slots of the preview pass do, one after the other, until it is enough."""
    while not ended.is_set():
        lease = library.lease("preview", f"bump/{len(shards)}", most=SHARD)
        if not isinstance(lease, Lease):
            time.sleep(LOOK_S)
            continue
        began = time.monotonic()
        summary = library.run(lease)
        took = round(time.monotonic() - began, 1)
        told = {"lane": Lane(lease.lane).name.lower(), "items": summary.size, "gave_way": summary.gave_way, "s": took}
        shards.append(told)
        print(told, file=sys.stderr)


def measure(library: TestLibrary, items: int, photos: int) -> dict[str, Any]:
    """The whole story, on an empty library."""
    noticed(library)
    for number in range(PICTURES):
        library.put(f"{number}.jpg", a_photo(number))
    library.discover()
    library.work()
    with library.connect() as connection:
        copied(connection, items // PICTURES - 1)
        connection.execute(text("TRUNCATE outcome_history"))
        connection.commit()
    ((before,),) = ask(library, text("SELECT max(item_id) FROM items WHERE item_id < :apart"), apart=APART)
    registry.steps()[STEP].version = RAISED  # type: ignore[misc]
    estimates = [f"{found.step}: {found.items}" for found in noticed(library)]
    due = {f"{step} in {Lane(lane).name.lower()}": count for step, lane, count in ask(library, DUE)}
    ended, shards = threading.Event(), list[dict[str, Any]]()
    worker = threading.Thread(target=work, args=(library, ended, shards))
    worker.start()
    while ask(library, LEFT, lane=Lane.BACKFILL) == [(items,)]:
        time.sleep(LOOK_S)
    for number in range(photos):
        library.put(f"fresh/{number}.jpg", a_photo(f"fresh {number}"))
    uploaded = time.monotonic()
    library.discover()
    while isinstance(lease := library.lease("original", f"fresh/{time.monotonic()}"), Lease):
        library.run(lease)
    steps = [step.name for step in registry.for_everyone("preview") if step.consent is None]
    while ask(library, FRESH_DONE, steps=steps, most=len(steps)) != [(photos,)]:
        if time.monotonic() - uploaded > PATIENCE_S or not worker.is_alive():
            ended.set()
            raise SystemExit("the fresh photos do not come through")
        time.sleep(LOOK_S)
    took = time.monotonic() - uploaded
    ((left,),) = ask(library, LEFT, lane=Lane.BACKFILL)
    ended.set()
    worker.join()
    ran = dict(map(tuple, ask(library, RAN_ON_OLD, before=before, apart=APART)))
    return {
        "items": items,
        "backfills": estimates,
        "due": due,
        "fresh_photos": photos,
        "upload_to_last_step_s": round(took, 1),
        "backfill_left_then": left,
        "steps_run_on_catalogued_items": ran,
        "shards": shards,
    }


def main() -> int:
    """Measure and tell; 1 when another step ran, or the backfill was not overtaken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--photos", type=int, default=50)
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    met = conditions()
    with running_servers() as stack:
        served = storage_options(stack.home)
        store = ObjectStore(
            StoreOptions(
                endpoint=served["endpoint_url"],
                access_key=served["aws_access_key_id"],
                secret_key=served["aws_secret_access_key"],
                region=served["region_name"],
            )
        )
        store.ensure_bucket("bump")
        library = TestLibrary.create(Catalogs(catalog_url(stack.home)).migrated(), store, "bump")
        found = measure(library, options.items, options.photos)
    found = {"conditions": {**met, "load_1min_after": conditions()["load_1min"]}, **found}
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))
    is_alone = set(found["steps_run_on_catalogued_items"]) == {STEP} == {one.split()[0] for one in found["due"]}
    return 0 if is_alone and found["backfill_left_then"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
