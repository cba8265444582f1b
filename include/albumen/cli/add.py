"""`albumen add`: more files for a library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from albumen.cli.session import LIBRARY_OPTION, Session, fail
from albumen.local.uploading import upload_folder


def add(
    folder: Annotated[Path, typer.Argument(help="Folder of photos.", exists=True, file_okay=False)],
    library: Annotated[str, LIBRARY_OPTION] = "demo",
) -> None:
    """Upload a folder into a library's source; the running stack takes it from there."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
    uploaded = upload_folder(
        session.store, folder, bucket=found.bucket, prefix=found.prefix, progress=lambda _done, _all: None
    )
    typer.echo(f"{uploaded.sent} uploaded, {uploaded.present} already there")
    for name, reason in uploaded.refused.items():
        typer.echo(f"not uploaded: {name}: {reason}", err=True)
    if uploaded.refused:
        fail(f"{len(uploaded.refused)} files were not uploaded")
