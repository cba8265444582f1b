"""The console's pages, in Airflow's UI. Nothing but the plugin belongs into this folder."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from albumen.console.mounted import console
from albumen.console.navigation import PREFIX, external_views


class AlbumenPlugin(AirflowPlugin):
    """Mounts the console and names it in the navigation."""

    name = "albumen"
    fastapi_apps: ClassVar[list[Any]] = [{"app": console, "url_prefix": PREFIX, "name": "Albumen"}]
    external_views: ClassVar[list[Any]] = external_views(urlsplit(conf.get("api", "base_url", fallback="")).path)
