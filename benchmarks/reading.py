"""How many characters does OCR get wrong? Known texts, drawn with the fonts that are there, read back.

A page of four languages is drawn in each font, in three sizes, as a scan would be, and once more as a phone would
see it: tilted, in uneven light, a little out of focus, as a JPEG.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from albumen.pipeline.steps.text import TextStep
from albumen.settings import Settings

Picture = np.ndarray[Any, np.dtype[np.uint8]]
PAGE = (
    "The markers are pixels that we can label",
    "Total 184.20 including tax, paid 16:45",
    "Bitte 3 Äpfel & 2 Brötchen für Frau Groß",
    "À demain, où le café reste ouvert à Noël",
    "¿Dónde está la estación? Andén 7, señor",
)
SIZES = (20, 28, 40)
SIZE = (1400, 800)
PAPER, INK = "#f6f3ea", "#202020"
FONTS = Path("/usr/share/fonts")
"""Where Debian's packages put them (fonts-dejavu-core)."""
ORNAMENTAL = ("Math", "codicon", "ExtraLight")


def fonts(folder: Path, most: int) -> dict[str, Path | None]:
    """Fonts by name: Pillow's own, and some of a folder's that have the page's letters, evenly chosen."""
    plain = sorted(path for path in folder.rglob("*.ttf") if not any(word in path.name for word in ORNAMENTAL))
    files = [path for path in plain if has_letters(path)]
    step = max(1, len(files) // most)
    return {"Pillow's own": None, **{path.stem: path for path in files[::step][:most]}}


def has_letters(font: Path) -> bool:
    """Whether a font draws every letter of the page, and not the box that stands for a missing one."""
    drawing = ImageFont.truetype(str(font), 28)
    missing = bytes(drawing.getmask("\U0010fffe"))
    return all(bytes(drawing.getmask(letter)) != missing for letter in set("".join(PAGE)) if letter != " ")


def lines(font: Path | None) -> Sequence[str]:
    """What a font can write: Pillow's own knows no accents."""
    return PAGE if font else [line for line in PAGE if line.isascii()]


def drawn(font: Path | None, size: int) -> Picture:
    """The page, clean."""
    sheet = Image.new("RGB", SIZE, PAPER)
    chosen = ImageFont.load_default(size) if font is None else ImageFont.truetype(str(font), size)
    for row, line in enumerate(lines(font)):
        ImageDraw.Draw(sheet).text((80, 60 + 140 * row), line, INK, chosen)
    return np.asarray(sheet)


def photographed(page: Picture, seed: int) -> Picture:
    """The page on a table, seen by a phone from above the reader's shoulder."""
    rng = np.random.default_rng(seed)
    height, width = page.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = (flat * 0.9 + (0.05 * width, 0.05 * height) + rng.uniform(-30, 30, (4, 2))).astype(np.float32)
    turned = cv2.warpPerspective(
        page, cv2.getPerspectiveTransform(flat, seen), (width, height), borderValue=(96, 74, 58)
    )
    soft = cv2.GaussianBlur(turned, (0, 0), 0.8).astype(np.float32)
    light = np.linspace(0.7, 1.05, width, dtype=np.float32)[np.newaxis, :, np.newaxis]
    noisy = np.clip(soft * light + rng.normal(0, 4, soft.shape), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy).save(out, "JPEG", quality=70)
    return np.asarray(Image.open(out).convert("RGB"))


def measure(settings: Settings, folder: Path, most: int) -> dict[str, Any]:
    """Share of characters that are wrong (edit distance), all together, by font, and of photographed pages."""
    reader = TextStep(settings)._reader

    def read(page: Picture, font: Path | None) -> Read:
        truth = "\n".join(lines(font))
        return Read(edit_distance(truth, "\n".join(line.text for line in reader.read(page))), len(truth))

    chosen = fonts(folder, most)
    clean = {(name, size): read(drawn(font, size), font) for name, font in chosen.items() for size in SIZES}
    seen = [read(photographed(drawn(font, 28), seed), font) for seed, font in enumerate(chosen.values())]
    return {
        **share(clean.values()),
        "by_font": {name: share(one for (of, _), one in clean.items() if of == name)["error"] for name in chosen},
        "by_size": {str(size): share(one for (_, at), one in clean.items() if at == size)["error"] for size in SIZES},
        "photographed": share(seen),
    }


class Read(NamedTuple):
    """How many characters of a page were wrong, of how many."""

    wrong: int
    characters: int


def share(pages: Iterable[Read]) -> dict[str, Any]:
    """Of some pages together."""
    wrong, characters = map(sum, zip(*pages, strict=True))
    return {"characters": characters, "error": round(wrong / characters, 4)}


def edit_distance(one: str, other: str) -> int:
    """Fewest insertions, deletions and substitutions from one to the other."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
