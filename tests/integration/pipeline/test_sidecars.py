"""Sidecars: whenever one comes, changes or goes, the facts of its photo follow, and only they are read again."""

from __future__ import annotations

import pytest

from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack


def xmp(year: int) -> bytes:
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"
        exif:DateTimeOriginal="{year}-05-01T10:00:00"/></rdf:RDF></x:xmpmeta>""".encode()


def year_of(library: TestLibrary, key: str) -> str:
    return library.records()[key]["taken"]["local"][:4]


def worked(library: TestLibrary, sandbox) -> list[str]:
    library.discover()
    sandbox.worked.clear()
    library.work("original")
    return sorted(step for step, _ in sandbox.worked)


def test_one_that_comes_with_its_photo_counts(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1, taken="2020:05:01 10:00:00"))
    library.put("a.jpg.xmp", xmp(2011))
    library.discover()
    library.work()
    records = library.records()
    assert year_of(library, "a.jpg") == "2011"
    assert (records["a.jpg.xmp"]["state"], records["a.jpg.xmp"]["kind"]) == ("done", "sidecar")
    assert records["a.jpg.xmp"]["steps"].keys() == {"sidecar"}
    assert "sidecar" not in records["a.jpg"]["steps"]


def test_one_that_comes_late_changes_or_goes_makes_only_metadata_due(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1, taken="2020:05:01 10:00:00"))
    library.put("b.jpg", photo(2, taken="2021:08:01 10:00:00"))
    library.discover()
    library.work()
    stored = library.stored()

    library.put("a.xmp", xmp(2011))
    assert worked(library, sandbox) == ["metadata", "sidecar"]
    assert (year_of(library, "a.jpg"), year_of(library, "b.jpg")) == ("2011", "2021")

    library.put("a.xmp", xmp(2012))
    assert worked(library, sandbox) == ["metadata", "sidecar"]
    assert year_of(library, "a.jpg") == "2012"

    library.put("b.jpg.xmp", xmp(2012))  # the same bytes, elsewhere: known, and still news for its photo
    assert worked(library, sandbox) == ["metadata"]
    assert year_of(library, "b.jpg") == "2012"

    library.delete("a.xmp")
    library.discover()
    assert worked(library, sandbox) == ["metadata"]
    assert (year_of(library, "a.jpg"), year_of(library, "b.jpg")) == ("2020", "2012")
    assert library.stored() == stored


def test_takeout_pairs_by_its_title_where_its_name_is_cut_off(library, sandbox, photo) -> None:
    name = "a-name-that-is-much-longer-than-what-takeout-allows-for-a-file.jpg"
    library.put(name, photo(1))
    library.discover()
    library.work()
    content = f'{{"title": "{name}", "photoTakenTime": {{"timestamp": "1304244000"}}}}'
    library.put(f"{name[:46]}.json", content.encode())
    library.discover()
    library.work("original")
    assert year_of(library, name) == "2011"


def test_what_only_looks_like_a_sidecar_says_so(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1, taken="2020:05:01 10:00:00"))
    library.put("a.jpg.json", b'{"some": "json"}')
    library.put("a.xmp", b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>')
    library.put("a.aae", b'<?xml version="1.0"?><plist><dict><key>adjustmentFormatIdentifier</key></dict></plist>')
    library.discover()
    library.work()
    records = library.records()
    assert {key: (record["state"], record["reason"]) for key, record in records.items()} == {
        "a.jpg": ("done", None), "a.jpg.json": ("skipped", "not_media"), "a.xmp": ("skipped", "sidecar"),
        "a.aae": ("skipped", "sidecar"),
    }  # fmt: skip
    assert year_of(library, "a.jpg") == "2020"
