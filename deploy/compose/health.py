"""Health of one Airflow process, without importing Airflow, which would cost seconds of CPU at every look.

`health.py api-server|gateway|scheduler|dag-processor|triggerer|worker` exits with 0 when it is well.
"""

from __future__ import annotations

import json
import socket
import sys
import urllib.request
from pathlib import Path
from typing import Any

TIMEOUT_S = 8
BROKER_URL_FILE = Path("/run/secrets/celery_broker_url")


def monitor(host: str) -> dict[str, Any]:
    """What the API server at `host` says of every component."""
    with urllib.request.urlopen(f"http://{host}:8080/api/v2/monitor/health", timeout=TIMEOUT_S) as answer:
        health: dict[str, Any] = json.load(answer)
    return health


def worker_answers(broker_url: str, name: str) -> bool:
    """Whether the Celery worker called `name` answers a ping over the broker."""
    from celery import Celery

    return bool(Celery(broker=broker_url).control.ping(destination=[name], timeout=TIMEOUT_S))


def is_healthy(component: str) -> bool:
    """Whether `component` is well; those without a port of their own are asked for at the gateway."""
    match component:
        case "api-server" | "gateway":
            return bool(monitor("127.0.0.1")["metadatabase"]["status"] == "healthy")
        case "scheduler":
            with urllib.request.urlopen("http://127.0.0.1:8974/health", timeout=TIMEOUT_S) as answer:
                return bool(answer.status == 200)
        case "dag-processor" | "triggerer":
            return bool(monitor("gateway")[component.replace("-", "_")]["status"] == "healthy")
        case "worker":
            return worker_answers(BROKER_URL_FILE.read_text().strip(), f"celery@{socket.gethostname()}")
        case _:
            raise SystemExit(f"no such component: {component}")


if __name__ == "__main__":
    try:
        healthy = is_healthy(sys.argv[1])
    except OSError as error:
        sys.exit(str(error))
    sys.exit(0 if healthy else f"{sys.argv[1]} is not healthy")
