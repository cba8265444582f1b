"""A store given as an Airflow connection in the environment."""

from __future__ import annotations

import json

import pytest

from albumen.storage.connections import from_environment
from albumen.storage.object_store import StorageError, StoreOptions

GIVEN = {
    "conn_type": "aws",
    "login": "key",
    "password": "secret",
    "extra": {"endpoint_url": "http://127.0.0.1:9", "region_name": "eu-south-2", "aws_session_token": "token"},
}


def test_a_connection_is_read_as_tasks_read_it() -> None:
    found = from_environment("nas", {"AIRFLOW_CONN_NAS": json.dumps(GIVEN)}, check_etags=False)
    assert found == StoreOptions("http://127.0.0.1:9", "key", "secret", "token", "eu-south-2", check_etags=False)


def test_what_is_left_out_is_left_to_aws() -> None:
    assert from_environment("nas", {"AIRFLOW_CONN_NAS": '{"conn_type": "aws"}'}) == StoreOptions()


def test_extra_may_be_text() -> None:
    given = {**GIVEN, "extra": json.dumps(GIVEN["extra"])}
    found = from_environment("nas", {"AIRFLOW_CONN_NAS": json.dumps(given)})
    assert found is not None
    assert found.region == "eu-south-2"


@pytest.mark.parametrize("environment", [{}, {"AIRFLOW_CONN_OTHER": "{}"}, {"AIRFLOW_CONN_NAS": ""}])
def test_what_is_not_set_is_none(environment: dict[str, str]) -> None:
    assert from_environment("nas", environment) is None


@pytest.mark.parametrize("said", ["aws://key:secret@/", "[]", '"x"', '{"extra": 3}', '{"extra": "{"}'])
def test_what_is_no_connection_as_json_is_refused_by_its_variable(said: str) -> None:
    with pytest.raises(StorageError, match="AIRFLOW_CONN_NAS"):
        from_environment("nas", {"AIRFLOW_CONN_NAS": said})
