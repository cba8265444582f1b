"""`albumen metrics`, and that rules and dashboard ask only for what it offers and name what there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import yaml
from typer.main import get_command

from albumen.cli import app
from albumen.local.home import REPOSITORY, Home
from albumen.local.seaweed import storage_connection
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack
PROMETHEUS = REPOSITORY / "deploy" / "prometheus"
RULES = yaml.safe_load((PROMETHEUS / "albumen.rules.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((REPOSITORY / "deploy" / "grafana" / "albumen.json").read_text(encoding="utf-8"))
PROMTOOL = shutil.which("promtool")
METRIC = re.compile(r"\balbumen_[a-z_]+")


@pytest.fixture
def metrics(library: TestLibrary, servers: Home, photo: Callable[..., bytes], sandbox: Any) -> Callable[..., str]:
    """The output of the command, after a photo and a broken file were worked on."""
    library.put("good.jpg", photo(1))
    library.put("bad.jpg", photo(2)[:200])
    library.discover()
    library.work()
    library.put("late.jpg", photo(3))
    library.discover()
    library.execute(
        "INSERT INTO step_pauses (step, breaker, reason, by, since) VALUES ('faces', false, 'x', 'y', now())"
    )

    def run(**environment: str) -> str:
        result = subprocess.run(
            [sys.executable, "-P", "-m", "albumen.cli", "metrics", "--once"],
            env={**os.environ, "ALBUMEN_CATALOG_URL": library.url, **store_of(servers, library), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return result.stdout

    return run


def store_of(servers: Home, library: TestLibrary) -> dict[str, str]:
    """Where the command finds the object store."""
    return {"AIRFLOW_CONN_ALBUMEN_S3": storage_connection(servers), "ALBUMEN_LIBRARY_BUCKET": library.bucket}


def values(text: str) -> dict[str, float]:
    """Each series, without the labels of OpenTelemetry's own."""
    found = {}
    for line in text.splitlines():
        if line.startswith("albumen_"):
            series, _, value = line.rpartition(" ")
            found[re.sub(r'otel_scope_\w+="[^"]*",?', "", series).replace(",}", "}").removesuffix("{}")] = float(value)
    return found


def test_what_the_catalog_counts_is_offered(metrics: Callable[..., str]) -> None:
    found = values(metrics())
    good = 'library="test",reason="",state="done",step="renditions"'
    bad = 'library="test",reason="unreadable",state="quarantined",step="renditions"'
    assert found[f"albumen_outcomes_total{{{good}}}"] == 1
    assert found[f"albumen_outcomes_total{{{bad}}}"] == 1
    assert found[f"albumen_subjects{{{bad}}}"] == 1
    assert found['albumen_pending{library="test",state="due",step="renditions"}'] == 1
    assert found['albumen_oldest_due_seconds{lane="fresh",library="test"}'] > 0
    assert found['albumen_step_stopped{step="faces"}'] == 1
    assert found['albumen_shards_total{pass="original"}'] >= 1
    assert found["albumen_up"] == 1
    assert found['albumen_probe_time_seconds{target="store"}'] > 0


def test_a_catalog_that_is_away_is_a_metric_and_no_crash(metrics: Callable[..., str]) -> None:
    found = values(metrics(ALBUMEN_CATALOG_URL="postgresql+psycopg://nobody@127.0.0.1:1/none"))
    assert found["albumen_up"] == 0
    assert found['albumen_probe_errors_total{target="catalog"}'] == 1


def test_rules_and_dashboard_ask_only_for_what_is_offered(metrics: Callable[..., str]) -> None:
    offered = {name.partition("{")[0] for name in values(metrics())}
    asked = METRIC.findall(" ".join(rule["expr"] for rule in RULES))
    asked += METRIC.findall(json.dumps(DASHBOARD["panels"]))
    assert set(asked) <= offered


def test_every_alert_names_an_entry_of_the_runbook_and_a_command_that_exists() -> None:
    runbook = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)
    }
    verbs: Any = get_command(app)
    for rule in RULES:
        if "alert" in rule:
            assert rule["annotations"]["runbook"].partition("#")[2] in anchors, rule["alert"]
            assert rule["annotations"]["command"].split()[1] in verbs.commands, rule["alert"]
            assert rule["labels"]["severity"] in {"page", "notice"}


@pytest.mark.slow
@pytest.mark.skipif(not PROMTOOL, reason="no promtool on this machine")
def test_the_rules_do_what_their_tests_say() -> None:
    ran = subprocess.run(
        [str(PROMTOOL), "test", "rules", "albumen.test.yaml"], cwd=PROMETHEUS, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_another_exporter_is_refused_in_words(library: TestLibrary) -> None:
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "albumen.cli", "metrics"],
        env={**os.environ, "ALBUMEN_CATALOG_URL": library.url, "OTEL_METRICS_EXPORTER": "pigeon"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, "prometheus, otlp" in ran.stderr) == (2, True)


def test_prometheus_can_scrape_until_it_is_ended(library: TestLibrary, servers: Home) -> None:
    environment = {**os.environ, "ALBUMEN_CATALOG_URL": library.url, **store_of(servers, library)}
    environment["OTEL_EXPORTER_PROMETHEUS_PORT"] = str(_free_port())
    command = [sys.executable, "-u", "-P", "-m", "albumen.cli", "metrics"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        answer = httpx.get(address, trust_env=False, timeout=30)
        process.terminate()
        assert process.wait(30) == 0
    assert values(answer.text)["albumen_up"] == 1


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
