"""Stores for programs outside Airflow: a connection as its environment variable gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from albumen.storage.object_store import StorageError, StoreOptions

DEFAULT_REGION = "us-east-1"


def from_environment(conn_id: str, environment: Mapping[str, str], *, check_etags: bool = True) -> StoreOptions | None:
    """The store of an Airflow connection of type `aws` that is written as JSON.

    Parameters
    ----------
    conn_id : str
        As in the settings: `albumen_s3` is read from `AIRFLOW_CONN_ALBUMEN_S3`.

    Returns
    -------
    StoreOptions or None
        Without login and password AWS's own chain of credentials is asked; None if the variable is not set.

    Raises
    ------
    StorageError
        If it is set and no such JSON.
    """
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    said = environment.get(variable)
    if not said:
        return None
    try:
        connection = json.loads(said)
        extra = connection.get("extra") or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
        return StoreOptions(
            endpoint=extra.get("endpoint_url") or "",
            access_key=connection.get("login") or "",
            secret_key=connection.get("password") or "",
            session_token=extra.get("aws_session_token") or "",
            region=extra.get("region_name") or DEFAULT_REGION,
            check_etags=check_etags,
        )
    except (ValueError, AttributeError, TypeError) as error:
        raise StorageError(f"{variable} is no connection of type aws as JSON") from error
