import json

import pytest

from albumen.local import postgres
from albumen.local.home import Home
from albumen.local.postgres import Placement, may, memory_settings, packaged_programs, unclaimed_folders


def test_the_package_holds_postgresql_18_that_runs():
    assert may(None, str(packaged_programs() / "bin" / "initdb"), "--version")


def test_a_program_that_is_not_there_may_not_run(tmp_path):
    assert not may(None, str(tmp_path / "absent"))


def test_data_of_a_home_that_is_gone_is_unclaimed(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres, "SHARED_FOLDER", tmp_path / "shared")
    home = Home(tmp_path / "home")
    home.prepare()
    claims = {"kept": home.secrets["home_id"], "replaced": "another id"}
    for name, home_id in claims.items():
        folder = tmp_path / "shared" / name
        folder.mkdir(parents=True)
        (folder / "home.json").write_text(json.dumps({"home": str(home.root), "home_id": home_id}))
    damaged = tmp_path / "shared" / "damaged"
    damaged.mkdir()
    (damaged / "home.json").write_text("no json")
    assert unclaimed_folders() == [tmp_path / "shared" / "replaced"]


def test_a_placement_knows_whether_it_left_the_home(tmp_path):
    assert not Placement(tmp_path, tmp_path / "data", None).outside_home
    assert Placement(tmp_path, postgres.SHARED_FOLDER / "x" / "data", None).outside_home


@pytest.mark.parametrize(("gigabytes", "shared"), [(0.5, "128MB"), (8, "1024MB"), (24, "3072MB"), (512, "8192MB")])
def test_memory_follows_the_machine_within_bounds(gigabytes, shared):
    assert memory_settings(int(gigabytes * 1024**3))["shared_buffers"] == shared
