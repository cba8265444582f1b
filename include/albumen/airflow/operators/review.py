"""Asking a person before a memory is published, where its library wants that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Asset, BaseOperator, Context, TriggerRule

from albumen.airflow.assets import emit
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.hooks.library import library_store
from albumen.airflow.hooks.queue import aws_client
from albumen.airflow.labels import label
from albumen.catalog import libraries, memories, memory_reviews
from albumen.catalog.memories import StoredMemory
from albumen.settings import Settings

AT_ONCE = 50
NOBODY = "nobody (it was not answered in time)"
PAGE = "/plugin/albumen/albumen"
"""Where Airflow's UI shows the console."""


class PlanReviewsOperator(BaseOperator):
    """Names the memories that wait for a person and that nobody was asked about."""

    def __init__(self, *, catalog_conn_id: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("trigger_rule", TriggerRule.ALL_DONE)
        super().__init__(**kwargs)
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> list[dict[str, str]]:
        """What is to be asked: library, memory, and which edition of it."""
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            waiting = memory_reviews.unasked(connection, most=AT_ONCE)
        return [{"library": one.library, "memory": one.memory_id, "inputs": one.inputs_key} for one in waiting]


class AskForReviewOperator(TriggerDagRunOperator):
    """Starts `review_memory` for one memory; an edition that it was started for is not asked about twice.

    Parameters
    ----------
    job : dict
        `library`, `memory` and `inputs`; mapped, from `PlanReviewsOperator`.
    """

    def __init__(self, *, job: dict[str, str], **kwargs: Any) -> None:
        given: dict[str, Any] = {"logical_date": None, "skip_when_already_exists": True}
        super().__init__(**(given | kwargs))
        self.job = job

    def execute(self, context: Context) -> None:
        """Start it; the run's name is made of the memory and its edition."""
        label(context, f"{self.job['library']} {self.job['memory']}")
        self.conf = dict(self.job)
        self.trigger_run_id = f"review__{self.job['memory']}__{self.job['inputs'][:8]}"
        super().execute(context)


class ReviewMemoryOperator(ApprovalOperator):
    """Asks a person whether a memory may be published; what an unanswered question means is a setting.

    Parameters
    ----------
    library : str
        Whose memory. Templated.
    memory_id : str
        Which. Templated.
    inputs_key : str
        The edition that is asked about; empty: the one there is. Templated.
    """

    template_fields = ("subject", "body", "library", "memory_id", "inputs_key")

    def __init__(
        self, *, library: str, memory_id: str, inputs_key: str = "", catalog_conn_id: str = "", **kwargs: Any
    ) -> None:
        knobs = Settings().memories
        given: dict[str, Any] = {
            "subject": "May this memory be published?",
            "defaults": [self.APPROVE if knobs.review_unanswered == "publish" else self.REJECT],
            "response_timeout": timedelta(hours=knobs.review_hours),
        }
        super().__init__(**(given | kwargs))
        self.library, self.memory_id, self.inputs_key = library, memory_id, inputs_key
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> Any:
        """Put the question with title, reason, cover and pictures; skip the rest where there is nothing to ask."""
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            library = libraries.named(connection, self.library)
            memory = memories.one(connection, library.library_id, self.memory_id)
            is_asked = memory is not None and memory.state == "review" and self.inputs_key in ("", memory.inputs_key)
            if memory is None or not is_asked:
                self.log.info("memory %s is gone, made anew or answered: nothing to ask", self.memory_id)
                self.skip(ti=context["ti"], tasks=context["task"].get_direct_relatives(upstream=False))
                return None
            memory_reviews.mark_asked(connection, memory.memory_id, memory.inputs_key)
            connection.commit()
        self.subject = f"Publish {memory.title!r} to {library.name}?"
        self.body = question(memory, library.name, library.prefix)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Keep the answer, who gave it, and what follows from it."""
        answer, user = event.get("chosen_options"), event.get("responded_by_user")
        if answer:
            with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
                library = libraries.named(connection, self.library)
                told_on = memory_reviews.answer(
                    connection,
                    library.library_id,
                    self.memory_id,
                    approved=answer[0] == self.APPROVE,
                    by=user["name"] if user else NOBODY,
                    library=library.name,
                    inputs_key=self.inputs_key,
                )
                connection.commit()
            if told_on is None:
                self.log.info("memory %s was made anew, withdrawn or answered elsewhere meanwhile", self.memory_id)
            else:
                self.log.info("memory %s: %s", self.memory_id, answer[0])
        return super().execute_complete(context, event)


class PublishMemoryOperator(BaseOperator):
    """Writes the feed of a memory's day and tells the world what waits to be told.

    Parameters
    ----------
    library : str
        Whose memory. Templated.
    memory_id : str
        Which. Templated.
    changed : Asset
        The memories.
    """

    template_fields = ("library", "memory_id")

    def __init__(
        self, *, library: str, memory_id: str, changed: Asset, catalog_conn_id: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.library, self.memory_id, self.changed = library, memory_id, changed
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> bool:
        """Publish; False if the memory is published no more."""
        # Here, since they draw pictures: parsing a DAG must not load what that takes.
        from albumen.memories import announcing, feeds

        settings, store = Settings(), library_store(Settings())
        catalog = CatalogHook(catalog_conn_id=self.catalog_conn_id)
        with catalog.connect() as connection:
            library = libraries.named(connection, self.library)
            memory = memories.one(connection, library.library_id, self.memory_id)
        if memory is None or memory.state != "published":
            self.log.info("memory %s is not published any more", self.memory_id)
            return False
        link_s = settings.memories.link_hours * 3600
        feeds.write(
            catalog.connect, store, settings.library_bucket, library.library_id, [memory.told_on], link_s=link_s
        )
        receivers = announcing.receivers(settings.memories, aws_client(settings))
        announcing.announce(catalog.connect, store, receivers, settings)
        emit(context, [self.changed], {"memories": [memory.memory_id]})
        return True


def question(memory: StoredMemory, library: str, prefix: str) -> str:
    """What a person is shown of a memory, Markdown; titles and keys in it are untrusted and shown as they are."""
    where = urlencode({"library": library, "memory": memory.memory_id})
    lines = [
        f"![cover](/albumen/memory-cover?{where})",
        f"**{_plain(memory.title)}**, {memory.told_on}: {_plain(memory.reason)}.",
        f"[See it as the owner would]({PAGE}/memory?{where})",
        f"{len(memory.items)} pictures:",
        "\n".join(
            f"- `{_plain(key.removeprefix(prefix) if key else 'erased')}`: {_plain(reason)}"
            for _, key, reason in memory.items
        ),
    ]
    return "\n\n".join(lines)


def _plain(text: str) -> str:
    """Without what Markdown would make a link, a picture or code of."""
    return " ".join("".join(each for each in text if each not in "`*_[]()<>!\\").split())
