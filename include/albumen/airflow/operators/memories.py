"""Making memories when a library's local morning has come, or when it is asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pendulum
from airflow.sdk import Asset, BaseOperator, Context, TriggerRule

from albumen.airflow.assets import emit
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.hooks.library import library_store
from albumen.airflow.hooks.queue import aws_client
from albumen.airflow.labels import label
from albumen.airflow.xcom import mapped_results
from albumen.catalog import libraries, memories, memory_reviews
from albumen.settings import Settings


class PlanMemoriesOperator(BaseOperator):
    """Names the libraries whose turn it is, each with the local day to tell.

    A library has its turn once its local morning has come, and again whenever it was organised
    later that day. Asked for by hand, a library (or all) has its turn at once.

    Parameters
    ----------
    library : str
        Only this library; empty: all. Templated.
    as_of : str
        The local day, ISO; empty: today where the library is at home. Templated.
    """

    template_fields = ("library", "as_of")

    def __init__(self, *, library: str = "", as_of: str = "", catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.library = library
        self.as_of = as_of
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Whose turn is it?"""
        settings, now = Settings(), datetime.now(UTC)
        asked = bool(self.library or self.as_of)
        as_of = date.fromisoformat(self.as_of).isoformat() if self.as_of else ""
        organised = bool(context["triggering_asset_events"])
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            everyone = [libraries.named(connection, self.library)] if self.library else libraries.everyone(connection)
            turns = memories.turns(connection)
        jobs = []
        for library in everyone:
            local = pendulum.instance(now).in_timezone(library.home_zone)
            is_morning = local.hour >= settings.memories.morning_hour
            is_turn = turns.get(library.library_id) != local.date() or organised
            if asked or (is_morning and is_turn):
                jobs.append({"library": library.name, "day": as_of or local.date().isoformat()})
        return jobs


class GenerateMemoriesOperator(BaseOperator):
    """Chooses, renders and stores a library's memories of a day.

    Parameters
    ----------
    job : dict
        `library` and `day` (ISO); mapped, from `PlanMemoriesOperator`.
    """

    def __init__(self, *, job: dict[str, str], catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Generate; return the library, the day and the ids of the memories that are published."""
        # Here, since it draws pictures: parsing a DAG must not load what that takes.
        from albumen.memories import generating

        label(context, f"{self.job['library']} {self.job['day']}")
        settings, day = Settings(), date.fromisoformat(self.job["day"])
        catalog = CatalogHook(catalog_conn_id=self.catalog_conn_id)
        with catalog.connect() as connection:
            library = libraries.named(connection, self.job["library"])
        found = generating.generate(
            catalog.connect, library_store(settings), library, day, settings, seed=library.library_id
        )
        with catalog.connect() as connection:
            memories.take_turn(connection, library.library_id, day)
            asked = memory_reviews.in_review(connection, [story.id for story in found])
            connection.commit()
        for story in found:
            self.log.info("%s: %s (%s), %d pictures", story.id, story.title, story.reason, len(story.items))
        if not found:
            self.log.info("%s has no story on %s", library.name, day)
        return {**self.job, "memories": [story.id for story in found if story.id not in asked]}


class SettleMemoriesOperator(BaseOperator):
    """Emits `changed` if a library has a story.

    Parameters
    ----------
    changed : Asset
        The memories.
    generate_task_id : str
        The mapped task whose results are read.
    """

    def __init__(self, *, changed: Asset, generate_task_id: str = "generate", **kwargs: Any) -> None:
        kwargs.setdefault("trigger_rule", TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
        super().__init__(**kwargs)
        self.changed = changed
        self.generate_task_id = generate_task_id

    def execute(self, context: Context) -> list[str]:
        """Sum up and emit; return the memories' ids."""
        results = mapped_results(context, self.generate_task_id)
        told = [memory for result in results for memory in result["memories"]]
        emit(context, [self.changed] if told else [], {"memories": told})
        return told


class AnnounceMemoriesOperator(BaseOperator):
    """Tells webhook, topic and queue of the settings what was published and withdrawn, and finishes withdrawals.

    Parameters
    ----------
    catalog_conn_id : str
        Connection of the catalog; empty: that of the settings.
    """

    def __init__(self, *, catalog_conn_id: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("trigger_rule", TriggerRule.ALL_DONE)
        super().__init__(**kwargs)
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> int:
        """Send what waits; return how many events. AnnouncingError: somebody could not be told, and is tried again."""
        from albumen.memories import announcing

        settings = Settings()
        catalog = CatalogHook(catalog_conn_id=self.catalog_conn_id)
        receivers = announcing.receivers(settings.memories, aws_client(settings))
        return announcing.announce(catalog.connect, library_store(settings), receivers, settings)
