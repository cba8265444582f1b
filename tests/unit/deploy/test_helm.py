"""The values and pod templates: what Airflow, Kubernetes' own models and our DAGs can say of them without a cluster."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from albumen.local.airflow import pools

HELM = Path(__file__).resolve().parents[3] / "deploy" / "helm"
TEMPLATES = sorted((HELM / "pod-templates").glob("*.yaml"))
VALUES = yaml.safe_load((HELM / "values.yaml").read_text(encoding="utf-8"))
CELERY = yaml.safe_load((HELM / "celery.yaml").read_text(encoding="utf-8"))

ASK_AIRFLOW = """
import json, sys
from airflow.configuration import conf
print("ANSWER", json.dumps({s: list(d["options"]) for s, d in conf.configuration_description.items()}))
"""


def pod(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A template as it stands, and as Airflow's own reader and Kubernetes' models understand it."""
    from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
    from kubernetes.client import ApiClient

    read = PodGenerator.deserialize_model_file(str(path))
    return yaml.safe_load(path.read_text(encoding="utf-8")), ApiClient().sanitize_for_serialization(read)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
class TestPodTemplate:
    def test_has_no_field_that_kubernetes_does_not_know(self, path: Path) -> None:
        written, understood = pod(path)
        assert understood == written

    def test_runs_unprivileged_within_limits_and_takes_secrets_by_reference(self, path: Path) -> None:
        _, understood = pod(path)
        spec = understood["spec"]
        (container,) = spec["containers"]
        assert container["name"] == "base", "the executor fills this one"
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["automountServiceAccountToken"] is False, "the account may make pods"
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(container["resources"]["limits"])
        secret = [one for one in container["env"] if "CONN" in one["name"] or "KEY" in one["name"]]
        assert len(secret) == 3
        assert all("valueFrom" in one and "value" not in one for one in secret)
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}
        assert container["image"] == "{repository}:{tag}".format(**VALUES["images"]["airflow"])


def test_every_pool_has_a_template_and_what_has_none_gets_that_of_the_default_pool() -> None:
    assert {path.stem for path in TEMPLATES} == {*pools(processors=2), "default_pool"}
    (mounted,) = [one["mountPath"] for one in VALUES["volumeMounts"] if one["name"] == "pod-templates"]
    assert VALUES["config"]["kubernetes_executor"]["pod_template_file"] == f"{mounted}/default_pool.yaml"


