"""How many photos a second go through the media path, ours and the peer's, and where the time goes?

Both sides read the same files (in the page cache) and make of each its SHA-256, its facts, a preview
(JPEG, quality 80, 4:2:0, short side 1440), a thumb (WebP, quality 80, effort 2, short side 250), upright
and sRGB, and a thumbhash. Ours is the steps `metadata` and `renditions` in the sandbox. The peer is sharp,
exiftool-vendored and thumbhash, from npm, pinned in `peer/`; at equal settings it decodes once, scaled while
decoding, one thread a process. Sides take turns, each waiting while it is not its turn; medians count.

`ratio` is our photos a second over the peer's at equal settings; `ratio_to_defaults` over the
peer's with its own settings. A photo with an embedded profile costs the peer twice; `without_profile` is the
ratio over the others alone. `cpu_ratio` is the same in CPU seconds, which a busy machine disturbs
less. `cpu_over_half_decode` is the CPU of our whole path over a bare half-scale decode by libjpeg-turbo.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import photos as pictures
import sides
import stages
from conditions import conditions
from PIL import Image
from sides import Side, Turn

CACHE = Path("~/.cache/albumen").expanduser()
TARGET_RATIO = 3.3
TARGET_OVER_HALF_DECODE = 1.6
TARGET_BYTES = 0.05
REAL_PIXELS = (7_900_000, 25_000_000)
WARM = 2


def compare(paths: Sequence[Path], contenders: Sequence[Side], rounds: int) -> dict[str, list[Turn]]:
    """Let every side work on all photos, in turns."""
    turns: dict[str, list[Turn]] = {side.name: [] for side in contenders}
    for side in contenders:
        side.warm(paths[:WARM])
    for number in range(rounds):
        for side in contenders:
            turn = side.run(paths)
            turns[side.name].append(turn)
            told = f"{side.name}: {turn.photos_per_s:.1f} photos/s, {1000 * turn.cpu_s / len(paths):.1f} CPU ms a photo"
            print(f"round {number + 1}: {told}", file=sys.stderr)
    return turns


def summed(turns: Sequence[Turn]) -> dict[str, float]:
    """The medians of a side."""
    return {
        "photos_per_s": round(statistics.median(turn.photos_per_s for turn in turns), 2),
        "photos_per_s_least": round(min(turn.photos_per_s for turn in turns), 2),
        "photos_per_s_most": round(max(turn.photos_per_s for turn in turns), 2),
        "cpu_ms_per_photo": round(statistics.median(1000 * turn.cpu_s / len(turn.done) for turn in turns), 1),
        "preview_bytes": sum(one["preview"][2] for one in turns[0].done),
        "thumb_bytes": sum(one["thumb"][2] for one in turns[0].done),
    }


def agreement(our: Turn, peers: Turn) -> dict[str, Any]:
    """Whether both sides did the same work: hashes, sizes within a pixel, local times; and the bytes they made."""
    pairs = list(zip(our.done, peers.done, strict=True))
    return {
        "hashes_differ": sum(a["sha256"] != b["sha256"] for a, b in pairs),
        "sizes_differ": sum(not _same_size(a, b) for a, b in pairs),
        "dates_differ": sum((a["taken"] or "")[:19] != (b["taken"] or "")[:19] for a, b in pairs),
        "preview_bytes_to_peers": _bytes(our, "preview") / _bytes(peers, "preview"),
        "thumb_bytes_to_peers": _bytes(our, "thumb") / _bytes(peers, "thumb"),
    }


def _same_size(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(abs(one[name][axis] - other[name][axis]) <= 1 for name in ("preview", "thumb") for axis in (0, 1))


def _bytes(turn: Turn, name: str) -> int:
    return sum(one[name][2] for one in turn.done)


def peers_stages(folder: Path, paths: Sequence[Path]) -> dict[str, float]:
    """CPU milliseconds a photo of the peer's stages, one photo at a time; exiftool is what was used besides."""
    with sides.peer_stages(folder) as side:
        side.warm(paths[:WARM])
        turn = side.run(paths)
    each = {stage: 1000 * seconds / len(paths) for stage, seconds in turn.stages.items()}
    each["exiftool and waiting"] = 1000 * turn.cpu_s / len(paths) - sum(each.values())
    return {stage: round(value, 2) for stage, value in each.items()}


