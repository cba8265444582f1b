import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from albumen.local.airflow_api import AirflowApi, AirflowApiError, unhealthy

HEALTHY = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": "2026-01-01T12:00:00+00:00"},
    "triggerer": {"status": "healthy", "latest_triggerer_heartbeat": "2026-01-01T12:00:00+00:00"},
    "dag_processor": {"status": "healthy", "latest_dag_processor_heartbeat": "2026-01-01T12:00:00+00:00"},
}


class Server(BaseHTTPRequestHandler):
    """Answers from `server.answers` by method and path; every second token has expired."""

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or "{}")
        path = self.path.partition("?")[0]
        self.server.seen.append((self.command, path, body))
        if path == "/auth/token":
            self.server.tokens += 1
            status = 201 if body["password"] == "right" else 401
            self.send(status, {"access_token": f"token {self.server.tokens}"})
        elif self.headers.get("Authorization") == "Bearer token 1" and self.server.expired:
            self.send(401, {"detail": "expired"})
        else:
            self.send(*self.server.answers.get((self.command, path), (404, {"detail": "no such thing"})))

    do_GET = do_POST = do_PATCH = answer  # noqa: N815

    def send(self, status, content):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as http:
        http.seen, http.answers, http.tokens, http.expired = [], {}, 0, False
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield http
        http.shutdown()
        thread.join()


def client(server, password="right"):
    return AirflowApi(f"http://127.0.0.1:{server.server_port}", "admin", password, timeout_seconds=5)


def test_triggering_returns_the_run(server):
    server.answers["POST", "/api/v2/dags/d/dagRuns"] = (200, {"dag_run_id": "manual_1"})
    with client(server) as api:
        assert api.trigger("d", {"library": 1}) == "manual_1"
    assert server.seen[-1][2] == {"logical_date": None, "conf": {"library": 1}}


def test_an_expired_token_is_renewed_once(server):
    server.expired = True
    server.answers["GET", "/api/v2/pools"] = (200, {"pools": [{"name": "decode", "slots": 2}]})
    with client(server) as api:
        assert api.pools() == {"decode": 2}
    assert server.tokens == 2


def test_a_wrong_password_is_an_error(server):
    with client(server, "wrong") as api, pytest.raises(AirflowApiError, match="log-in as admin refused: 401"):
        api.pools()


def test_a_refused_request_tells_what_was_answered(server):
    with client(server) as api, pytest.raises(AirflowApiError, match=r"404.*no such thing"):
        api.unpause("d")


def test_waiting_ends_with_the_run(server):
    server.answers["GET", "/api/v2/dags/d/dagRuns/r"] = (200, {"state": "failed"})
    with client(server) as api:
        assert api.wait("d", "r", 1) == "failed"


def test_waiting_too_long_is_an_error(server):
    server.answers["GET", "/api/v2/dags/d/dagRuns/r"] = (200, {"state": "running"})
    with client(server) as api, pytest.raises(TimeoutError, match="still running"):
        api.wait("d", "r", 0.1, interval=0.05)


def test_an_absent_server_is_not_healthy():
    with AirflowApi("http://127.0.0.1:9", "admin", "x") as api:
        assert "does not answer" in api.health()


def test_all_components_healthy_is_healthy(server):
    server.answers["GET", "/api/v2/monitor/health"] = (200, HEALTHY)
    with client(server) as api:
        assert api.health() is None


def test_a_component_without_heartbeat_is_named():
    answer = {**HEALTHY, "scheduler": {"status": "unhealthy"}, "triggerer": None}
    assert unhealthy(answer, {}) == ["scheduler", "triggerer"]


def test_the_heartbeat_of_a_predecessor_does_not_count():
    assert unhealthy(HEALTHY, {"scheduler": datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC)}) == ["scheduler"]
    assert unhealthy(HEALTHY, {"scheduler": datetime(2026, 1, 1, 11, 59, 59, tzinfo=UTC)}) == []
