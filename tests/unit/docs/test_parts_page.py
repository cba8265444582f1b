"""The pages of parts: every part is there, with every argument and what it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from albumen.cli import docs_parts
from albumen.cli.docs_parts import Part
from albumen.local.home import REPOSITORY

EVERY = [part for room in docs_parts.ROOMS for part in docs_parts.parts(REPOSITORY, room)]


@pytest.fixture(params=EVERY, ids=lambda part: part.name)
def part(request: pytest.FixtureRequest) -> Part:
    found: Part = request.param
    return found


def test_every_part_has_its_chapter_and_says_what_it_is(part: Part) -> None:
    assert f"\n### {part.name}\n" in docs_parts.page(REPOSITORY)
    assert len(part.about) > 20


def test_every_argument_of_a_sensor_is_explained() -> None:
    for part in docs_parts.parts(REPOSITORY, "sensors"):
        assert not [one.name for one in part.arguments if not part.meanings.get(one.name)], part.name


def test_nothing_is_explained_that_is_no_argument() -> None:
    for part in docs_parts.parts(REPOSITORY, "sensors"):
        assert set(part.meanings) <= {one.name for one in part.arguments}, part.name


def test_the_guide_names_every_sensor_and_hook() -> None:
    guide = (REPOSITORY / "docs" / "parts.md").read_text(encoding="utf-8")
    for room in ("sensors", "hooks"):
        for part in docs_parts.parts(REPOSITORY, room):
            assert part.name in guide or part.name in {"LookingSensor", "QueueHook"}


def test_a_class_is_read_with_its_defaults_and_templates(tmp_path: Path) -> None:
    folder = tmp_path / "include" / "albumen" / "airflow" / "sensors"
    folder.mkdir(parents=True)
    (folder / "tide.py").write_text(
        '''
class _Inner(Base):
    """Not shown."""

class TideSensor(Base, Other):
    """Waits for the tide.

    Every time.

    Parameters
    ----------
    harbour, pier : str
        Where to look.
        Templated.
    metres :
        How high | it is.

    Raises
    ------
    ValueError
        Never.
    """

    template_fields = ("harbour",)

    def __init__(self, harbour, *, pier="", metres=1.5, catalog_conn_id="", **kwargs):
        pass
''',
        encoding="utf-8",
    )
    (part,) = docs_parts.parts(tmp_path, "sensors")
    assert (part.name, part.module, part.base) == ("TideSensor", "albumen.airflow.sensors.tide", "Base, Other")
    page = docs_parts.page(tmp_path)
    assert "Waits for the tide. Every time." in page
    assert "| `harbour` *templated*, `pier` | needed, `''` | Where to look. |" in page
    assert "| `metres` | `1.5` | How high \\| it is. |" in page
    assert "| `catalog_conn_id` | `''` | Airflow connection of the catalog;" in page
    assert "Never" not in page