def real_jpegs(folder: Path) -> list[Path]:
    """The whole JPEGs of 8 to 24 megapixels below a folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".jpg", ".jpeg") or "hostile" in path.parts:
            continue
        try:
            with Image.open(path, formats=["JPEG"]) as image:
                pixels = image.width * image.height
        except (OSError, Image.DecompressionBombError):
            continue
        if REAL_PIXELS[0] <= pixels <= REAL_PIXELS[1]:
            found.append(path)
    return found


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All of it, as the report."""
    folder = options.photos_dir or options.cache / "bench-photos"
    made = pictures.make(
        folder, options.photos, cache=options.cache / "sample", progress=lambda words: print(words, file=sys.stderr)
    )
    paths = [Path(photo.path) for photo in made]
    for path in paths:
        path.read_bytes()
    found: dict[str, Any] = {"conditions": conditions(), "inputs": pictures.told(made), "workers": options.workers}
    found["ours_by_stage"] = stages.measure(paths[: options.profiled])
    found["cpu_over_half_decode"] = found["ours_by_stage"]["cpu_over_half_decode"]
    if options.real and (real := real_jpegs(options.real)):
        found["real_photos_by_stage"] = stages.measure(real)
    peer_folder = options.peer_dir or options.cache / "bench-peer"
    if not options.no_peer:
        sides.install_peer(peer_folder)
    plain = [Path(photo.path) for photo in made if not photo.profile]
    with ExitStack() as open_sides:
        contenders = [open_sides.enter_context(sides.ours(options.workers))]
        if not options.no_peer:
            contenders.append(open_sides.enter_context(sides.peer_equal(peer_folder, options.workers)))
            contenders.append(open_sides.enter_context(sides.peer_default(peer_folder)))
        turns = compare(paths, contenders, options.rounds)
        without_profile = compare(plain, contenders[:2], 1) if plain else {}
    found["sides"] = {name: summed(one) for name, one in turns.items()}
    if not options.no_peer:
        our, equal, default = turns.values()
        found["peer_by_stage"] = peers_stages(peer_folder, paths[: options.profiled])
        found["agreement"] = agreement(our[0], equal[0])
        if without_profile:
            our_plain, equal_plain = without_profile.values()
            found["without_profile"] = {
                "photos": len(plain),
                "ratio": round(_rate(our_plain) / _rate(equal_plain), 2),
                "cpu_ratio": round(_cpu(equal_plain) / _cpu(our_plain), 2),
            }
        for suffix, other in (("", equal), ("_to_defaults", default)):
            found[f"ratio{suffix}"] = round(_rate(our) / _rate(other), 2)
            found[f"cpu_ratio{suffix}"] = round(_cpu(other) / _cpu(our), 2)
    found["conditions"]["load_1min_after"] = conditions()["load_1min"]
    found["failures"] = failures(found)
    return found


def _rate(turns: Sequence[Turn]) -> float:
    return statistics.median(turn.photos_per_s for turn in turns)


def _cpu(turns: Sequence[Turn]) -> float:
    return statistics.median(turn.cpu_s for turn in turns)


def failures(found: dict[str, Any]) -> list[str]:
    """The targets that were missed, in words."""
    missed = []
    if "ratio" in found and found["ratio"] < TARGET_RATIO:
        missed.append(f"ratio {found['ratio']} is below {TARGET_RATIO}")
    if found["cpu_over_half_decode"] > TARGET_OVER_HALF_DECODE:
        missed.append(f"cpu_over_half_decode {found['cpu_over_half_decode']} is above {TARGET_OVER_HALF_DECODE}")
    for name, value in found.get("agreement", {}).items():
        if name.endswith("_differ") and value:
            missed.append(f"{name}: {value} photos")
        if name.endswith("_to_peers") and value > 1 + TARGET_BYTES:
            missed.append(f"{name} {value:.3f} is above {1 + TARGET_BYTES}")
    return missed


def tell(found: dict[str, Any]) -> None:
    """Print the report for people."""
    inputs = found["inputs"]
    print(
        f"{inputs['photos']} photos, {inputs['megapixels_least']} to {inputs['megapixels_most']} megapixels (mean "
        f"{inputs['megapixels_mean']}), {inputs['bytes_per_pixel']} bytes a pixel, {found['workers']} workers"
    )
    for name, side in found["sides"].items():
        print(f"{name:22} {side['photos_per_s']:7.1f} photos/s {side['cpu_ms_per_photo']:8.1f} CPU ms a photo")
    if "ratio" in found:
        print(f"ratio {found['ratio']} (CPU {found['cpu_ratio']}); ", end="")
        print(f"to its defaults {found['ratio_to_defaults']} (CPU {found['cpu_ratio_to_defaults']})")
        print(json.dumps(found["agreement"]))
        print("photos without a colour profile alone:", json.dumps(found.get("without_profile")))
    for title in ("ours_by_stage", "real_photos_by_stage"):
        if title in found:
            one = found[title]
            print(f"{title}, {one['photos']} photos: {one['whole']} CPU ms a photo, ", end="")
            print(f"{one['cpu_over_half_decode']} times a bare half-scale decode ({one['half_decode']} ms)")
            _tell_stages(one["cpu_ms_per_photo"])
    if "peer_by_stage" in found:
        print("peer_by_stage, CPU ms a photo")
        _tell_stages(found["peer_by_stage"])
    print(json.dumps(found["conditions"]))
    for failure in found["failures"]:
        print(f"missed: {failure}")


def _tell_stages(each: dict[str, float]) -> None:
    whole = sum(each.values())
    for stage, value in each.items():
        print(f"  {value:8.2f} {100 * value / whole:5.1f} %  {stage}")


def main() -> int:
    """Measure and tell; exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=60, help="How many different photos.")
    parser.add_argument("--rounds", type=int, default=3, help="Turns of each side.")
    parser.add_argument("--workers", type=int, default=conditions()["cores"], help="Processes of each side.")
    parser.add_argument("--profiled", type=int, default=26, help="Photos that are timed stage by stage.")
    parser.add_argument("--real", type=Path, help="A folder of photos to time stage by stage as they are.")
    parser.add_argument("--photos-dir", type=Path, help="Where the photos made are kept; by default in the cache.")
    parser.add_argument("--peer-dir", type=Path, help="Where the peer is, or goes; by default in the cache.")
    parser.add_argument("--cache", type=Path, default=CACHE, help="Downloads, photos and the peer.")
    parser.add_argument("--no-peer", action="store_true", help="Only ours: needs neither Node.js nor npm.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    found = measure(options)
    if options.json:
        print(json.dumps(found))
    else:
        tell(found)
    return 1 if found["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
