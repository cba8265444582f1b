"""`bench media` and `bench quality`, at a tiny size, with real processes; how quick anything is, is not judged here."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from albumen.cli import app

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
CORPUS = next(
    (path for parent in BENCHMARKS.parents if (path := parent / "shared" / "corpus").is_dir()),
    None,
)


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The modules of `benchmarks/`, which import each other by bare name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    yield importlib.import_module("media")
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(BENCHMARKS) in str(sys.modules[name].__file__):
            del sys.modules[name]


def scene(width: int, height: int, seed: int = 1) -> NDArray[np.uint8]:
    """Hard edges, smooth shades, fine texture and grain, as photos have them."""
    random = np.random.default_rng(seed)
    shapes = random.integers(0, 256, (height // 90 + 1, width // 90 + 1, 3), dtype=np.uint8)
    shades = random.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    texture = random.integers(0, 256, (height // 3 + 1, width // 3 + 1, 1), dtype=np.uint8).repeat(3, axis=2)
    resize = Image.Resampling
    layers = [
        np.asarray(Image.fromarray(layer).resize((width, height), how), np.float32)
        for layer, how in ((shapes, resize.NEAREST), (shades, resize.BICUBIC), (texture, resize.BICUBIC))
    ]
    grain = 3 * random.standard_normal((height, width, 1), np.float32)
    mixed = 0.45 * layers[0] + 0.45 * layers[1] + 0.1 * layers[2] + grain
    return np.asarray(mixed.clip(0, 255), np.uint8)


def jpeg(pixels: NDArray[np.uint8], **options: object) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", **{"quality": 92, **options})
    return buffer.getvalue()


def test_likeness_is_one_to_itself_and_the_formula_for_flat_pictures(benchmark: ModuleType) -> None:
    quality = importlib.import_module("quality")
    picture = scene(120, 80)
    assert quality.ssim(picture, picture) == pytest.approx(1)
    dark, bright = (np.full((40, 40, 3), level, np.uint8) for level in (60, 120))
    c1 = (0.01 * 255) ** 2
    assert quality.ssim(dark, bright) == pytest.approx((2 * 60 * 120 + c1) / (60**2 + 120**2 + c1))
    assert quality.ssim(picture, scene(120, 80, seed=2)) < 0.5


GENERATED = (
    ((3000, 2900), {}),
    ((1900, 2500), {"subsampling": "4:4:4", "progressive": True}),
    ((2600, 1560), {"subsampling": "4:2:2"}),
    ((640, 480), {}),
    ((333, 500), {}),
)


def test_renditions_are_nearly_as_good_as_lanczos_on_the_full_picture(benchmark: ModuleType) -> None:
    quality = importlib.import_module("quality")
    losses = [loss for size, options in GENERATED for loss in quality.losses(jpeg(scene(*size), **options))]
    for name in ("preview", "thumb"):
        judged = quality.judged([loss for loss in losses if loss.rendition == name])
        assert judged["deficit_worst"] <= quality.WORST
        assert judged["deficit_mean"] <= quality.MEAN
        assert judged["bytes_to_reference"] <= 1.05


@pytest.mark.skipif(CORPUS is None, reason="the shared corpus is not beside this checkout")
@pytest.mark.parametrize(
    "name",
    [
        "life/berlin/01.jpg",
        "life/arezzo-2008-10-22/DSCN0012.jpg",
        "camera/immich/empty_gps.jpg",
        "near-duplicates/imagededup/ukbench08976.jpg",
    ],
)
def test_real_photos_that_alias_easily_stay_within_the_bound(benchmark: ModuleType, name: str) -> None:
    quality = importlib.import_module("quality")
    assert CORPUS is not None
    for loss in quality.losses((CORPUS / name).read_bytes()):
        assert loss.deficit <= quality.WORST, loss


def made(folder: Path, photos: ModuleType, count: int) -> list[Path]:
    """Photos as the benchmark makes them, of a picture drawn here instead of a fetched one."""
    source = folder / "source.png"
    Image.fromarray(scene(1300, 975)).save(source, compress_level=1)
    table = [photos.make_one(number, source, folder) for number in range(count)]
    text = {"edition": photos.EDITION, "photos": [asdict(photo) for photo in table]}
    (folder / "photos.json").write_text(json.dumps(text), encoding="utf-8")
    return [Path(photo.path) for photo in table]


@pytest.fixture(scope="module")
def photos_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photos."""
    folder = tmp_path_factory.mktemp("photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        made(folder, importlib.import_module("photos"), 2)
    return folder


def test_photos_are_made_as_cameras_write_them_each_its_own(
    benchmark: ModuleType, photos_folder: Path, tmp_path: Path
) -> None:
    photos = importlib.import_module("photos")
    kept = photos.make(photos_folder, 2, cache=tmp_path / "unused")
    first, second = (Path(photo.path) for photo in kept)
    for image in (Image.open(first), Image.open(second)):
        assert 8e6 <= image.width * image.height <= 25e6
        assert image.info["icc_profile"]
        assert image.getexif()[0x0110]
        assert image.getexif().get_ifd(0x8825)[2]
    assert first.read_bytes() != second.read_bytes()
    (again,) = made(tmp_path, photos, 1)
    assert again.read_bytes() == first.read_bytes()


def test_our_side_is_measured_with_real_processes(photos_folder: Path) -> None:
    script = [sys.executable, str(BENCHMARKS / "media.py"), "--no-peer", "--photos", "2", "--rounds", "1"]
    script += ["--workers", "1", "--photos-dir", str(photos_folder), "--json"]
    outcome = subprocess.run(script, capture_output=True, text=True, env=dict(os.environ), timeout=240)
    assert outcome.stdout, outcome.stderr
    found = json.loads(outcome.stdout)
    assert found["sides"]["ours"]["photos_per_s"] > 0
    assert found["sides"]["ours"]["preview_bytes"] > found["sides"]["ours"]["thumb_bytes"] > 0
    assert found["cpu_over_half_decode"] > 1
    assert {"read", "hash", "metadata", "decode", "resize", "encode preview", "encode thumb"} <= set(
        found["ours_by_stage"]["cpu_ms_per_photo"]
    )


@pytest.mark.parametrize("script", ["media", "quality"])
def test_the_benchmark_explains_itself_and_has_a_command(script: str) -> None:
    command = [sys.executable, str(BENCHMARKS / f"{script}.py"), "--help"]
    assert "--json" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert CliRunner().invoke(app, ["bench", script, "--help"]).exit_code == 0


def turn(benchmark: ModuleType, **values: object) -> object:
    one = {"sha256": "00", "preview": [1920, 1440, 1000], "thumb": [333, 250, 100], "taken": "2020-01-01T00:00:00"}
    return benchmark.Turn(1.0, 1.0, [{**one, **values}])


def test_sides_that_did_not_do_the_same_are_found_out(benchmark: ModuleType) -> None:
    same = benchmark.agreement(turn(benchmark), turn(benchmark, thumb=[334, 250, 100], taken="2020-01-01T00:00:00.000"))
    assert not [name for name, value in same.items() if name.endswith("_differ") and value]
    other = turn(benchmark, sha256="ff", preview=[1440, 1920, 900], taken=None)
    found = benchmark.agreement(turn(benchmark), other)
    assert (found["hashes_differ"], found["sizes_differ"], found["dates_differ"]) == (1, 1, 1)
    assert found["preview_bytes_to_peers"] == pytest.approx(1000 / 900)
    missed = benchmark.failures({"ratio": 3.0, "cpu_over_half_decode": 1.7, "agreement": found})
    assert len(missed) == 6


def test_without_npm_or_network_the_peer_says_what_is_missing(
    benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = importlib.import_module("sides")
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(SystemExit, match=r"Node\.js"):
        sides.install_peer(tmp_path / "peer")

    def program(name: str, body: str) -> None:
        (programs / name).write_text(f"#!{shutil.which('sh', path='/bin:/usr/bin')}\n{body}\n", encoding="utf-8")
        (programs / name).chmod(0o755)

    program("node", "exit 0")
    with pytest.raises(SystemExit, match="npm, which is not on PATH"):
        sides.install_peer(tmp_path / "peer")
    program("npm", "echo 'npm error network getaddrinfo ENOTFOUND' >&2; exit 1")
    for _ in range(2):
        with pytest.raises(SystemExit, match=r"ENOTFOUND(.|\n)*--peer-dir"):
            sides.install_peer(tmp_path / "peer")


def test_a_side_whose_process_dies_is_named(benchmark: ModuleType) -> None:
    sides = importlib.import_module("sides")
    dying = sides.Side("dying", [sys.executable, "-c", "import sys; sys.stdin.readline(); sys.exit(3)"], 1)
    with dying, pytest.raises(SystemExit, match="dying: a process ended with 3"):
        dying.warm([Path("a.jpg")])


def test_the_peer_is_pinned_to_the_byte_and_to_no_host() -> None:
    package = json.loads((BENCHMARKS / "peer" / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((BENCHMARKS / "peer" / "package-lock.json").read_text(encoding="utf-8"))
    assert set(package["dependencies"]) == {"sharp", "exiftool-vendored", "thumbhash"}
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    for name, version in package["dependencies"].items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for name, entry in lock["packages"].items():
        assert not name or entry["integrity"].startswith("sha512-")
        assert "resolved" not in entry
