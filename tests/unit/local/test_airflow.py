import configparser
import json
from urllib.parse import urlsplit

import pytest

from albumen.local.airflow import COMPONENTS, airflow_environment, parallelism, pools
from albumen.local.home import REPOSITORY, Home
from albumen.local.postgres import catalog_url


@pytest.fixture
def home(tmp_path):
    prepared = Home(tmp_path / "home")
    prepared.prepare()
    prepared.settle_ports()
    return prepared


def test_every_address_is_loopback(home):
    environment = airflow_environment(home)
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    urls = [value for value in environment.values() if "://" in value and not value.startswith("{")]
    assert urls
    assert {urlsplit(url).hostname for url in urls} == {"127.0.0.1"}


def test_the_connections_are_json_that_airflow_reads(home):
    environment = airflow_environment(home)
    catalog = json.loads(environment["AIRFLOW_CONN_ALBUMEN_CATALOG"])
    assert catalog["conn_type"] == "postgres"
    assert urlsplit(catalog_url(home)).password == catalog["password"]
    store = json.loads(environment["AIRFLOW_CONN_ALBUMEN_S3"])
    assert store["extra"]["endpoint_url"] == f"http://127.0.0.1:{home.ports['s3']}"
    assert store["login"] == home.secrets["s3_access_key"]


def test_requests_to_loopback_never_take_a_proxy(home, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "intranet")
    assert airflow_environment(home)["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_two_homes_share_no_secret(home, tmp_path):
    other = Home(tmp_path / "other")
    other.prepare()
    other.settle_ports()
    ours, theirs = airflow_environment(home), airflow_environment(other)
    for name in ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"):
        assert ours[name] != theirs[name]


def test_log_servers_are_left_out_since_they_listen_everywhere():
    assert "--skip-serve-logs" in COMPONENTS["scheduler"]
    assert "--skip-serve-logs" in COMPONENTS["triggerer"]


@pytest.mark.parametrize(("cores", "workers"), [(1, 4), (2, 4), (8, 16), (64, 32)])
def test_workers_follow_the_processors_within_bounds(cores, workers):
    assert parallelism(cores) == workers


def test_video_never_encodes_twice_at_a_time():
    assert pools(8)["video_encode"][0] == 1
    assert pools(8)["decode"][0] == 8


def test_the_shared_configuration_holds_no_secret_and_no_address():
    configuration = configparser.ConfigParser(interpolation=None)
    configuration.read(REPOSITORY / "airflow.cfg")
    values = {
        f"{section}.{key}": value
        for section in configuration.sections()
        for key, value in configuration[section].items()
    }
    assert not [key for key in values if any(word in key for word in ("secret", "fernet", "sql_alchemy_conn", "url"))]
    assert configuration["core"]["simple_auth_manager_all_admins"] == "False"
