"""`albumen try`: what a step finds in files from the disk, shown and drawn, without any stack."""

from __future__ import annotations

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from albumen.cli import app
from albumen.testing.photos import a_photo

XMP_REGION = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"><mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList>
<rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="Ada" mwg-rs:Type="Face"><mwg-rs:Area stArea:x="0.5" stArea:y="0.5"
 stArea:w="0.4" stArea:h="0.6" stArea:unit="normalized"/></rdf:Description></rdf:li></rdf:Bag>
</mwg-rs:RegionList></mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(a_photo("tried"))
    return path


def tried(*arguments: str | Path, code: int = 0) -> list[dict[str, Any]]:
    outcome = CliRunner().invoke(app, ["try", *map(str, arguments), "--json"])
    assert outcome.exit_code == code, outcome.output
    found: list[dict[str, Any]] = json.loads(outcome.stdout)
    return found


@pytest.mark.parametrize("where", [[], ["--here"]])
def test_a_step_of_the_preview_pass_is_given_the_preview(photo: Path, where: list[str]) -> None:
    (found,) = tried("quality", photo, *where)
    assert found["state"] == "done"
    (row,) = found["rows"]["quality"]
    assert 0 <= row["score"] <= 1
    assert found["written"] == [f"{photo}.try.png"]
    with Image.open(f"{photo}.try.png") as drawn:
        assert drawn.width == 640
        assert drawn.height > 480


def test_a_step_of_the_original_pass_is_given_the_file(photo: Path) -> None:
    (found,) = tried("metadata", photo, "--zone", "Europe/Madrid")
    (facts,) = found["rows"]["facts"]
    assert facts["taken_local"] == "2023-06-12T10:00:00"
    assert facts["taken_zone"] == "Europe/Madrid"


def test_renditions_are_written_beside_the_photo_or_where_one_says(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (found,) = tried("large", photo, "--out", out)
    assert [made["name"] for made in found["objects"]] == ["large"]
    assert found["written"] == [str(out / "photo.jpg.large.jpg")]
    with Image.open(out / "photo.jpg.large.jpg") as made:
        assert made.size == (640, 480)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "photo.jpg"]


def test_a_marked_face_is_drawn_where_it_was_marked(photo: Path) -> None:
    picture = Image.new("RGB", (640, 480), "white")
    stream = BytesIO()
    picture.save(stream, "JPEG", xmp=XMP_REGION.encode())
    photo.write_bytes(stream.getvalue())
    (found,) = tried("metadata", photo)
    (region,) = found["rows"]["facts"][0]["extra"]["face_regions"]
    assert region["name"] == "Ada"
    with Image.open(f"{photo}.try.png") as drawn:
        assert {drawn.getpixel((192, y)) for y in (150, 240, 380)} == {(255, 82, 82)}, "the left side of the frame"
        assert drawn.getpixel((320, 240)) == (255, 255, 255)


def test_a_file_that_fails_costs_itself_and_the_exit_code(photo: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(photo.read_bytes()[:3000])
    text = tmp_path / "notes.txt"
    text.write_text("not a photo")
    found = tried("quality", cut, text, photo, code=1)
    assert [(each["state"], each.get("reason")) for each in found] == [
        ("quarantined", "unreadable"),
        ("skipped", "not_media"),
        ("done", None),
    ]
    assert found[0]["written"] == []


def test_people_are_shown_a_table(photo: Path) -> None:
    outcome = CliRunner().invoke(app, ["try", "quality", str(photo), "--no-draw"])
    assert outcome.exit_code == 0
    assert "score" in outcome.output
    assert not Path(f"{photo}.try.png").exists()


def test_an_unknown_step_is_refused_with_those_there_are(photo: Path) -> None:
    outcome = CliRunner().invoke(app, ["try", "qality", str(photo)])
    assert outcome.exit_code == 2
    assert "there is no step 'qality'" in outcome.output
    assert "likeness" in outcome.output


def test_an_unknown_zone_is_refused(photo: Path) -> None:
    outcome = CliRunner().invoke(app, ["try", "metadata", str(photo), "--zone", "Madrid"])
    assert outcome.exit_code == 2
    assert "there is no time zone 'Madrid'" in outcome.output


def test_it_loads_neither_airflow_nor_what_talks_to_servers(photo: Path) -> None:
    code = (
        "import sys\nfrom albumen.cli import app\n"
        f"try: app(['try', 'quality', {str(photo)!r}])\nexcept SystemExit: pass\n"
        "print([name for name in ('airflow', 'sqlalchemy', 'boto3', 'httpx', 'cv2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
