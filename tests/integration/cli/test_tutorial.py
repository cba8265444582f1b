"""The tutorial is run: its files are written, its commands called, its output compared, in a copy of the repository."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import pytest
from PIL import Image, ImageDraw

from albumen.local.home import REPOSITORY

pytestmark = pytest.mark.stack

BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"`(?P<path>[\w/.]+\.py)`:$")


@dataclass(frozen=True)
class Block:
    """A fenced block, with the file it is named as."""

    language: str
    path: str
    text: str


def blocks() -> list[Block]:
    page = (REPOSITORY / "docs" / "tutorial-step.md").read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(page):
        named = FILE.search(page[: match.start()].rstrip())
        found.append(Block(match["language"], named["path"] if named else "", match["text"]))
    return found


def said(output: str) -> list[str]:
    """Lines as they are meant: no empty ones, any duration, any spaces."""
    lines = [" ".join(re.sub(r"\d+ ms", "N ms", line).split()) for line in output.splitlines()]
    return [line for line in lines if line.strip(" ─")]


def test_the_tutorial_does_what_it_says(checkout) -> None:  # type: ignore[no-untyped-def]
    picture = Image.new("RGB", (1600, 1600), "#9fc4e8")
    ImageDraw.Draw(picture).rectangle((0, 800, 1600, 1600), fill="#1f4e6b")
    turned = picture.rotate(-4, Image.Resampling.BICUBIC).crop((400, 500, 1200, 1100))
    turned.save(checkout.root / "beach.jpg", quality=92)
    files, output = [], ""
    for block in blocks():
        if block.language == "python":
            assert block.path, block.text[:80]
            (checkout.root / block.path).parent.mkdir(parents=True, exist_ok=True)
            (checkout.root / block.path).write_text(block.text, encoding="utf-8")
            files.append(block.path)
        elif block.language == "sh":
            for line in block.text.splitlines():
                program, verb, *words = shlex.split(line)
                assert program == "./albumen"
                if verb == "test":
                    checkout.lint(*files)
                    output = checkout.pytest("-q", *words)
                else:
                    where = ["--repository", str(checkout.root)] if verb == "new" and "--package" not in words else []
                    output = checkout.albumen(verb, *words, *where)
        else:
            assert block.language == "text"
            assert said(output) == said(block.text)
    assert len(files) == 3
    drawn = Image.open(checkout.root / "beach.jpg.try.png").convert("RGB")
    line = {drawn.getpixel((x, round((0.4511 + 0.0929 * x / 800) * 600))) for x in range(100, 700, 100)}
    assert line == {(255, 82, 82)}, "the line is drawn where the sea ends"
    assert (checkout.root / "albumen-sunset" / "pyproject.toml").is_file()
