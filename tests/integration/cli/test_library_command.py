"""`albumen library set` over a real catalog."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from albumen.catalog import libraries
from albumen.cli import app
from albumen.cli.session import Session
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack


def test_a_consent_is_given_and_withdrawn_without_touching_the_other(
    catalog: str, object_store: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = TestLibrary.create(catalog, object_store, bucket, consents=("family",))
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", place.url)
    monkeypatch.setattr(Session, "library_store", property(lambda session: object_store))
    monkeypatch.setattr("albumen.cli.library.fetch_weights", lambda session: None)

    def given(*options: str) -> tuple[str, set[str]]:
        outcome = CliRunner().invoke(app, ["library", "set", "test", *options])
        assert outcome.exit_code == 0, outcome.output
        with place.connect() as connection:
            return outcome.output, set(libraries.named(connection, "test").consents)

    assert given("--faces")[1] == {"faces", "family"}
    said, left = given("--no-family")
    assert left == {"faces"}
    assert "0 stories with pictures of others, or shown to others, are withdrawn" in said
    assert given("--family", "--no-faces")[1] == {"family"}
    assert CliRunner().invoke(app, ["library", "set", "test"]).exit_code == 2
