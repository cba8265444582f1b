"""`albumen metrics`, and that rules and dashboard ask only for what it offers and name what there is."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
import yaml
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from typer.main import get_command

from albumen.cli import app
from albumen.cli.metrics import COUNTERS, GAUGES
from albumen.local.home import REPOSITORY, Home
from albumen.local.seaweed import storage_connection
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack
PROMETHEUS = REPOSITORY / "deploy" / "prometheus"
RULES = yaml.safe_load((PROMETHEUS / "albumen.rules.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((REPOSITORY / "deploy" / "grafana" / "albumen.json").read_text(encoding="utf-8"))
COMMAND = [sys.executable, "-u", "-P", "-m", "albumen.cli", "metrics"]
METRIC = re.compile(r"\balbumen_[a-z_]+")


@pytest.fixture
def worked(library: TestLibrary, servers: Home, photo: Callable[..., bytes], sandbox: Any) -> dict[str, str]:
    """The environment of the command, after a photo and a broken file were worked on."""
    library.put("good.jpg", photo(1))
    library.put("bad.jpg", photo(2)[:200])
    library.discover()
    library.work()
    library.put("late.jpg", photo(3))
    library.discover()
    library.execute(
        "INSERT INTO step_pauses (step, breaker, reason, by, since) VALUES ('faces', false, 'x', 'y', now())"
    )
    return {**os.environ, "ALBUMEN_CATALOG_URL": library.url, **store_of(servers, library)}


def once(environment: dict[str, str], **more: str) -> str:
    """What the command prints of all numbers."""
    result = subprocess.run(
        [*COMMAND, "--once"], env={**environment, **more}, capture_output=True, text=True, timeout=60, check=True
    )
    return result.stdout


class Collector:
    """An OTLP/HTTP receiver: what it was sent, decoded."""

    def __init__(self) -> None:
        self.got = threading.Event()
        self.requests: list[ExportMetricsServiceRequest] = []
        self.server = HTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if self.path == "/v1/metrics":
                    collector.requests.append(ExportMetricsServiceRequest.FromString(body))
                    collector.got.set()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        return Handler

    def points(self) -> dict[tuple[str, frozenset[tuple[str, str]]], tuple[float, str]]:
        """Value and unit of each point, by metric and labels; the latest counts."""
        found = {}
        for request in self.requests:
            scopes = [scope for resource in request.resource_metrics for scope in resource.scope_metrics]
            for metric in [metric for scope in scopes for metric in scope.metrics]:
                for point in (metric.sum if metric.HasField("sum") else metric.gauge).data_points:
                    labels = frozenset((one.key, one.value.string_value) for one in point.attributes)
                    value = point.as_int if point.HasField("as_int") else point.as_double
                    found[metric.name, labels] = (value, metric.unit)
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector on loopback."""
    found = Collector()
    yield found
    found.server.shutdown()
    found.server.server_close()


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


def test_what_the_catalog_counts_is_offered_and_rules_and_dashboard_ask_for_nothing_else(
    worked: dict[str, str],
) -> None:
    found = values(once(worked))
    good = 'library="test",reason="",state="done",step="renditions"'
    bad = 'library="test",reason="unreadable",state="quarantined",step="renditions"'
    assert found[f"albumen_outcomes_total{{{good}}}"] == 1
    assert found[f"albumen_outcomes_total{{{bad}}}"] == 1
    assert found[f"albumen_subjects{{{bad}}}"] == 1
    assert found['albumen_pending{library="test",state="due",step="renditions"}'] == 1
    assert found['albumen_oldest_due_seconds{lane="fresh",library="test"}'] > 0
    assert found['albumen_step_stopped{step="faces"}'] == 1
    assert found['albumen_shards_total{pass="original"}'] >= 1
    assert found['albumen_model_load_seconds_total{step="quality"}'] >= 0.25
    assert found["albumen_up"] == 1
    assert found['albumen_probe_time_seconds{target="store"}'] > 0
    asked = METRIC.findall(" ".join([*(rule["expr"] for rule in RULES), json.dumps(DASHBOARD["panels"])]))
    assert set(asked) <= {name.partition("{")[0] for name in found}


def test_a_catalog_that_is_away_is_a_metric_and_no_crash(worked: dict[str, str]) -> None:
    found = values(once(worked, ALBUMEN_CATALOG_URL="postgresql+psycopg://nobody@127.0.0.1:1/none"))
    assert found["albumen_up"] == 0
    assert found['albumen_probe_errors_total{target="catalog"}'] == 1


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


def test_another_exporter_is_refused_in_words(library: TestLibrary) -> None:
    ran = subprocess.run(
        COMMAND,
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
    with subprocess.Popen(COMMAND, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        answer = httpx.get(address, trust_env=False, timeout=30)
        process.terminate()
        assert process.wait(30) == 0
    assert values(answer.text)["albumen_up"] == 1


def test_a_collector_gets_every_metric_by_otlp(worked: dict[str, str], collector: Collector) -> None:
    where = {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address}
    environment = {**worked, **where, "OTEL_METRIC_EXPORT_INTERVAL": "200"}
    with subprocess.Popen(COMMAND, env=environment) as process:
        assert collector.got.wait(60)
        process.terminate()
        assert process.wait(30) == 0
    points = collector.points()
    wanted = {f"albumen.{name}" for name in (*COUNTERS, *GAUGES)}
    assert {name for name, _ in points} == wanted
    labels = {"library": "test", "step": "renditions", "state": "quarantined", "reason": "unreadable"}
    assert points["albumen.outcomes", frozenset(labels.items())] == (1, "{outcome}")
    assert points["albumen.up", frozenset()] == (1, "{flag}")
    assert points["albumen.model.load", frozenset({"step": "quality"}.items())][1] == "s"


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
