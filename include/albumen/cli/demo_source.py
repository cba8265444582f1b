"""Where the demo's photos come from, and the day it tells of; both are remembered with the library."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import typer

from albumen.cli.library import split_source
from albumen.cli.session import Session, fail
from albumen.local.home import Home
from albumen.local.sample import build_sample
from albumen.local.seaweed import SOURCE_BUCKET
from albumen.settings import Settings
from albumen.storage.object_store import ObjectMissing, StorageError

SAMPLE_ZONE = "Europe/Madrid"
CACHE = Path("~/.cache/albumen/sample")


@dataclass(frozen=True)
class Source:
    """A demo's source.

    Attributes
    ----------
    folder : callable
        Gives the folder to upload; None when the photos are in a bucket already.
    consents : bool
        Whether the owner consents to face recognition: the sample's does.
    """

    bucket: str
    prefix: str
    home_zone: str
    consents: bool
    as_of: date
    folder: Callable[[], Path | None]


def source_of(session: Session, given: str, *, library: str, as_of: date | None) -> Source:
    """The source named on the command line; a library keeps the source and day of its first demo."""
    name = given if given.startswith("s3://") else str(Path(given).expanduser().absolute()) if given else "sample"
    home = session.home
    remembered = home.root / "demo.json"
    known = json.loads(remembered.read_text()) if remembered.exists() else {}
    if library in known and known[library]["source"] != name:
        fail(f"library {library!r} holds {known[library]['source']}: choose another name with --library", 2)
    if name != "sample" and not given.startswith("s3://") and not Path(name).is_dir():
        fail(f"{name} is no folder", 2)
    first_day = date.fromisoformat(known[library]["as_of"]) if library in known else datetime.now(UTC).date()
    if library not in known:
        known[library] = {"source": name, "as_of": (as_of or first_day).isoformat()}
        remembered.write_text(json.dumps(known, indent=1))
    day = as_of or first_day
    if given.startswith("s3://"):
        bucket, prefix = split_source(given)
        _check_bucket(session, bucket, prefix)
        return Source(bucket, prefix, "UTC", False, day, lambda: None)
    if given:
        return Source(SOURCE_BUCKET, f"{library}/", "UTC", False, day, lambda: Path(name))
    sample_day = date.fromisoformat(known[library]["as_of"])
    return Source(SOURCE_BUCKET, f"{library}/", SAMPLE_ZONE, True, day, lambda: _sample(home, library, sample_day))


def _check_bucket(session: Session, bucket: str, prefix: str) -> None:
    """A bucket of the embedded store must be there; another store is reached by a connection of its own."""
    if session.settings.storage_conn_id != Settings.model_fields["storage_conn_id"].default:
        return
    try:
        session.store.list_page(bucket, prefix, keys=1)
    except (ObjectMissing, StorageError) as error:
        fail(
            f"the embedded store cannot list s3://{bucket}/{prefix} ({error}). For another S3 set "
            "ALBUMEN_STORAGE_CONN_ID=source, ALBUMEN_LIBRARY_CONN_ID=albumen_s3 and AIRFLOW_CONN_SOURCE, "
            "then `./albumen down` and start again",
            2,
        )


def _sample(home: Home, library: str, as_of: date) -> Path:
    folder = home.root / "sample" / library
    build_sample(folder, as_of=as_of, cache=CACHE.expanduser(), progress=typer.echo)
    return folder
