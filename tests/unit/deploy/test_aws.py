"""The policies for AWS, held against IAM's grammar and botocore's services; settings are in test_executors.py."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest

AWS = Path(__file__).resolve().parents[3] / "deploy" / "aws"
POLICIES = sorted((AWS / "policies").glob("*.json"))
OF_RESOURCES = {"uploads-queue", "inventory-bucket", "endpoint-s3"}
"""Policies that belong to a resource and say who may; the others belong to a role."""
WITHOUT_RESOURCE = {"batch:DescribeJobs", "ecr:GetAuthorizationToken"}
"""Actions for which AWS knows no resource but `*`."""
ANOTHER_NAME = {
    "s3:ListBucket": "ListObjectsV2",
    "s3:ListBucketVersions": "ListObjectVersions",
    "s3:DeleteObjectVersion": "DeleteObject",
}
"""Permissions that are not called like the operation they allow."""
ROLES = {"iam:PassRole"}
ARN = re.compile(r"arn:aws:[a-z0-9-]+:(REGION)?:(ACCOUNT)?:[A-Za-z0-9_/:.*-]+")
PLACEHOLDERS = {
    "SOURCE_BUCKET",
    "LIBRARY_BUCKET",
    "INVENTORY_BUCKET",
    "UPLOADS_QUEUE",
    "ALERTS_TOPIC",
    "REGION",
    "ACCOUNT",
}


def many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def statements(path: Path) -> list[dict[str, Any]]:
    policy = json.loads(path.read_text(encoding="utf-8"))
    assert set(policy) == {"Version", "Statement"}
    assert policy["Version"] == "2012-10-17"
    return list(policy["Statement"])


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
class TestPolicy:
    def test_is_of_the_form_that_iam_takes(self, path: Path) -> None:
        found = statements(path)
        sids = [one["Sid"] for one in found]
        assert len(set(sids)) == len(sids)
        for one in found:
            assert re.fullmatch(r"[A-Za-z0-9]+", one["Sid"])
            assert one["Effect"] == "Allow"
            assert set(one) <= {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}
            assert ("Principal" in one) == (path.stem in OF_RESOURCES)
        assert len(json.dumps(json.loads(path.read_text()), separators=(",", ":"))) <= 6144, "IAM's limit of a policy"

    def test_names_actions_one_by_one_that_the_services_have(self, path: Path) -> None:
        session = botocore.session.get_session()
        for action in [action for one in statements(path) for action in many(one["Action"])]:
            service, _, name = action.partition(":")
            assert "*" not in action
            if action not in ROLES:
                operations = session.get_service_model(service).operation_names
                assert ANOTHER_NAME.get(action, name) in operations or name == "AbortMultipartUpload", action

    def test_names_resources_wherever_it_can(self, path: Path) -> None:
        for one in statements(path):
            resources = many(one["Resource"])
            if resources == ["*"]:
                assert set(many(one["Action"])) <= WITHOUT_RESOURCE
            else:
                assert all(ARN.fullmatch(resource) for resource in resources), resources
            if one.get("Principal") == "*":
                assert one.get("Condition") or all("starport-layer" in resource for resource in resources)
            if "iam:PassRole" in many(one["Action"]):
                assert "iam:PassedToService" in json.dumps(one["Condition"])


def test_nothing_writes_to_the_source_bucket_but_erasing() -> None:
    for path in POLICIES:
        if path.stem in {"erase", "endpoint-s3"}:
            continue
        for one in statements(path):
            if any("SOURCE_BUCKET" in resource for resource in many(one["Resource"])):
                assert all(re.match(r"s3:(Get|List)", action) for action in many(one["Action"])), one["Sid"]


def test_every_placeholder_is_explained() -> None:
    page = AWS.with_suffix(".md").read_text(encoding="utf-8")
    used = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b|\bREGION\b|\bACCOUNT\b", "".join(p.read_text() for p in POLICIES)))
    assert used == PLACEHOLDERS
    assert all(f"`{name}`" in page for name in PLACEHOLDERS)
    assert all(f"aws/policies/{path.name}" in page for path in POLICIES)
