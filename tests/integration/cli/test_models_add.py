"""Models that somebody brings: added, set, looking at a library, and searched by once they are switched to."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from albumen.cli import app
from albumen.local.home import Home
from albumen.settings import ModelSettings, Settings
from albumen.testing import tiny_networks
from albumen.testing.library import TestLibrary
from albumen.testing.tiny_networks import COLOURS
from albumen.vision import set_up
from albumen.vision.weights import WeightsError

pytestmark = pytest.mark.stack


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The usual weights, and room for others."""
    try:
        set_up.fetch(Settings())
    except WeightsError as error:
        pytest.skip(str(error))
    folder = tmp_path / "cache"
    folder.mkdir()
    for file in Path(Settings().models.directory).expanduser().iterdir():
        if file.suffix in {".onnx", ".json", ".npy"}:
            (folder / file.name).symlink_to(file)
    monkeypatch.setenv("ALBUMEN_MODELS__DIRECTORY", str(folder))
    return folder


@pytest.fixture
def coloured(
    library: TestLibrary, sandbox: Any, servers: Home, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> TestLibrary:
    for name, colour in COLOURS.items():
        out = io.BytesIO()
        Image.new("RGB", (300, 200), colour).save(out, "JPEG", quality=95)
        library.put(f"{len(name)}/{name[0]}.jpg", out.getvalue())
    monkeypatch.setenv("ALBUMEN_HOME", str(servers.root))
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", library.url)
    monkeypatch.setenv("ALBUMEN_LIBRARY_BUCKET", library.bucket)
    return library


def albumen(*words: str | Path) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def found(asked: str) -> list[str]:
    told = albumen("search", asked, "--library", "test", "--json")
    assert told.exit_code == 0, told.output
    return [hit["key"] for hit in json.loads(told.stdout)["hits"]]


def test_a_model_that_was_added_looks_beside_the_others_and_is_searched_by_after_the_switch(
    coloured: TestLibrary, cache: Path, tmp_path: Path
) -> None:
    added = albumen(
        "models", "add", "tiny", "--family", "clip", "--licence", "MIT",
        "--picture", tiny_networks.picture_tower(tmp_path / "vision.onnx"),
        "--text", tiny_networks.sentence_tower(tmp_path / "text.onnx", "clip"),
        "--tokenizer", tiny_networks.tokenizer(tmp_path / "tokenizer.json", "clip"),
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    assert "ALBUMEN_MODELS__IMAGE_TEXT=tiny" in added.stdout
    things = tiny_networks.detector(tmp_path / "things.onnx")
    assert (
        albumen("models", "add", "things", "--family", "yolox", "--licence", "MIT", "--picture", things).exit_code == 0
    )
    assert "image-text" in albumen("models", "list").stdout

    coloured.discover()
    coloured.settings.models = ModelSettings(directory=str(cache))
    coloured.work()
    refused = albumen("models", "switch", "tiny")
    assert refused.exit_code != 0
    assert "0 of 3 photos: set ALBUMEN_MODELS__IMAGE_TEXT=tiny" in refused.output

    coloured.settings.models = ModelSettings(directory=str(cache), image_text="tiny", objects="things")
    due_again(coloured)
    coloured.work("preview")
    spaces = coloured.query("SELECT model_id, count(*) FROM embeddings GROUP BY 1 ORDER BY 1")
    usual = ModelSettings()
    assert spaces == [(usual.scene, 3), (usual.text_space, 3), ("tiny", 3)]
    record = coloured.records()["3/r.jpg"]
    assert record["objects"]
    assert {one["name"] for one in record["objects"]} == {"car"}
    assert record["objects"][0]["model_id"] == "things"
    assert "car" in {label["name"] for label in record["labels"]}

    compared = albumen("models", "compare", "tiny", "--library", "test", "--json")
    assert compared.exit_code == 0, compared.output
    assert json.loads(compared.stdout)["in_use"] == usual.text_space
    switched = albumen("models", "switch", "tiny")
    assert switched.exit_code == 0, switched.output
    for name in COLOURS:
        assert found(f"something {name}")[:1] == [f"{len(name)}/{name[0]}.jpg"]
    assert found("something purple") == []
    back = albumen("models", "switch", usual.scene)
    assert back.exit_code == 0, back.output
    ((space,),) = coloured.query("SELECT model_id FROM models_in_use WHERE capability = 'text_space'")
    assert space == usual.text_space


def due_again(library: TestLibrary) -> None:
    """What a plan does when settings changed."""
    from albumen.pipeline import backfilling

    with library.connect() as connection:
        (estimate,) = backfilling.notice_changes(connection, "preview", library.settings)
        assert (estimate.step, estimate.items) == ("scene", 3)
        backfilling.advance(connection, "preview", library.settings)
        connection.commit()


def test_what_is_no_such_model_is_refused_in_words(cache: Path, tmp_path: Path) -> None:
    junk = tmp_path / "junk.onnx"
    junk.write_bytes(b"junk")
    told = albumen("models", "add", "x", "--family", "yolox", "--licence", "MIT", "--picture", junk)
    assert told.exit_code != 0
    assert "picture is not what it should be" in told.output
    told = albumen("models", "add", "x", "--family", "clip", "--licence", "MIT", "--picture", junk)
    assert "is made of picture, text, tokenizer" in told.output
    (cache / "added.toml").write_text("[[model]]\nid = 3\n")
    for words in (("list",), ("verify",), ("fetch",), ("switch", "x")):
        told = albumen("models", *words)
        assert told.exit_code != 0
        assert "added.toml" in told.output
