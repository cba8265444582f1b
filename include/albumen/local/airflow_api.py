"""A client of Airflow's REST API: what the stack and the commands need of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

ENDED = frozenset({"success", "failed"})


class AirflowApiError(Exception):
    """The API refused a request; the message holds its answer."""


def unhealthy(components: Mapping[str, Mapping[str, Any] | None], since: Mapping[str, datetime]) -> list[str]:
    """Names of the components that an answer of the health endpoint does not call healthy, or not yet."""
    sick = []
    for name in ("metadatabase", "scheduler", "triggerer", "dag_processor"):
        component = components.get(name) or {}
        heartbeat = component.get(f"latest_{name}_heartbeat")
        fresh = name not in since or (heartbeat is not None and datetime.fromisoformat(heartbeat) >= since[name])
        if component.get("status") != "healthy" or not fresh:
            sick.append(name)
    return sick


class AirflowApi:
    """A session with one Airflow, logged in when first needed.

    Parameters
    ----------
    url : str
        Address of the API server.
    user, password : str
        Who logs in.
    timeout_seconds : float
        How long one answer may take.
    """

    def __init__(self, url: str, user: str, password: str, timeout_seconds: float = 30.0) -> None:
        self.user = user
        self._password = password
        self._token: str | None = None
        # A proxy of the environment must not see requests to loopback.
        self._client = httpx.Client(base_url=url, timeout=timeout_seconds, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def token(self) -> str:
        """A bearer token of the user."""
        if self._token is None:
            answer = self._client.post("/auth/token", json={"username": self.user, "password": self._password})
            if answer.status_code != httpx.codes.CREATED:
                raise AirflowApiError(f"log-in as {self.user} refused: {answer.status_code} {answer.text[:300]}")
            self._token = str(answer.json()["access_token"])
        return self._token

    def health(self, since: Mapping[str, datetime] | None = None) -> str | None:
        """What is wrong with the metadata database, scheduler, triggerer or DAG processor, or None.

        Parameters
        ----------
        since : mapping of str to datetime, optional
            Per component, when it was started: an older heartbeat is its predecessor's and does not count.
        """
        try:
            answer = self._client.get("/api/v2/monitor/health", timeout=5.0)
            answer.raise_for_status()
            components: Mapping[str, Mapping[str, Any] | None] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            return f"the API server does not answer ({error})"
        sick = unhealthy(components, since or {})
        return f"not healthy: {', '.join(sick)}" if sick else None

    def dags(self) -> dict[str, bool]:
        """The DAGs that are parsed, each with whether it is paused."""
        dags = self._request("GET", "/api/v2/dags", params={"limit": 100})["dags"]
        return {str(dag["dag_id"]): bool(dag["is_paused"]) for dag in dags}

    def import_errors(self, since: datetime | None = None) -> dict[str, str]:
        """File and trace of each DAG file that cannot be imported; `since` leaves out what was found before."""
        errors = self._request("GET", "/api/v2/importErrors")["import_errors"]
        return {
            str(error["filename"]): str(error["stack_trace"])
            for error in errors
            if since is None or datetime.fromisoformat(error["timestamp"]) >= since
        }

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run."""
        self._request("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Let a DAG start no more runs."""
        self._request("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": True})

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run now; returns its id."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        return str(self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One run as the API tells it."""
        return self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def runs(self, dag_id: str = "~", limit: int = 100, **filters: str) -> list[dict[str, Any]]:
        """The latest runs of a DAG, or of all, latest first; `filters` are the API's own, as `state="running"`."""
        params = {"limit": limit, "order_by": "-run_after", **filters}
        runs: list[dict[str, Any]] = self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns", params=params)["dag_runs"]
        return runs

    def wait(self, dag_id: str, run_id: str, seconds: float, interval: float = 0.5) -> str:
        """Wait until a run has ended.

        Returns
        -------
        str
            `success` or `failed`.

        Raises
        ------
        TimeoutError
            When it has not ended in time.
        """
        deadline = time.monotonic() + seconds
        while (state := str(self.run(dag_id, run_id)["state"])) not in ENDED:
            if time.monotonic() >= deadline:
                raise TimeoutError(f"{dag_id} {run_id} is still {state} after {seconds:.0f} s")
            time.sleep(interval)
        return state

    def clear(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear a task of a run, whatever its state, so that it runs again."""
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": [task_id], "only_failed": False}
        self._request("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", json=body)

    def task(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """One task of a run that is not mapped, as Airflow describes it."""
        return self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")

    def answer(self, dag_id: str, run_id: str, task_id: str, choice: str, **typed: Any) -> None:
        """Answer the question of a task that waits for a person; refused until it is put."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        self._request("PATCH", path, json={"chosen_options": [choice], "params_input": typed})

    def pools(self) -> dict[str, int]:
        """Pools and their slots."""
        found = self._request("GET", "/api/v2/pools", params={"limit": 100})["pools"]
        return {str(pool["name"]): int(pool["slots"]) for pool in found}

    def create_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool; a deferred task keeps its slot out of it."""
        body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
        self._request("POST", "/api/v2/pools", json=body)

    def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        for attempt in (1, 2):
            headers = {"Authorization": f"Bearer {self.token()}"}
            answer = self._client.request(method, path, headers=headers, **options)
            if answer.status_code == httpx.codes.UNAUTHORIZED and attempt == 1:
                self._token = None
                continue
            break
        if answer.is_error:
            raise AirflowApiError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content