def test_the_executor_leaves_a_template_its_image() -> None:
    from airflow.providers.cncf.kubernetes.kube_config import KubeConfig
    from airflow.sdk.configuration import conf

    said = {
        f"AIRFLOW__KUBERNETES_EXECUTOR__{option.upper()}": value
        for option, value in VALUES["config"]["kubernetes_executor"].items()
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in said.items():
            patch.setenv(name, value)
        assert conf.get("kubernetes_executor", "worker_container_tag") == ""
        assert KubeConfig().kube_image is None


def test_what_plans_a_pass_knows_how_many_slots_its_pool_has() -> None:
    compose = json.loads((HELM.parent / "compose" / "pools.json").read_text(encoding="utf-8"))
    variable = {"name": "ALBUMEN_PIPELINE__SLOTS", "value": str(compose["decode"]["slots"])}
    assert variable in VALUES["env"], "Celery's workers have it from here"
    telling = {path.stem for path in TEMPLATES if variable in pod(path)[1]["spec"]["containers"][0]["env"]}
    assert telling == {"default_pool", "object_store"}, "where `plan` and `discover` run"


def test_only_models_ask_for_a_gpu() -> None:
    asking = {
        p.stem for p in TEMPLATES if "nvidia.com/gpu" in pod(p)[1]["spec"]["containers"][0]["resources"]["limits"]
    }
    assert asking == {"inference"}


def test_every_option_is_one_of_the_pinned_airflow(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path)}
    asked = subprocess.run(
        [sys.executable, "-c", ASK_AIRFLOW], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
    known = json.loads(next(line for line in asked.stdout.splitlines() if line.startswith("ANSWER "))[7:])
    for values in (VALUES, CELERY):
        for section, options in values["config"].items():
            if section != "celery_broker_transport_options":
                assert set(options) <= set(known[section]), section
            assert all(isinstance(value, str) for value in options.values()), section


def test_what_airflow_cfg_says_stands_in_the_values_again() -> None:
    ours = configparser.ConfigParser(interpolation=None)
    ours.read(HELM.parents[1] / "airflow.cfg", encoding="utf-8")
    said = {(section, option): value for section in ours.sections() for option, value in ours.items(section)}
    del said["core", "executor"]
    values = {
        (section, option): value for section, options in VALUES["config"].items() for option, value in options.items()
    }
    assert {where: values.get(where) for where in said} == said


def test_the_pods_of_tasks_run_under_an_account_that_is_made() -> None:
    accounts = {pod(path)[1]["spec"]["serviceAccountName"] for path in TEMPLATES}
    assert accounts == {VALUES["workers"]["kubernetes"]["serviceAccount"]["name"]}


def test_the_templates_are_mounted_where_the_policy_looks_and_not_where_the_chart_mounts_its_own() -> None:
    (looked_in,) = [one["value"] for one in VALUES["env"] if one["name"] == "ALBUMEN_POD_TEMPLATES"]
    (mounted,) = [one["mountPath"] for one in VALUES["volumeMounts"] if one["name"] == "pod-templates"]
    assert looked_in == mounted
    assert not mounted.startswith("/opt/airflow/pod_templates")


def test_checks_of_health_run_programs_of_our_image() -> None:
    from airflow.cli.cli_parser import get_parser

    commands = [VALUES[name]["livenessProbe"]["command"] for name in ("scheduler", "triggerer", "dagProcessor")]
    for command in (*commands, VALUES["scheduler"]["startupProbe"]["command"]):
        assert command[0] == "airflow"
        get_parser().parse_args(command[1:])


def test_the_job_that_cleans_has_no_field_that_kubernetes_does_not_know_and_runs_a_verb() -> None:
    written = yaml.safe_load((HELM / "housekeeping.yaml").read_text(encoding="utf-8"))
    from kubernetes.client import ApiClient

    class Answer:
        data = json.dumps(written)

    understood = ApiClient().sanitize_for_serialization(ApiClient().deserialize(Answer(), "V1CronJob"))
    assert understood == written
    (container,) = written["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "{repository}:{tag}".format(**VALUES["images"]["airflow"])
    asked = [sys.executable, *container["args"][1:], "--help"]
    assert subprocess.run(asked, capture_output=True, timeout=120, check=False).returncode == 0


def test_the_sets_of_workers_serve_every_queue_once() -> None:
    served = [queue for one in CELERY["workers"]["celery"]["sets"] for queue in one["queue"].split(",")]
    assert sorted(served) == sorted([*pools(processors=2), "default"])
    assert CELERY["workers"]["celery"]["enableDefault"] is False
    assert all(one["keda"]["enabled"] for one in CELERY["workers"]["celery"]["sets"])


def test_local_settings_give_a_task_the_template_of_its_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import BaseOperator

    settings: dict[str, Any] = {}
    exec(VALUES["airflowLocalSettings"], settings)
    policy = settings["task_policy"]
    plain = BaseOperator(task_id="a", pool="decode")
    policy(plain)
    assert not plain.executor_config, "elsewhere than on Kubernetes nothing changes"

    monkeypatch.setenv("ALBUMEN_POD_TEMPLATES", str(HELM / "pod-templates"))
    mapped = BaseOperator.partial(task_id="b", pool="inference").expand(doc=["x", "y"])
    own = BaseOperator(task_id="c", pool="decode", executor_config={"pod_template_file": "/mine.yaml"})
    unknown = BaseOperator(task_id="d", pool="a pool of another team")
    for task in (plain, mapped, own, unknown):
        policy(task)
    assert plain.executor_config == {"pod_template_file": str(HELM / "pod-templates/decode.yaml")}
    assert mapped.executor_config == {"pod_template_file": str(HELM / "pod-templates/inference.yaml")}
    assert own.executor_config == {"pod_template_file": "/mine.yaml"}
    assert not unknown.executor_config
