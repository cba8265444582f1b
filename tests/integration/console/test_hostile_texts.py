"""Names, EXIF and errors of strangers are shown as text, on every page and in every form field."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

from albumen.console.navigation import PAGES
from albumen.testing import hostile_texts

OURS = {
    "a", "b", "bdi", "body", "button", "code", "dd", "details", "dialog", "div", "dl", "dt", "form", "h1", "h2",
    "head", "header", "html", "image", "img", "input", "label", "li", "link", "main", "meta", "nav", "noscript", "ol",
    "option", "p", "pre", "rect", "script", "section", "select", "span", "summary", "svg", "table", "tbody", "td",
    "textarea", "th", "thead", "time", "title", "tr", "ul",
}  # fmt: skip


class Strict(HTMLParser):
    """Refuses every element and attribute that no template of ours writes."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.wrong: list[Any] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        values = dict(attrs)
        if tag not in OURS or any(name.startswith("on") or name in {"style", "srcdoc", "autofocus"} for name in values):
            self.wrong.append((tag, values))
        if tag == "script" and not (values.get("src") or "").startswith("static/"):
            self.wrong.append((tag, values))
        for name in ("href", "src", "action"):
            address = (values.get(name) or "").strip().lower()
            if address.startswith(("javascript:", "data:", "http:", "https:", "//")):
                self.wrong.append((tag, values))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(answer: Any) -> Strict:
    page = Strict()
    page.feed(answer.text)
    page.close()
    return page


@pytest.fixture
def full(photos: Any) -> Any:
    hostile_texts.fill(photos)
    return photos


def test_every_page_is_among_the_hostile_ones() -> None:
    assert {one.name for one in PAGES} <= {path.partition("?")[0] for path in hostile_texts.PAGES}


def test_no_page_has_an_element_that_is_not_ours(operator: Any, full: Any) -> None:
    for path in hostile_texts.PAGES:
        answer = operator.get(f"/albumen/{path}", headers={"Accept": "text/html"})
        assert answer.status_code == 200, path
        assert read(answer).wrong == [], path


def test_hostile_names_are_shown_as_they_are(operator: Any, full: Any) -> None:
    shown = read(operator.get("/albumen/quarantine?library=test")).text
    assert [text for text in hostile_texts.CORPUS if text not in shown] == []


def test_what_comes_in_by_the_address_is_text_too(operator: Any, photos: Any) -> None:
    for text in hostile_texts.CORPUS:
        word = quote(text, safe="")
        for path in (
            f"quarantine?step={word}&prefix={word}&camera={word}&reason={word}",
            f"item?key={word}",
            f"item?library={word}",
        ):
            answer = operator.get(f"/albumen/{path}", headers={"Accept": "text/html"})
            assert read(answer).wrong == [], path
        assert operator.get(f"/albumen/{word}", headers={"Accept": "text/html"}).status_code in {404, 405}, text
