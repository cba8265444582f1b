import base64
import hashlib
import io
import re
from dataclasses import replace
from datetime import date, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from albumen.memories.context import Clip, FaceBox, Photo
from albumen.memories.rendering import CLIP_BYTES, CLIPS_BYTES, clips_to_embed, render_story, rows
from albumen.memories.story import Story, StoryItem

HOSTILE = "</style><script>alert(1)</script>\"'><img src=http://evil.example/x onerror=alert(2)>\u202e\x00\n"


def picture_bytes(name="JPEG", colour=(120, 90, 60), size=(32, 24)):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, name)
    return out.getvalue()


def a_photo(item_id, taken, **changes):
    facts = {
        "item_id": item_id,
        "key": f"trips/img_{item_id}.jpg",
        "taken_local": taken,
        "taken_confidence": "high",
        "width": 4000,
        "height": 3000,
        "gps": (45.0, 13.6),
        "quality": 0.8,
        "quality_reasons": (),
        "phash": None,
        "faces": (),
        "camera": "Canon EOS 40D",
        "preview_key": "p",
        "thumb_key": "t",
        "thumbhash": None,
        "dominant": "#336699",
        "place": "Arezzo",
    }
    return Photo(**{**facts, **changes})


def a_story(photos=None, **changes):
    photos = photos or [
        a_photo(1, datetime(2019, 6, 12, 9, 5)),
        a_photo(2, datetime(2019, 6, 12, 16, 28), place="Siena"),
        a_photo(3, datetime(2023, 6, 12, 0, 0)),
    ]
    facts = {
        "id": "0123456789abcdef",
        "library_id": 1,
        "library_name": "Home",
        "locale": "en_GB",
        "kind": "on_this_day",
        "key": "on_this_day:2026-06-12",
        "date": date(2026, 6, 12),
        "title": "On this day, 12 June",
        "reason": "3 photos from 12 June in 2019 and 2023",
        "strength": 0.5,
        "cover": photos[0],
        "items": tuple(StoryItem(photo, f"reason {photo.item_id}") for photo in photos),
    }
    return Story(**{**facts, **changes})


