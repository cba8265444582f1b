import json
import os
import socket
import stat

import pytest

from albumen.local.home import GRPC_OFFSET, Home, choose_ports, port_is_free


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_ports(count):
    return [port for port in range(20_000, 22_700) if port_is_free(port)][:count]


def test_a_listening_port_is_not_free(taken_port):
    assert not port_is_free(taken_port)
    assert not port_is_free(taken_port - GRPC_OFFSET)


def test_ports_that_are_free_are_kept():
    first, second = free_ports(2)
    assert choose_ports(["a", "b"], {"a": second}, [first]) == {"a": second, "b": first}


def test_a_port_that_was_taken_is_chosen_again(taken_port):
    (first,) = free_ports(1)
    assert choose_ports(["a"], {"a": taken_port}, [taken_port, first]) == {"a": first}


def test_no_two_names_share_a_port():
    first, second = free_ports(2)
    assert choose_ports(["a", "b"], {}, [first, first, second]) == {"a": first, "b": second}


def test_too_few_candidates_are_an_error(taken_port):
    with pytest.raises(OSError, match="no free loopback port for a"):
        choose_ports(["a"], {}, [taken_port])


def test_a_prepared_home_is_closed_to_others(tmp_path):
    home = Home(tmp_path / "home")
    home.prepare()
    assert stat.S_IMODE(home.root.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)
    assert stat.S_IMODE((home.root / "secrets.json").stat().st_mode) == 0o600
    for folder in (home.logs, home.run, home.airflow, home.seaweed):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_secrets_are_kept_and_differ_between_homes(tmp_path):
    homes = [Home(tmp_path / name) for name in ("one", "two")]
    for home in homes:
        home.prepare()
    before = dict(homes[0].secrets)
    homes[0].prepare()
    assert dict(Home(homes[0].root).secrets) == before
    assert not set(before.values()) & set(homes[1].secrets.values())


def test_settled_ports_are_all_different_and_stay(tmp_path):
    home = Home(tmp_path / "home")
    home.prepare()
    home.settle_ports()
    ports = dict(home.ports)
    home.settle_ports()
    assert dict(home.ports) == ports
    assert len(set(ports.values())) == len(ports)


def test_a_home_that_was_never_started_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run `\./albumen up`"):
        _ = Home(tmp_path).ports


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "ports.json").write_text(json.dumps([1]))
    with pytest.raises(ValueError, match=r"ports\.json is damaged"):
        _ = Home(tmp_path).ports


def test_the_home_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ALBUMEN_HOME", str(tmp_path))
    assert Home.from_environment().root == tmp_path
    monkeypatch.delenv("ALBUMEN_HOME")
    assert Home.from_environment().root.name == ".albumen"
