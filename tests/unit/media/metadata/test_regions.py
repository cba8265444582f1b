"""Marked faces: two vocabularies, every orientation, and what must not be read."""

from __future__ import annotations

import pytest

from albumen.media.metadata.regions import FaceRegion, read_regions

RDF = "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
MWG = (
    "xmlns:mwg-rs='http://www.metadataworkinggroup.com/schemas/regions/' "
    "xmlns:stArea='http://ns.adobe.com/xmp/sType/Area#' "
    "xmlns:stDim='http://ns.adobe.com/xap/1.0/sType/Dimensions#'"
)
MICROSOFT = (
    "xmlns:MP='http://ns.microsoft.com/photo/1.2/' xmlns:MPRI='http://ns.microsoft.com/photo/1.2/t/RegionInfo#' "
    "xmlns:MPReg='http://ns.microsoft.com/photo/1.2/t/Region#'"
)


def packet(body: str) -> bytes:
    return f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF {RDF}>{body}</rdf:RDF></x:xmpmeta>".encode()


def mwg(area: str, kind: str = "Face", name: str = "Anna") -> bytes:
    return packet(
        f"<rdf:Description {MWG}><mwg-rs:Regions rdf:parseType='Resource'>"
        "<mwg-rs:AppliedToDimensions stDim:w='400' stDim:h='200' stDim:unit='pixel'/>"
        "<mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType='Resource'>"
        f"<mwg-rs:Name>{name}</mwg-rs:Name><mwg-rs:Type>{kind}</mwg-rs:Type><mwg-rs:Area {area}/>"
        "</rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description>"
    )


AREA = "stArea:x='0.5' stArea:y='0.25' stArea:w='0.2' stArea:h='0.1' stArea:unit='normalized'"


@pytest.mark.parametrize(
    ("orientation", "box"),
    [
        (None, (0.4, 0.2, 0.2, 0.1)),
        (1, (0.4, 0.2, 0.2, 0.1)),
        (2, (0.4, 0.2, 0.2, 0.1)),
        (3, (0.4, 0.7, 0.2, 0.1)),
        (4, (0.4, 0.7, 0.2, 0.1)),
        (5, (0.2, 0.4, 0.1, 0.2)),
        (6, (0.7, 0.4, 0.1, 0.2)),
        (7, (0.7, 0.4, 0.1, 0.2)),
        (8, (0.2, 0.4, 0.1, 0.2)),
    ],
)
def test_a_face_is_turned_with_its_picture(orientation: int | None, box: tuple[float, ...]) -> None:
    assert read_regions(mwg(AREA), orientation) == (FaceRegion("Anna", box, "mwg"),)


def test_the_left_of_the_stored_picture_is_the_top_of_the_upright_one() -> None:
    left = "stArea:x='0.1' stArea:y='0.5' stArea:w='0.2' stArea:h='0.2'"
    (region,) = read_regions(mwg(left), 6)
    assert region.box == (0.4, 0.0, 0.2, 0.2)
    (region,) = read_regions(mwg(left), 8)
    assert region.box == (0.4, 0.8, 0.2, 0.2)


def test_pixels_are_measured_by_the_size_they_were_applied_to() -> None:
    (region,) = read_regions(mwg("stArea:x='200' stArea:y='50' stArea:w='80' stArea:h='20' stArea:unit='pixel'"), 1)
    assert region.box == (0.4, 0.2, 0.2, 0.1)


def test_microsoft_s_rectangles_are_read_too() -> None:
    body = (
        f"<rdf:Description {MICROSOFT}><MP:RegionInfo><rdf:Description><MPRI:Regions><rdf:Bag>"
        "<rdf:li MPReg:Rectangle='0.1, 0.2, 0.3, 0.4' MPReg:PersonDisplayName='Béa'/>"
        "<rdf:li><rdf:Description MPReg:Rectangle='0.5,0.5,0.1,0.1'/></rdf:li>"
        "</rdf:Bag></MPRI:Regions></rdf:Description></MP:RegionInfo></rdf:Description>"
    )
    first, second = read_regions(packet(body), 1)
    assert (first.name, first.box, first.source) == ("Béa", (0.1, 0.2, 0.3, 0.4), "microsoft")
    assert (second.name, second.box) == (None, (0.5, 0.5, 0.1, 0.1))


@pytest.mark.parametrize(
    "area",
    [
        "stArea:x='nan' stArea:y='0.2' stArea:w='0.2' stArea:h='0.2'",
        "stArea:x='5' stArea:y='0.2' stArea:w='0.2' stArea:h='0.2'",
        "stArea:x='0.5' stArea:y='0.5' stArea:w='0' stArea:h='0'",
        "stArea:x='one' stArea:y='two'",
        "",
    ],
)
def test_boxes_outside_the_picture_are_left_out(area: str) -> None:
    assert read_regions(mwg(area), 1) == ()


def test_a_focus_point_is_no_face_and_an_entity_is_never_followed() -> None:
    assert read_regions(mwg(AREA, kind="Focus"), 1) == ()
    bomb = b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + mwg(AREA, name="&a;")
    assert read_regions(bomb, 1) == ()


def test_many_regions_are_cut_at_a_hundred() -> None:
    region = f"<rdf:li rdf:parseType='Resource'><mwg-rs:Area {AREA}/></rdf:li>"
    listed = f"<mwg-rs:RegionList><rdf:Bag>{region * 1000}</rdf:Bag></mwg-rs:RegionList>"
    assert len(read_regions(packet(f"<rdf:Description {MWG}>{listed}</rdf:Description>"), 1)) == 100