class Page(HTMLParser):
    """What is in a page: its tags with attributes, and its text outside style and script."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.inside = []
        self.text = ""
        self.sources = {"style": [], "script": []}
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag in self.sources:
            self.inside.append(tag)
            self.sources[tag].append("")

    def handle_endtag(self, tag):
        if tag in self.sources:
            self.inside.pop()

    def handle_data(self, data):
        if self.inside:
            self.sources[self.inside[-1]][-1] += data
        else:
            self.text += data

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def the_page(story=None, pictures=None):
    story = story or a_story()
    if pictures is None:
        pictures = {item.photo.item_id: picture_bytes() for item in story.items}
    return Page(render_story(story, pictures))


def test_every_picture_is_inside_the_page_once_and_the_cover_once_more():
    bytes_of = {1: picture_bytes("JPEG"), 2: picture_bytes("WEBP"), 3: picture_bytes("PNG")}
    sources = [image["src"] for image in the_page(pictures=bytes_of).all("img") if "src" in image]
    uris = [
        f"data:image/{kind};base64,{base64.b64encode(bytes_of[number]).decode()}"
        for number, kind in ((1, "jpeg"), (2, "webp"), (3, "png"))
    ]
    assert sources == [uris[0], *uris]


def a_video(item_id, hover_bytes=2000, **changes):
    clip = Clip(72.4, f"h/{item_id}", hover_bytes, None)
    return a_photo(item_id, datetime(2019, 6, 12, 9, 5), is_video=True, clip=clip, **changes)


FILM = b"\0\0\0\x18ftypmp42" + bytes(100)


def test_a_video_plays_in_the_page_and_says_how_long_it_is():
    story = a_story([a_video(1), a_photo(2, datetime(2019, 6, 12, 10, 5))])
    page = Page(render_story(story, {1: picture_bytes(), 2: picture_bytes()}, {1: FILM}))
    (clip,) = [each for each in page.all("video") if "src" in each]
    assert clip["src"] == f"data:video/mp4;base64,{base64.b64encode(FILM).decode()}"
    assert {"muted", "playsinline"} <= clip.keys()
    assert "Video 1:12" in " ".join(page.text.split())
    assert [each["alt"][:8] for each in page.all("img") if each.get("alt")] == ["Video, 1", "Video, 1", "Photo, 1"]
    (policy,) = [each["content"] for each in page.all("meta") if each.get("http-equiv")]
    assert "media-src data:;" in policy


def test_a_video_whose_clip_is_large_or_no_film_is_shown_by_its_poster_and_marked():
    large = a_story([a_video(1, CLIP_BYTES + 1), a_video(2, 0), a_video(3, CLIP_BYTES)])
    assert [photo.item_id for photo in clips_to_embed(large)] == [3]
    page = Page(render_story(large, dict.fromkeys((1, 2, 3), picture_bytes()), {3: b"<script>" * 10}))
    assert [each for each in page.all("video") if "src" in each] == []
    assert page.text.count("1:12") == 3


def test_the_clips_of_a_page_are_bounded_together():
    story = a_story([a_video(number, CLIP_BYTES) for number in range(1, 15)])
    assert len(clips_to_embed(story)) == CLIPS_BYTES // CLIP_BYTES


def test_nothing_outside_the_page_is_referred_to():
    html = render_story(a_story(), {number: picture_bytes() for number in (1, 2, 3)})
    assert "http:" not in html
    assert "https:" not in html
    head = re.sub(r"sha256-[\w+/=]+", "", html.split("data:image/")[0])
    assert "//" not in head
    page = Page(html)
    assert page.all("link") == []
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "action", "poster"):
            assert attributes.get(name, "#").startswith(("#", "data:image/"))
    assert "@import" not in page.sources["style"][0]


def test_the_policy_admits_this_style_and_script_and_nothing_else():
    page = the_page()
    (policy,) = [each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert "unsafe" not in policy

    def hashed(source):
        return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"

    assert rules["style-src"].split() == [hashed(source) for source in page.sources["style"]]
    assert rules["script-src"].split() == [hashed(source) for source in page.sources["script"]]
    assert not any("style" in attributes or "onclick" in attributes for _, attributes in page.tags)


def test_hostile_names_are_only_ever_text():
    photos = [
        a_photo(number, datetime(2019, 6, 12, 9 + number), key=HOSTILE, camera=HOSTILE, place=HOSTILE, dominant=HOSTILE)
        for number in (1, 2)
    ]
    story = a_story(photos, library_name=HOSTILE, title=HOSTILE, reason=HOSTILE)
    html = render_story(story, {1: picture_bytes(), 2: picture_bytes()})
    page = Page(html)
    assert "<script>alert" not in html
    assert len(page.all("script")) == 1
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert all(image.get("src", "data:").startswith("data:") for image in page.all("img"))
    assert "alert(1)" in page.text
    assert "alert" not in "".join(page.sources["style"] + page.sources["script"])
    assert "\x00" not in "".join(page.text.split(story.title))


def test_names_that_utf8_cannot_carry_do_not_stop_the_page():
    photo = a_photo(1, datetime(2019, 6, 12, 9), key="dir/caf\udce9.jpg", camera="\ud800")
    assert render_story(a_story([photo]), {1: picture_bytes()}).encode()


def test_years_days_times_places_and_reasons_are_said():
    text = " ".join(the_page().text.split())
    assert "2019 7 years ago Wednesday, 12 June" in text
    assert "16:28 Siena" in text
    assert "2023 3 years ago Monday, 12 June Arezzo" in text
    assert "00:00" not in text
    assert "Reason 2." in text
    assert "3 photos from 12 June in 2019 and 2023" in text


def test_pictures_are_described_by_date_place_and_reason():
    images = [image for image in the_page().all("img") if "src" in image]
    assert images[2]["alt"] == "Photo, 12 June 2019 at 16:28, Siena. Reason 2."
    assert images[3]["alt"] == "Photo, 12 June 2023, Arezzo. Reason 3."
    assert all(int(image["width"]) > 0 and int(image["height"]) > 0 for image in images)


def test_days_are_said_with_each_picture_where_a_year_has_several():
    photos = [a_photo(1, datetime(2019, 6, 11, 9)), a_photo(2, datetime(2019, 6, 13, 10))]
    text = " ".join(the_page(a_story(photos, locale="en_US")).text.split())
    assert "Tuesday, June 11, 9:00 AM" in text
    assert "Thursday, June 13, 10:00 AM" in text


def test_it_can_be_read_without_its_script():
    page = the_page()
    assert all("hidden" in button for button in page.all("button") if "data-play" in button)
    assert len(page.all("details")) == 3
    assert len(page.all("h1")) == 1
    assert len(page.all("h2")) == 2


def test_a_pictures_colour_stands_in_until_it_is_decoded_and_a_hostile_one_does_not():
    photos = [
        a_photo(1, datetime(2019, 6, 12, 9)),
        a_photo(2, datetime(2019, 6, 12, 10), dominant="#123456"),
        a_photo(3, datetime(2019, 6, 12, 11), dominant="red;}"),
    ]
    style = the_page(a_story(photos)).sources["style"][1]
    assert "#picture-1{--ratio:1.3333;--tone:#336699}" in style
    assert "--tone:#123456" in style
    assert "red" not in style


def test_a_missing_picture_says_so_and_another_is_the_cover():
    page = the_page(pictures={2: picture_bytes(), 3: b"<svg onload=alert(1)>"})
    assert len([image for image in page.all("img") if "src" in image]) == 2
    assert page.text.count("This picture is not here any more.") == 2


def test_a_story_without_any_picture_is_refused():
    with pytest.raises(ValueError, match="no picture"):
        render_story(a_story(), {})


def test_the_cover_looks_at_the_faces():
    photo = a_photo(1, datetime(2019, 6, 12, 9), faces=(FaceBox(0.7, 0.1, 0.1, 0.2, 0.9),))
    assert ".cover{--focus:75.0% 20.0%" in the_page(a_story([photo])).sources["style"][1]
    broken = replace(photo, faces=(FaceBox(float("nan"), 0.1, 0.1, 0.2, 0.9),))
    assert ".cover{--focus:50.0% 45.0%" in the_page(a_story([broken])).sources["style"][1]


def test_odd_sizes_do_not_break_the_frame():
    photos = [a_photo(1, datetime(2019, 6, 12, 9), width=0, height=0), a_photo(2, datetime(2019, 6, 12), width=90000)]
    style = the_page(a_story(photos)).sources["style"][1]
    assert "--ratio:1.5000" in style
    assert "--ratio:3.0000" in style


def test_the_same_story_gives_the_same_page():
    pictures = {number: picture_bytes() for number in (1, 2, 3)}
    assert render_story(a_story(), pictures) == render_story(a_story(), pictures)


def test_rows_pair_uprights_and_let_a_landscape_stand_alone():
    assert rows([1.5]) == [1]
    assert rows([0.75, 1.5]) == [2]
    assert rows([0.75, 0.75, 1.33]) == [3]
    assert rows([1.33, 1.33, 1.33]) in ([1, 2], [2, 1])


@given(st.lists(st.floats(0.5, 3.0), min_size=1, max_size=20))
def test_rows_take_every_picture(ratios):
    split = rows(ratios)
    assert sum(split) == len(ratios)
    assert set(split) <= {1, 2, 3}
