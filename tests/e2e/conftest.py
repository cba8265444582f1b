"""A whole stack of its own: PostgreSQL, SeaweedFS and the four Airflow processes."""

import re

import pytest

from albumen.cli.session import Session
from albumen.local.home import Home
from albumen.local.stack import Stack
from albumen.testing.scene import Scene


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    stack = Stack(Home(tmp_path_factory.mktemp("e2e") / "home"))
    try:
        stack.up()
        yield stack
    finally:
        stack.delete()


@pytest.fixture
def scene(stack, request):
    return Scene(Session(stack.home), re.sub("[^a-z]+", "-", request.node.name.removeprefix("test_"))[:40])
