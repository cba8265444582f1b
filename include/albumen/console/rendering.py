"""Templates and what they share: the navigation, and how values are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.templating import Jinja2Templates
from starlette.responses import Response

from albumen.console import assets
from albumen.console.navigation import PAGES
from albumen.console.scope import Scope

TEMPLATES = Jinja2Templates(Path(__file__).parent / "templates")


def moment(value: datetime | None) -> str:
    """A time in UTC, to the second."""
    return f"{value:%Y-%m-%d %H:%M:%S}" if value else ""


def span(seconds: float | None) -> str:
    """A length of time, roughly."""
    if seconds is None:
        return ""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def clock(seconds: float | None) -> str:
    """The length of a video, as players show it; empty where it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def size(count: int | None) -> str:
    """A number of bytes."""
    value, units = float(count or 0), ("B", "kB", "MB", "GB", "TB")
    unit = 0
    while value >= 1000 and unit < len(units) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {units[unit]}" if unit == 0 else f"{value:.1f} {units[unit]}"


def number(value: float | None) -> str:
    """A count, in groups of three."""
    return "" if value is None else f"{value:,.0f}"


def money(value: float) -> str:
    """An amount; of small ones the digits that tell."""
    return f"{value:,.2f}" if value >= 1 or not value else f"{value:.4f}"


TEMPLATES.env.filters |= {
    "moment": moment,
    "span": span,
    "clock": clock,
    "size": size,
    "number": number,
    "money": money,
}
TEMPLATES.env.globals |= {"asset": assets.address}
TEMPLATES.env.trim_blocks = TEMPLATES.env.lstrip_blocks = True


def page(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    *,
    scope: Scope | None = None,
    status_code: int = 200,
) -> Response:
    """A page in the frame.

    Parameters
    ----------
    template : str
        In `templates/`; its name is that of the page in the navigation.
    values : mapping
        What the template shows. Everything is escaped: nothing is ever marked as safe.
    scope : Scope, optional
        The library the page is about; the frame then lets another be chosen.
    """
    context = {"scope": scope, "pages": [one for one in PAGES if one.title], "current": template.removesuffix(".html")}
    return TEMPLATES.TemplateResponse(request, template, {**context, **values}, status_code=status_code)
