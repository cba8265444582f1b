"""Who may see and do what: Airflow's own permissions, and proof that an action comes from our own page.

Reading needs GET on `READS_DAG`, acting POST on runs of the DAG that does such work. Airflow has no
permission per library: whoever may read, reads all libraries.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from airflow.configuration import conf
from fastapi import Depends, HTTPException, Request, status

READS_DAG = "transcode_originals"
HEADER = "X-Albumen-Action"
"""A header that no form and no link of another site can send."""

READS = Depends(requires_access_dag("GET", param_dag_id=READS_DAG))
"""On the application: every route needs it."""


def from_own_page(request: Request) -> None:
    """Refuse what another site, or another port of this machine, made a browser send.

    Airflow's cookie is SameSite=Lax, for which all ports of a host are one site, and Airflow checks no origin.
    """
    origin = urlsplit(request.headers.get("origin", ""))
    ours = {request.headers.get("host", ""), urlsplit(conf.get("api", "base_url", fallback="")).netloc} - {""}
    if origin.scheme not in {"http", "https"} or origin.netloc not in ours:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "this request comes from another page than ours")
    if request.headers.get(HEADER) != "1":
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"an action needs the header {HEADER}: 1")


def acts(dag_id: str) -> list[Any]:
    """Dependencies of a route that changes something: permission to run that DAG, from our own page."""
    run = requires_access_dag("POST", DagAccessEntity.RUN, param_dag_id=dag_id)
    return [Depends(run), Depends(from_own_page)]


def may_act(user: Any, dag_id: str) -> bool:
    """Whether a page shows its actions to a user; the routes check for themselves."""
    return get_auth_manager().is_authorized_dag(
        method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=dag_id), user=user
    )


def _name(user: GetUserDep) -> str:
    return user.get_name()


Actor = Annotated[str, Depends(_name)]
"""The name of who asks, for the audit."""
User = GetUserDep
