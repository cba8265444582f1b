"""Drawing what a step found onto the picture it looked at.

A step does not draw. What its rows hold is drawn by these rules, wherever in a row it stands, with
fractions of the upright picture from its top left corner:

- `x`, `y`, `width`, `height`, or `box` with these four: a frame;
- `x1`, `y1`, `x2`, `y2`: a line;
- `landmarks`, x and y in turn: dots.

Whatever else is short enough stands in words below the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from albumen.cli.try_report import shortened

COLOURS = ("#ff5252", "#ffd740", "#69f0ae", "#40c4ff", "#e040fb", "#ffab40")
GROUND, INK = "#1d1b19", "#f4f1ec"
MOST_LINES = 10
LABELS = ("name", "label", "text", "score")

Shape = Callable[["Pen", Sequence[float]], None]


class Pen:
    """Draws fractions of a picture, in one colour."""

    def __init__(self, picture: Image.Image, colour: str) -> None:
        self._draw = ImageDraw.Draw(picture)
        self._width, self._height = picture.size
        self._colour = colour
        self._stroke = max(2, min(picture.size) // 300)

    def frame(self, box: Sequence[float]) -> None:
        """A box: left, top, width, height."""
        left, top, width, height = box
        corners = [*self._at(left, top), *self._at(left + width, top + height)]
        self._draw.rectangle(corners, outline=self._colour, width=self._stroke)

    def line(self, ends: Sequence[float]) -> None:
        """A straight line between two points."""
        self._draw.line([*self._at(*ends[:2]), *self._at(*ends[2:])], fill=self._colour, width=self._stroke)

    def dots(self, points: Sequence[float]) -> None:
        """A dot for every x and y."""
        for x, y in zip(points[::2], points[1::2], strict=False):
            self._draw.circle(self._at(x, y), self._stroke, fill=self._colour)

    def write(self, x: float, y: float, words: str) -> None:
        """A label whose lower left corner is the point, or as near as the picture has room."""
        font = ImageFont.load_default(max(12, min(self._width, self._height) // 50))
        left, top = self._at(x, y)
        _, _, width, height = self._draw.textbbox((0, 0), words, font=font)
        left, top = min(left, self._width - width - 6), max(0, top - height - 6)
        self._draw.rectangle((left, top, left + width + 6, top + height + 6), fill=self._colour)
        self._draw.text((left + 3, top + 2), words, font=font, fill=GROUND)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x * self._width, y * self._height


SHAPES: tuple[tuple[tuple[str, ...], Shape], ...] = (
    (("x", "y", "width", "height"), Pen.frame),
    (("box",), Pen.frame),
    (("x1", "y1", "x2", "y2"), Pen.line),
    (("landmarks",), Pen.dots),
)
"""Columns and what they are drawn as; columns drawn are not written, too."""


def draw_findings(preview: bytes, headline: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Image.Image:
    """The picture with all that was found in it.

    Parameters
    ----------
    preview : bytes
        A rendition of ours: upright.
    headline : str
        First line of the words below.
    rows : mapping of table to rows
        As in `StepResult`.
    """
    picture = Image.open(BytesIO(preview)).convert("RGB")
    drawn = [each for found in rows.values() for row in found for each in _drawable(row)]
    for number, (holder, shapes) in enumerate(drawn):
        pen = Pen(picture, COLOURS[number % len(COLOURS)])
        for shape, values in shapes:
            shape(pen, values)
        words = next((shortened(holder[name]) for name in LABELS if holder.get(name) is not None), "")
        corner = next((values for shape, values in shapes if shape is not Pen.dots), None)
        if words and corner is not None:
            pen.write(corner[0], corner[1], words)
    return _captioned(picture, [headline, *_words(rows)])


def _drawable(value: Any) -> Iterator[tuple[Mapping[str, Any], list[tuple[Shape, list[float]]]]]:
    """Every mapping in a value that has something to draw, with its shapes."""
    if isinstance(value, Mapping):
        shapes = [(shape, values) for names, shape in SHAPES if (values := _numbers(value, names))]
        if shapes:
            yield value, shapes
        for each in value.values():
            yield from _drawable(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _drawable(each)


def _numbers(row: Mapping[str, Any], names: Sequence[str]) -> list[float]:
    """The values of the columns, one list; empty unless all are fractions, give or take what lies outside."""
    values = [row.get(name) for name in names]
    flat = values[0] if len(names) == 1 else values
    if not isinstance(flat, list | tuple) or len(flat) < 2 or (names == ("box",) and len(flat) != 4):
        return []
    is_fraction = all(isinstance(each, int | float) and -1 <= each <= 2 for each in flat)
    # A photo of 1 x 1 pixels has a width and a height, too, but no x and y.
    return [float(each) for each in flat] if is_fraction else []


def _words(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    lines = []
    for table, found in rows.items():
        if not found:
            lines.append(f"{table}: nothing found")
        for row in found:
            hidden = {name for names, _ in SHAPES if _numbers(row, names) for name in names}
            parts = [f"{name} {shortened(value)}" for name, value in row.items() if name not in hidden and _says(value)]
            if parts:
                lines.append(f"{table}: {', '.join(parts)}")
    return lines if len(lines) <= MOST_LINES else [*lines[:MOST_LINES], f"and {len(lines) - MOST_LINES} more"]


def _says(value: Any) -> bool:
    """Whether a value is worth words."""
    if isinstance(value, list | tuple) and value and all(isinstance(each, str) for each in value):
        return True
    return value not in (None, "") and not (isinstance(value, bytes | list | tuple | Mapping) and len(value) != 1)


def _captioned(picture: Image.Image, lines: Sequence[str]) -> Image.Image:
    """The lines on a band below the picture, broken where they are too long."""
    width, height = picture.size
    size = max(12, min(width, 1600) // 60)
    font = ImageFont.load_default(size)
    broken = [part for line in lines for part in _broken(line, font, width - 2 * size)]
    line_height = round(size * 1.4)
    sheet = Image.new("RGB", (width, height + line_height * len(broken) + size), GROUND)
    sheet.paste(picture)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(broken):
        draw.text((size, height + size // 2 + number * line_height), line, font=font, fill=INK)
    return sheet


def _broken(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    lines = [""]
    for word in line.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
