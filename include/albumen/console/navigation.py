"""Which pages there are. A page is a line here, a module `pages/NAME.py` with a `router`, and a template."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import APIRouter

PREFIX = "/albumen"
"""Where Airflow mounts the console. Paths below it have no slash, so that pages find each other by relative links."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes
    ----------
    name : str
        Its module in `albumen.console.pages` and, in the navigation, its path.
    title : str
        What the navigation calls it; empty: it is reached from other pages only.
    of_library : bool
        Whether it shows one library, so that the navigation keeps which.
    """

    name: str
    title: str = ""
    of_library: bool = True

    @property
    def router(self) -> APIRouter:
        """Its routes."""
        router: APIRouter = import_module(f"albumen.console.pages.{self.name}").router
        return router


PAGES = (
    Page("overview", "Overview", of_library=False),
    Page("quarantine", "Quarantine"),
    Page("item", "Item"),
    Page("library", "Library"),
    Page("search", "Search"),
    Page("map", "Map"),
    Page("people", "People"),
    Page("person"),
    Page("suggestions"),
    Page("duplicates", "Duplicates"),
    Page("clocks", "Clocks"),
    Page("memories", "Memories"),
    Page("memory"),
    Page("backfill", "Backfill"),
    Page("alerts", "Alerts", of_library=False),
    Page("audit", "Audit", of_library=False),
    Page("run"),
)


def external_views(base: str = "") -> list[dict[str, Any]]:
    """What Airflow's UI shows of the console; `base` is the path that Airflow is served at."""
    here = f"{base.rstrip('/')}{PREFIX}"
    return [
        {
            "name": "Albumen",
            "href": f"{here}/overview",
            "destination": "nav",
            "url_route": "albumen",
            "nav_top_level": True,
            "icon": f"{here}/static/icon.svg",
            "icon_dark_mode": f"{here}/static/icon-dark.svg",
        },
        {
            "name": "Photos",
            "href": f"{here}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "albumen-run",
        },
        {
            "name": "Photos",
            "href": f"{here}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}&task_id={{TASK_ID}}&map_index={{MAP_INDEX}}",
            "destination": "task_instance",
            "url_route": "albumen-task",
        },
    ]
