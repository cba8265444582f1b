"""`albumen bench`: the figures of docs/performance.md, measured on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from albumen.local.home import REPOSITORY

app = typer.Typer(
    help="Measure: photos a second, quality, due work and pages at scale, latency, lanes, overhead, start-up.",
    no_args_is_help=True,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
RealOption = Annotated[Path | None, typer.Option(help="A folder of photos to measure besides, as they are.")]
HomeOption = Annotated[str, typer.Option("--home", help="Home of a stack to use and leave up; none: a new one.")]
FilledOption = Annotated[str, typer.Option("--home", help="Folder whose filled libraries are used, and kept.")]


@app.command()
def media(
    photos: Annotated[int, typer.Option(min=1, help="How many different photos.")] = 60,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each side.")] = 3,
    real: RealOption = None,
    peer_dir: Annotated[Path | None, typer.Option(help="Where the peer is, or goes; none: the cache.")] = None,
    peer: Annotated[bool, typer.Option("--peer/--no-peer", help="Also the peer, which needs Node.js and npm.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Photos a second of hash, metadata and renditions, ours and the peer's, and where the time goes."""
    given = ["--photos", str(photos), "--rounds", str(rounds), *_folder("--real", real)]
    run("media", *given, *_folder("--peer-dir", peer_dir), *([] if peer else ["--no-peer"]), as_json=as_json)


@app.command()
def quality(
    photos: Annotated[int, typer.Option(min=1, help="How many of the photos of `bench media`.")] = 26,
    real: RealOption = None,
    as_json: JsonOption = False,
) -> None:
    """What previews and thumbs lose against decoding in full and scaling with Lanczos."""
    run("quality", "--photos", str(photos), *_folder("--real", real), as_json=as_json)


@app.command()
def video(
    seconds: Annotated[float, typer.Option(min=1, help="Length of the clip.")] = 20.0,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each side.")] = 3,
    as_json: JsonOption = False,
) -> None:
    """CPU of poster and proxy against bare ffmpeg with the same settings."""
    run("video", "--seconds", str(seconds), "--rounds", str(rounds), as_json=as_json)


@app.command()
def job(
    photos: Annotated[int, typer.Option(min=1, help="How many photos.")] = 2000,
    max_megapixels: Annotated[float, typer.Option(help="Leave out larger ones, to save disk.")] = 25.0,
    whole: Annotated[bool, typer.Option("--whole", help="Enrichment and organising too.")] = False,
    one_worker: Annotated[bool, typer.Option("--one-worker", help="One task for everything: how it grows.")] = False,
    peer_dir: Annotated[Path | None, typer.Option(help="Where the peer is, or goes; none: the cache.")] = None,
    peer: Annotated[bool, typer.Option("--peer/--no-peer", help="Also the peer, which needs Node.js and npm.")] = True,
    home: HomeOption = "",
    as_json: JsonOption = False,
) -> None:
    """From a bucket to catalog and renditions through Airflow: photos a second, and where the CPU goes."""
    flags = {"--whole": whole, "--one-worker": one_worker, "--no-peer": not peer}
    given = ["--photos", str(photos), "--max-megapixels", str(max_megapixels), *(f for f, on in flags.items() if on)]
    run("job", *given, *_folder("--peer-dir", peer_dir), *_at(home), as_json=as_json)


@app.command()
def enrich(
    photos: Annotated[int, typer.Option(min=1, help="How many photos.")] = 24,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each side.")] = 3,
    pictures: Annotated[Path | None, typer.Option(help="Photos to enrich; none: the sample library's.")] = None,
    corpus: Annotated[Path | None, typer.Option(help="Folder with people/IDENTITIES.tsv: faces and safety.")] = None,
    kinds: Annotated[Path | None, typer.Option(help="Folder of pictures per kind: the confusion table.")] = None,
    items: Annotated[int, typer.Option(min=0, help="Also whether memory stays flat over so many previews.")] = 0,
    only_memory: Annotated[bool, typer.Option("--only-memory", help="Nothing but that.")] = False,
    no_text: Annotated[bool, typer.Option("--no-text", help="That without reading.")] = False,
    as_json: JsonOption = False,
) -> None:
    """CPU of the preview pass over that of its bare models, its memory, and how right the models are."""
    given = ["--photos", str(photos), "--rounds", str(rounds), "--items", str(items)]
    folders = [*_folder("--pictures", pictures), *_folder("--corpus", corpus), *_folder("--kinds", kinds)]
    run(
        "enrich",
        *given,
        *(["--only-memory"] if only_memory else []),
        *(["--no-text"] if no_text else []),
        *folders,
        as_json=as_json,
    )


