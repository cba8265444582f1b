"""Entries of the runbook (`docs/operations.md`) followed word for word on a stack in that trouble: `--all` only."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from albumen.catalog import alerts
from albumen.cli.session import Session
from albumen.local.home import REPOSITORY, Home
from albumen.local.stack import Stack
from albumen.testing.environment import without_airflow
from albumen.testing.photos import a_photo
from albumen.testing.scene import Scene, wait_for

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(1200)]
PHOTOS = 40


class Operator:
    """Somebody who has a terminal, the runbook and nothing else."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def runs(self, *command: str, ends: int = 0) -> str:
        """Run `./albumen COMMAND` and return what it printed; it has to end so."""
        environment = {**os.environ, "ALBUMEN_HOME": str(self.home.root)}
        arguments = [sys.executable, "-m", "albumen.cli", *command]
        done = subprocess.run(arguments, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == ends, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def environment():
    with without_airflow() as environment:
        yield environment


@pytest.fixture
def operator(tmp_path, environment):
    home = Home(tmp_path / "home")
    try:
        yield Operator(home)
    finally:
        Stack(home).delete()


def upload(operator, name):
    scene = Scene(Session(operator.home), name)
    for number in range(PHOTOS):
        scene.upload(f"{number:02}.jpg", a_photo(f"{name} {number}", taken=f"2020:05:{1 + number % 28:02} 10:00:00"))
    return scene


def alerted(operator, kind):
    """The open alert of a kind, after the next look of `watch_service`."""
    with Stack(operator.home).airflow.api as api:
        assert api.wait("watch_service", api.trigger("watch_service"), 120) == "success"
    with Session(operator.home).connect() as connection:
        return next(alert for alert in alerts.open_ones(connection) if alert.kind == kind)


def test_a_step_is_stopped(operator, environment) -> None:
    environment.setenv("ALBUMEN_SANDBOX__ITEM_SECONDS", "0.001")
    operator.runs("up")
    scene = upload(operator, "stopped")
    wait_for(lambda: "(stopped)" in operator.runs("status"), "a breaker")

    listed = operator.runs("step", "list")
    assert "timed_out" in listed
    (step,) = {line.split()[0] for line in listed.splitlines() if "breaker" in line and not line.startswith(" ")}
    assert "breaker" in operator.runs("doctor", ends=1)
    alert = alerted(operator, "step_stopped")
    assert alert.about == step
    assert "timed_out" in operator.runs(*alert.command.split()[1:])

    environment.delenv("ALBUMEN_SANDBOX__ITEM_SECONDS")
    operator.runs("down")
    operator.runs("up")
    assert "goes on within seconds" in operator.runs("step", "resume", step)
    scene.wait_settled(PHOTOS)
    assert {record["state"] for record in scene.records().values()} == {"done"}
    assert "0 files in quarantine" in operator.runs("quarantine", "list", "--library", scene.name)
    operator.runs("doctor")


def test_previews_are_late(operator, environment) -> None:
    environment.setenv("ALBUMEN_SLOS__PREVIEW_MINUTES", "0.001")
    operator.runs("up")
    scene = upload(operator, "late")
    scene.wait_settled(PHOTOS)
    alert = alerted(operator, "preview")
    assert alert.about == scene.name
    assert scene.name in operator.runs(*alert.command.split()[1:])
    assert "cores" in operator.runs("capacity", "--per-day", "1000000")
