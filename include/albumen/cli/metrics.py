"""`albumen metrics`: what the catalog counts, by OpenTelemetry, until it is ended.

One process for an installation: tasks live for seconds and share no counters, the catalog has them all. Where to
send is told by the standard variables: `OTEL_METRICS_EXPORTER` is `prometheus` (default) or `otlp`.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from sqlalchemy.exc import SQLAlchemyError

from albumen.catalog import gauges
from albumen.catalog.gauges import Number
from albumen.cli.session import Session, fail
from albumen.pipeline import registry
from albumen.storage.object_store import StorageError

COUNTERS = {
    "outcomes": ("{outcome}", "Step outcomes, by state and reason."),
    "step.cpu": ("s", "CPU of the steps."),
    "step.io": ("By", "Bytes that steps read and wrote."),
    "shards": ("{shard}", "Shards that ended."),
    "shard.time": ("s", "How long shards were worked on."),
    "model.load": ("s", "How long steps took to load in the sandbox's children, models included."),
    "probe.errors": ("{error}", "Probes that failed."),
}
GAUGES = {
    "subjects": ("{subject}", "Subjects by the state their step ended in."),
    "pending": ("{subject}", "What has not ended, counted up to 1000 a step and lane."),
    "oldest_due": ("s", "Since when the oldest work of a lane waits that somebody may do."),
    "step.stopped": ("{flag}", "Whether a step is stopped."),
    "slo.kept": ("{flag}", "Whether a promise is kept."),
    "alerts": ("{alert}", "Open alerts."),
    "probe.time": ("s", "How long the catalog and the object store took to answer."),
    "up": ("{flag}", "Whether the catalog could be read."),
}
FRESH_SECONDS = 5.0
"""All instruments of one collection read the same numbers."""


class Exporter:
    """Reads numbers when somebody collects.

    Parameters
    ----------
    session : Session
        The catalog and the store that are watched.
    reader : MetricReader
        Who collects.
    """

    def __init__(self, session: Session, reader: MetricReader) -> None:
        self.session = session
        self.since = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self.errors = {"catalog": 0, "store": 0}
        self.numbers: list[Number] = []
        self._read_at = float("-inf")
        self._lock = threading.Lock()
        self.provider = MeterProvider(metric_readers=[reader])
        meter = self.provider.get_meter("albumen")
        for name, (unit, about) in COUNTERS.items():
            meter.create_observable_counter(f"albumen.{name}", [self._observe(name)], unit, about)
        for name, (unit, about) in GAUGES.items():
            meter.create_observable_gauge(f"albumen.{name}", [self._observe(name)], unit, about)

    def _observe(self, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observations(_: CallbackOptions) -> Iterable[Observation]:
            with self._lock:
                if time.monotonic() - self._read_at > FRESH_SECONDS:
                    self.numbers = self._read()
                    self._read_at = time.monotonic()
            return [Observation(one.value, one.labels) for one in self.numbers if one.metric == name]

        return observations

    def _read(self) -> list[Number]:
        found, settings = [], self.session.settings
        begun = time.monotonic()
        try:
            with self.session.connect() as connection:
                now = datetime.now(UTC)
                steps = list(registry.steps())
                found = gauges.read(connection, steps, settings.slos.model_dump(), since=self.since, now=now)
            found.append(Number("probe.time", time.monotonic() - begun, {"target": "catalog"}))
        except (SQLAlchemyError, SystemExit):
            self.errors["catalog"] += 1
        found.append(Number("up", float(bool(found)), {}))
        begun = time.monotonic()
        try:
            self.session.library_store.list_page(settings.library_bucket, "renditions/", keys=1)
            found.append(Number("probe.time", time.monotonic() - begun, {"target": "store"}))
        except (StorageError, SystemExit):
            self.errors["store"] += 1
        found += [Number("probe.errors", n, {"target": target}) for target, n in self.errors.items()]
        return found


def metrics(
    once: Annotated[bool, typer.Option("--once", help="Print all numbers in Prometheus' format, and end.")] = False,
) -> None:
    """Offer what the catalog counts to Prometheus, or send it by OTLP; the standard OTEL_* variables say where."""
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from prometheus_client import REGISTRY, generate_latest, start_http_server

    session = Session.of_environment()
    kind = "prometheus" if once else os.environ.get("OTEL_METRICS_EXPORTER", "prometheus")
    reader: Any
    if kind == "prometheus":
        reader = PrometheusMetricReader()
    elif kind == "otlp":
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    else:
        fail(f"OTEL_METRICS_EXPORTER is {kind!r}; there are: prometheus, otlp", 2)
    exporter = Exporter(session, reader)
    if once:
        typer.echo(generate_latest(REGISTRY).decode(), nl=False)
        return
    if kind == "prometheus":
        host = os.environ.get("OTEL_EXPORTER_PROMETHEUS_HOST", "127.0.0.1")
        port = int(os.environ.get("OTEL_EXPORTER_PROMETHEUS_PORT", "9464"))
        start_http_server(port, host)
        typer.echo(f"http://{host}:{port}/metrics")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    exporter.provider.shutdown()
