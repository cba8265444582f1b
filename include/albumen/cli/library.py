"""`albumen library`: libraries and their policies."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pendulum
import typer

from albumen.catalog import libraries
from albumen.catalog.libraries import FAMILY, Library
from albumen.cli.session import Session, fail
from albumen.memories import withdrawing
from albumen.pipeline import backfilling
from albumen.settings import ProxyPolicy
from albumen.vision import set_up

app = typer.Typer(help="Create, list and change libraries.", no_args_is_help=True)
ZONES = frozenset(pendulum.timezones())


def split_source(source: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix`; a prefix ends in a slash."""
    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    if not source.startswith("s3://") or not bucket:
        fail(f"a source is written s3://bucket/prefix, not {source!r}", 2)
    return bucket, prefix if not prefix or prefix.endswith("/") else f"{prefix}/"


@app.command()
def create(
    name: str,
    source: Annotated[str, typer.Option(help="Where its originals are: s3://bucket/prefix.")],
    zone: Annotated[str, typer.Option(help="Home time zone, as Europe/Madrid.")] = "UTC",
    faces: Annotated[bool, typer.Option("--faces", help="The owner consents to face recognition.")] = False,
) -> None:
    """Make a library of what is below a bucket's prefix."""
    bucket, prefix = split_source(source)
    check_zone(zone)
    session = Session.of_environment()
    with session.connect() as connection:
        try:
            made = libraries.create(
                connection,
                name=name,
                bucket=bucket,
                prefix=prefix,
                home_zone=zone,
                consents=("faces",) if faces else (),
                library_bucket=session.settings.library_bucket,
            )
        except libraries.LibraryError as error:
            fail(str(error))
        connection.commit()
    fetch_weights(session)
    typer.echo(f"library {made.name}: s3://{made.bucket}/{made.prefix}, home zone {made.home_zone}")


@app.command("list")
def list_libraries(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Show all libraries."""
    with Session.of_environment().connect() as connection:
        everyone = libraries.everyone(connection)
    if as_json:
        typer.echo(json.dumps([_described(library) for library in everyone]))
        return
    for library in everyone:
        typer.echo(f"{library.name:<20} s3://{library.bucket}/{library.prefix:<30} {library.home_zone}")


@app.command()
def show(name: str) -> None:
    """Show a library and its policies."""
    session = Session.of_environment()
    with session.connect() as connection:
        for field, value in _described(session.library(connection, name)).items():
            typer.echo(f"{field:<12} {value}")


@app.command("set")
def set_policies(
    name: str,
    zone: Annotated[str | None, typer.Option(help="Home time zone.")] = None,
    locale: Annotated[str | None, typer.Option(help="Language and dates of stories, as en_GB, de, fr_CA, hr.")] = None,
    faces: Annotated[bool | None, typer.Option("--faces/--no-faces", help="Consent to face recognition.")] = None,
    family: Annotated[
        bool | None,
        typer.Option("--family/--no-family", help="Consent to stories with other libraries whose owners consent."),
    ] = None,
    proxy: Annotated[
        ProxyPolicy | None, typer.Option(help="Which videos get a proxy: what browsers do not play, … all, none.")
    ] = None,
    review: Annotated[
        bool | None, typer.Option("--review/--no-review", help="A person approves memories before they are published.")
    ] = None,
    personal: Annotated[
        bool | None,
        typer.Option("--personal/--no-personal", help="What the owner liked decides which stories are told."),
    ] = None,
) -> None:
    """Change a library's policies; a withdrawn consent deletes every face, or every story with others, at once."""
    values: dict[str, Any] = {}
    if zone is not None:
        check_zone(zone)
        values["home_zone"] = zone
    if locale is not None:
        values["locale"] = locale
    if proxy is not None:
        values["proxy"] = proxy
    if personal is not None:
        values["personal"] = personal
    if review is not None:
        values["review"] = "ask" if review else "never"
    wanted = {consent: given for consent, given in (("faces", faces), (FAMILY, family)) if given is not None}
    if not values and not wanted:
        fail("nothing to change: see `albumen library set --help`", 2)
    session = Session.of_environment()
    if family is False:
        with session.connect() as connection:
            asked = session.library(connection, name)
        gone = withdrawing.part(session.connect, session.library_store, asked, session.settings)
        typer.echo(f"{len(gone)} stories with pictures of others, or shown to others, are withdrawn")
    with session.connect() as connection:
        before = session.library(connection, name)
        if wanted:
            kept = {consent for consent in before.consents if wanted.get(consent, True)}
            values["consents"] = sorted(kept | {consent for consent, given in wanted.items() if given})
        library = libraries.change(connection, name, values)
        started = backfilling.start_for_policies(connection, library, before, session.settings)
        if faces is False:
            libraries.forget_faces(connection, library.library_id)
        connection.commit()
    if faces:
        fetch_weights(session)
    typer.echo(f"library {name}: {', '.join(f'{field} = {value}' for field, value in values.items())}")
    for estimate in started:
        typer.echo(str(estimate))


def check_zone(zone: str) -> None:
    """End the command for a zone that does not exist."""
    if zone not in ZONES:
        fail(f"{zone!r} is no IANA time zone, as Europe/Madrid is", 2)


def fetch_weights(session: Session) -> None:
    """Fetch the weights that are not in the cache yet."""
    set_up.fetch(session.settings)


def _described(library: Library) -> dict[str, Any]:
    return {
        "name": library.name,
        "source": f"s3://{library.bucket}/{library.prefix}",
        "home_zone": library.home_zone,
        "locale": library.locale,
        "consents": list(library.consents),
        "proxy": library.proxy,
        "review": library.review,
        "personal": library.personal,
    }