@app.command()
def bump(
    items: Annotated[int, typer.Option(min=2_000, help="How many items are catalogued.")] = 10_000,
    photos: Annotated[int, typer.Option(min=1, help="How many fresh photos arrive meanwhile.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """A raised `scene` over a catalogued library: only it runs, and fresh uploads overtake it."""
    run("bump", "--items", str(items), "--photos", str(photos), as_json=as_json)


@app.command()
def due(
    rows: Annotated[int, typer.Option(min=1, help="Due rows of the largest size.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each question is asked.")] = 21,
    only: Annotated[
        bool, typer.Option("--only", help="That size alone, without a tenth and a hundredth of it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Planning, leasing and writing with a million due rows; fails on a sequential scan or a missed target."""
    run("due", "--rows", str(rows), "--rounds", str(rounds), *(["--only"] if only else []), as_json=as_json)


@app.command()
def listing(
    keys: Annotated[str, typer.Option(help="Sizes of the bucket, a comma between.")] = "10000,100000,1000000",
    as_json: JsonOption = False,
) -> None:
    """Discovery of a bucket by its size: new, known and changed keys a second, memory, and going on after a kill."""
    run("listing", "--keys", keys, as_json=as_json)


@app.command()
def console(
    items: Annotated[
        int, typer.Option(min=10_000, help="Items of the larger library; the smaller has 1 %.")
    ] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each page is asked for.")] = 40,
    home: FilledOption = "",
    as_json: JsonOption = False,
) -> None:
    """The console's pages over a large catalog: real pages, simulated rows; fails on a missed target."""
    run("console", "--items", str(items), "--rounds", str(rounds), *_at(home), as_json=as_json)


@app.command()
def latency(
    photos: Annotated[int, typer.Option(min=1, help="How many photos, one after the other.")] = 10,
    home: HomeOption = "",
    as_json: JsonOption = False,
) -> None:
    """From the upload of one photo to its preview, when idle, stage by stage."""
    run("latency", "--photos", str(photos), *_at(home), as_json=as_json)


@app.command()
def lanes(
    items: Annotated[int, typer.Option(min=1, help="How many items the backfill has.")] = 10_000,
    photos: Annotated[int, typer.Option(min=1, help="How many fresh photos arrive.")] = 50,
    home: HomeOption = "",
    as_json: JsonOption = False,
) -> None:
    """Fresh photos that arrive in the middle of a backfill: seconds to their previews, and a timeline."""
    run("lanes", "--items", str(items), "--photos", str(photos), *_at(home), as_json=as_json)


@app.command()
def turns(
    backlog: Annotated[int, typer.Option(min=60_000, help="Photos of the one library.")] = 1_000_000,
    photos: Annotated[int, typer.Option(min=1, max=200, help="Photos of the other.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Fresh photos of one library behind the backlog of another: how long they wait, by the number of slots."""
    run("turns", "--backlog", str(backlog), "--photos", str(photos), as_json=as_json)


@app.command()
def soak(
    minutes: Annotated[float, typer.Option(min=1, help="How long.")] = 60.0,
    as_json: JsonOption = False,
) -> None:
    """An hour of uploads, edits, deletions and backfills on the cluster: what grows. Linux and root."""
    run("soak", "--minutes", str(minutes), as_json=as_json)


@app.command()
def workers(
    photos: Annotated[int, typer.Option(min=100, help="How many, each time.")] = 600,
    share: Annotated[float, typer.Option(min=0.1, help="How much of a core each worker may use.")] = 0.5,
    as_json: JsonOption = False,
) -> None:
    """Two workers of the cluster against one, each with so much of a core. Linux and root."""
    run("workers", "--photos", str(photos), "--share", str(share), as_json=as_json)


@app.command("whole-library")
def whole_library(
    items: Annotated[str, typer.Option(help="Sizes, a comma between.")] = "10000,100000,1000000",
    home: FilledOption = "",
    as_json: JsonOption = False,
) -> None:
    """What goes through a whole library: its export, and a backfill of everything, by its size."""
    run("whole_library", "--items", items, *_at(home), as_json=as_json)


@app.command()
def upkeep(
    items: Annotated[int, typer.Option(min=1000, help="Items of the library.")] = 20_000,
    as_json: JsonOption = False,
) -> None:
    """Fifteen months of work on one library: whether tables and history stay as small as what they hold."""
    run("upkeep", "--items", str(items), as_json=as_json)


@app.command()
def laps(
    laps: Annotated[int, typer.Option(min=1000, help="How many.")] = 10_000,
    as_json: JsonOption = False,
) -> None:
    """Airflow's metadata over ten thousand laps of every DAG, cleaned as it is every day."""
    run("laps", "--laps", str(laps), as_json=as_json)


@app.command()
def overhead(
    photos: Annotated[int, typer.Option(min=1, help="How many photos are worked off.")] = 600,
    home: HomeOption = "",
    as_json: JsonOption = False,
) -> None:
    """Airflow's share of the processor over a run, and photos a second."""
    run("overhead", "--photos", str(photos), *_at(home), as_json=as_json)


@app.command()
def organise(
    corpus: Annotated[Path | None, typer.Option(help="Folder of labelled photos; none: no photos.")] = None,
    rows: Annotated[str, typer.Option(help="Items of the libraries, a comma between; empty: no cost.")] = "1000,100000",
    faces: Annotated[int, typer.Option(min=0, help="Faces of a simulated library; 0: none.")] = 0,
    home: FilledOption = "",
    as_json: JsonOption = False,
) -> None:
    """Near-duplicates, people and trips against the truth; one new photo in small and large libraries."""
    asked = ("--rows", rows, "--faces", str(faces), *_folder("--corpus", corpus), *_at(home))
    run("organise", *asked, as_json=as_json)


@app.command()
def search(
    corpus: Annotated[Path | None, typer.Option(help="Folder of photos beside the sample library's.")] = None,
    items: Annotated[int, typer.Option(min=0, help="Items of the simulated library; 0: none.")] = 1_000_000,
    points: Annotated[int, typer.Option(min=1, help="So many of them are points of pictures, at most.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each search is made.")] = 5,
    truth: Annotated[bool, typer.Option("--truth/--no-truth", help="Also how right it is.")] = True,
    home: FilledOption = "",
    as_json: JsonOption = False,
) -> None:
    """How right searches are, by way of finding, on labelled pictures; how long they take in a large library."""
    sizes = ("--items", str(items), "--points", str(points), "--rounds", str(rounds))
    given = [*sizes, *_folder("--corpus", corpus)]
    run("search", *given, *([] if truth else ["--no-truth"]), *_at(home), as_json=as_json)


@app.command()
def memories(
    items: Annotated[
        int, typer.Option(min=10_000, help="Items of the larger library; the smaller has 10,000.")
    ] = 100_000,
    lives: Annotated[int, typer.Option(min=1, help="How many lives with planted stories.")] = 3,
    as_json: JsonOption = False,
) -> None:
    """What a day's stories cost by the size of the library, and whether they are the right ones."""
    run("memories", "--items", str(items), "--lives", str(lives), as_json=as_json)


@app.command()
def startup(
    rounds: Annotated[int, typer.Option(min=1, help="How often all of it is done.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Seconds of `up` and `demo`, the first time and again."""
    run("startup", "--rounds", str(rounds), as_json=as_json)


def run(name: str, *arguments: str, as_json: bool) -> None:
    """Run a script of `benchmarks/` and end with its exit code: 1 when a target is missed."""
    script = REPOSITORY / "benchmarks" / f"{name}.py"
    if not script.exists():
        typer.echo(f"error: {script} is missing: benchmarks run from a clone of the repository", err=True)
        raise typer.Exit(2)
    flags = ["--json"] if as_json else []
    raise typer.Exit(subprocess.run([sys.executable, str(script), *arguments, *flags], cwd=REPOSITORY).returncode)


def _folder(option: str, folder: Path | None) -> list[str]:
    return [option, str(folder.absolute())] if folder else []


def _at(home: str) -> list[str]:
    return ["--home", home] if home else []
