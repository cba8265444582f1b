import json
import os
import signal
import socket
from contextlib import ExitStack

import httpx
import obstore
import psutil
import psycopg
import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

from albumen.local import processes
from albumen.local.home import GRPC_OFFSET, Home
from albumen.local.postgres import catalog_url
from albumen.local.seaweed import SOCKET_FOLDER, storage_options
from albumen.local.stack import Stack

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    started = Stack(Home(tmp_path_factory.mktemp("stack") / "home"))
    started.servers_up()
    yield started
    s3_grpc = started.home.ports["s3"] + GRPC_OFFSET
    started.delete()
    assert not started.home.root.exists()
    assert not list(SOCKET_FOLDER.glob(f"seaweedfs-*-{s3_grpc}.sock"))


def bucket(home, name="photos", **changes):
    options = storage_options(home) | changes
    return S3Store(
        name,
        endpoint=options["endpoint_url"],
        region=options["region_name"],
        access_key_id=options["aws_access_key_id"],
        secret_access_key=options["aws_secret_access_key"],
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


def catalog(home):
    return psycopg.connect(catalog_url(home).replace("+psycopg", ""), autocommit=True)


def recorded(home):
    return [processes.read_record(home.run, path.stem) for path in home.run.glob("*.pid")]


def test_the_servers_are_healthy_and_airflow_is_named_as_not(stack):
    health = stack.health()
    assert health["postgres"] is None
    assert health["seaweed"] is None
    assert "does not answer" in health["airflow"]


def test_every_listener_is_on_loopback(stack):
    listening = {
        connection.laddr.ip
        for record in recorded(stack.home)
        for connection in psutil.Process(record.pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_postgresql_never_runs_as_root(stack):
    record = processes.read_record(stack.home.run, "postgres")
    assert psutil.Process(record.pid).uids().real != 0


def test_starting_again_changes_nothing(stack):
    before = recorded(stack.home)
    stack.servers_up()
    assert recorded(stack.home) == before


def test_the_catalogs_role_makes_databases_with_vectors(stack):
    with catalog(stack.home) as connection:
        connection.execute("CREATE DATABASE throwaway")
        url = catalog_url(stack.home).replace("+psycopg", "")
        with psycopg.connect(url, dbname="throwaway") as throwaway:
            assert throwaway.execute("SELECT '[1,2]'::vector <-> '[1,3]'::vector").fetchone() == (1.0,)
        connection.execute("DROP DATABASE throwaway")


def test_a_wrong_password_opens_no_database(stack):
    url = catalog_url(stack.home).replace("+psycopg", "").replace(stack.home.secrets["catalog_password"], "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_a_wrong_key_opens_no_bucket(stack):
    with pytest.raises(BaseError):
        obstore.put(bucket(stack.home, aws_secret_access_key="guess"), "a", b"x")
    assert httpx.get(f"{storage_options(stack.home)['endpoint_url']}/photos", trust_env=False).status_code == 403


def test_data_survives_a_restart_on_other_ports(stack):
    obstore.put(bucket(stack.home), "2010/img_1.jpg", b"bytes" * 1000)
    with catalog(stack.home) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS number")
    stack.down()
    assert not recorded(stack.home)
    before = dict(stack.home.ports)
    with ExitStack() as taken:
        for name in ("postgres", "s3", "master", "volume", "filer"):
            listener = taken.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", before[name]))
            listener.listen()
        stack.servers_up()
    after = stack.home.ports
    assert after["s3"] != before["s3"]
    assert after["airflow"] == before["airflow"]
    assert bytes(obstore.get(bucket(stack.home), "2010/img_1.jpg").bytes()) == b"bytes" * 1000
    with catalog(stack.home) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
        connection.execute("DROP TABLE kept")


def test_a_killed_server_is_started_again(stack):
    record = processes.read_record(stack.home.run, "postgres")
    os.kill(record.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not stack.postgres.running, 5)
    stack.servers_up()
    assert stack.health()["postgres"] is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs under another account")
def test_data_leaves_a_home_that_the_servers_account_cannot_reach(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    hidden = Stack(Home(closed / "home"))
    try:
        hidden.servers_up()
        placement = hidden.postgres.placement
        assert placement.outside_home
        assert json.loads((hidden.home.root / "postgres.json").read_text())["folder"] == str(placement.data.parent)
        assert hidden.health()["postgres"] is None
    finally:
        hidden.delete()
    assert not placement.data.exists()


@pytest.mark.slow
def test_the_whole_stack_comes_up_and_goes_without_a_trace(tmp_path):
    whole = Stack(Home(tmp_path / "home"))
    try:
        whole.up()
        assert set(whole.health().values()) == {None}
        with whole.airflow.api as api:
            assert {"decode", "video_encode", "inference", "object_store"} <= set(api.pools())
        assert httpx.get(f"{whole.home.airflow_url}/api/v2/dags", trust_env=False).status_code == 401
        scheduler = processes.read_record(whole.home.run, "scheduler")
        os.kill(scheduler.pid, signal.SIGKILL)
        family = set().union(*map(processes.members, recorded(whole.home)))
        assert len(family) > 6
    finally:
        whole.delete()
    assert not [member for member in family if processes.process_state(member.pid)]
