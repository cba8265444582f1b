"""The assets that wake DAGs, and how a task emits one only when there is a reason.

A task that succeeds emits every asset among its outlets. So tasks that may have nothing to say
have an `AssetAlias` as outlet and add events to it at run time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Asset, AssetAlias, AssetWatcher, Context
from airflow.triggers.base import BaseEventTrigger

from albumen.airflow.triggers.due_work import DueWorkTrigger
from albumen.airflow.triggers.new_originals import NewOriginalsTrigger
from albumen.airflow.triggers.queued_originals import QueuedOriginalsTrigger
from albumen.settings import Settings


def source_trigger(settings: Settings) -> BaseEventTrigger:
    """What notices new objects: a look at the buckets, or the queue that S3 tells."""
    queue = settings.discovery.sqs_queue
    return QueuedOriginalsTrigger(queue) if queue else NewOriginalsTrigger()


SOURCE_OBJECTS = Asset(
    name="source_objects",
    uri="albumen://source_objects",
    group="albumen",
    watchers=[AssetWatcher(name="new_originals", trigger=source_trigger(Settings()))],
)
ORIGINALS = Asset(name="originals", uri="albumen://originals", group="albumen")
RENDITIONS = Asset(name="renditions", uri="albumen://renditions", group="albumen")
ENRICHMENTS = Asset(name="enrichments", uri="albumen://enrichments", group="albumen")
ORGANISED = Asset(name="organised", uri="albumen://organised", group="albumen")
MEMORIES = Asset(name="memories", uri="albumen://memories", group="albumen")

TRANSCODE_ORIGINALS_DUE = Asset(
    name="transcode_originals_due",
    uri="albumen://transcode_originals_due",
    group="albumen",
    watchers=[AssetWatcher(name="original_work_due", trigger=DueWorkTrigger("original"))],
)
TRANSCODE_VIDEOS_DUE = Asset(
    name="transcode_videos_due",
    uri="albumen://transcode_videos_due",
    group="albumen",
    watchers=[AssetWatcher(name="video_work_due", trigger=DueWorkTrigger("video"))],
)
ENRICH_ITEMS_DUE = Asset(
    name="enrich_items_due",
    uri="albumen://enrich_items_due",
    group="albumen",
    watchers=[AssetWatcher(name="preview_work_due", trigger=DueWorkTrigger("preview"))],
)

DUE_ASSETS = {"original": TRANSCODE_ORIGINALS_DUE, "preview": ENRICH_ITEMS_DUE, "video": TRANSCODE_VIDEOS_DUE}


def emissions(task_id: str) -> AssetAlias:
    """The outlet of a task that emits at run time."""
    return AssetAlias(name=f"albumen_{task_id}", group="albumen")


def emit(context: Context, assets: Iterable[Asset], extra: dict[str, Any] | None = None) -> None:
    """Add events of `assets` to the task's outlets that are aliases; a task without one emits nothing."""
    for alias in context["task"].outlets:
        if isinstance(alias, AssetAlias):
            for asset in assets:
                context["outlet_events"][alias].add(asset, extra=extra or {})
