"""Which file a sidecar belongs to: both ways round, by every convention, and never across folders."""

from __future__ import annotations

import pytest

from albumen.media.metadata.sidecar_names import media_keys, sidecar_keys

PAIRS = [
    ("a/IMG_1.jpg", "a/IMG_1.jpg.xmp"),
    ("a/IMG_1.jpg", "a/IMG_1.xmp"),
    ("a/IMG_1.NEF", "a/IMG_1.XMP"),
    ("IMG_1.mov", "IMG_1.mov.xmp"),
    ("T/IMG_1.jpg", "T/IMG_1.jpg.json"),
    ("T/IMG_1.jpg", "T/IMG_1.jpg.supplemental-metadata.json"),
    ("T/IMG_1.jpg", "T/IMG_1.jpg.supplemental-meta.json"),
    ("T/PXL_20230101_120000000.MP.jpg", "T/PXL_20230101_120000000.MP.jpg.supplemental-met.json"),
    ("T/IMG_1(2).jpg", "T/IMG_1.jpg(2).json"),
    ("T/IMG_1(2).jpg", "T/IMG_1.jpg.supplemental-metadata(2).json"),
    ("T/IMG_1-edited.jpg", "T/IMG_1.jpg.json"),
    ("T/IMG_1-edited(1).jpg", "T/IMG_1.jpg(1).json"),
    ("T/IMG_1-bearbeitet.jpg", "T/IMG_1.jpg.supplemental-metadata.json"),
]


@pytest.mark.parametrize(("media", "sidecar"), PAIRS)
def test_a_pair_is_found_from_the_photo(media: str, sidecar: str) -> None:
    assert sidecar in sidecar_keys(media)


@pytest.mark.parametrize(("media", "sidecar"), [pair for pair in PAIRS if "-edited(1)" not in pair[0]])
def test_a_pair_is_found_from_the_sidecar(media: str, sidecar: str) -> None:
    assert media in media_keys(sidecar)


def test_a_name_that_was_cut_off_is_found_by_its_title() -> None:
    long = "a-name-that-is-much-longer-than-what-takeout-allows-for-a-file.jpg"
    cut = f"T/{long[:46]}.json"
    assert cut in sidecar_keys(f"T/{long}")
    assert f"T/{long}" in media_keys(cut, long)


def test_a_sidecar_that_names_the_whole_file_comes_first_and_belongs_to_no_other() -> None:
    keys = sidecar_keys("a/IMG_1.jpg")
    assert keys.index("a/IMG_1.jpg.xmp") < keys.index("a/IMG_1.xmp") < keys.index("a/IMG_1.jpg.json")
    assert media_keys("a/IMG_1.jpg.xmp") == ["a/IMG_1.jpg"]


@pytest.mark.parametrize(
    "key", ["a/b/IMG_1.jpg", "IMG_1.jpg", "a/.hidden", "a/(1).jpg", "a/", "", "a/IMG_1", "a/x.json"]
)
def test_no_name_leads_out_of_its_folder(key: str) -> None:
    folder = key.rpartition("/")[0]
    for other in [*sidecar_keys(key), *media_keys(f"{key}.json", "../../etc/passwd.jpg"), *media_keys(f"{key}.xmp")]:
        assert other.rpartition("/")[0] == folder
