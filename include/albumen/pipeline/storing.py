"""Storing what steps made: objects go up while the next item is decoded, rows wait for their transaction."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from albumen.catalog.results import StepOutcome
from albumen.media.metadata.sidecar_names import media_keys
from albumen.pipeline.contract import Step, StepResult, StepSkip, StoredObject
from albumen.pipeline.deciding import Decided, Decider, done
from albumen.pipeline.sandbox import WorkOutcome
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings
from albumen.storage.layout import CACHE_FOREVER, rendition_key
from albumen.storage.object_store import ObjectStore, StorageError


class Storing:
    """Uploads renditions of one shard and turns step outcomes into catalog results."""

    def __init__(
        self,
        store: ObjectStore,
        executor: Executor,
        library_id: int,
        steps: Mapping[str, type[Step]],
        settings: Settings,
    ) -> None:
        self.store, self.executor, self.library_id = store, executor, library_id
        self.steps, self.settings = steps, settings
        self._outcomes: dict[int, list[WorkOutcome]] = defaultdict(list)
        self._uploads: dict[int, list[Future[dict[str, Any]]]] = defaultdict(list)

    def begin(self, part: Decided, outcome: WorkOutcome) -> bool:
        """Take an outcome from the sandbox and start its uploads; True when it is the last of its subject."""
        self._outcomes[outcome.subject_id].append(outcome)
        if isinstance(outcome.result, StepResult):
            for made in outcome.result.objects:
                key = self._key(part, outcome.step, made)
                folder = Path(part.reading.path).parent
                self._uploads[outcome.subject_id].append(self.executor.submit(self._put, key, made, folder))
        return part.work is not None and len(self._outcomes[outcome.subject_id]) == len(part.work.steps)

    def finish(self, part: Decided, decider: Decider) -> None:
        """Wait for a subject's uploads and complete its result; nothing to do where there was no work.

        Raises
        ------
        albumen.storage.object_store.StorageError
            If an upload failed.
        """
        subject_id = part.result.subject_id
        if subject_id not in self._outcomes:
            return
        uploads, outcomes = self._uploads.pop(subject_id, []), self._outcomes.pop(subject_id)
        part.result.renditions = [upload.result() for upload in uploads]
        subject_key = part.reading.subject.key
        made = [self._outcome(part, decider, outcome) for outcome in outcomes]
        part.result.outcomes = [*part.result.outcomes, *made]
        for outcome in outcomes:
            if isinstance(outcome.result, StepResult):
                rows = {table: [dict(row) for row in found] for table, found in outcome.result.rows.items()}
                titles = [row["title"] for row in rows.get("sidecars", ()) if row["title"]]
                told = (key for title in titles for key in media_keys(subject_key, title))
                part.result.retold = [*part.result.retold, *told]
                part.result.rows |= {table: rows.get(table, []) for table in self.steps[outcome.step].writes}
                if self.steps[outcome.step].makes_preview:
                    part.result.follow |= decider.following(part)

    def _put(self, key: str, made: StoredObject, folder: Path) -> dict[str, Any]:
        bucket, size = self.settings.library_bucket, len(made.data)
        if made.file:
            with _opened(folder / made.file) as file:
                size = os.fstat(file.fileno()).st_size
                etag = self.store.put_file(bucket, key, file, mime=made.mime, cache_control=CACHE_FOREVER)
        else:
            etag = self.store.put(bucket, key, made.data, mime=made.mime, cache_control=CACHE_FOREVER)
        return {
            "name": made.name,
            "key": key,
            "mime": made.mime,
            "width": made.width,
            "height": made.height,
            "bytes": size,
            "etag": etag,
        }

    def _key(self, part: Decided, step: str, made: StoredObject) -> str:
        sha256 = part.reading.sha256 or part.reading.subject.sha256 or b""
        return rendition_key(
            self.library_id,
            sha256,
            made.name,
            version=self.steps[step].version,
            inputs_key=part.inputs[step],
            extension=made.extension,
        )

    def _outcome(self, part: Decided, decider: Decider, outcome: WorkOutcome) -> StepOutcome:
        step = self.steps[outcome.step]
        subject = part.reading.subject
        result = outcome.result
        if isinstance(result, ItemFault | StepSkip):
            fault = result if isinstance(result, ItemFault) else ItemFault(result.reason, result.detail)
            return replace(decider.fault_outcome(part, outcome.step, fault), cpu_s=outcome.cpu_s, wall_s=outcome.wall_s)
        return done(
            step,
            part.inputs[outcome.step],
            attempts=subject.attempts[outcome.step] + 1,
            cpu_s=outcome.cpu_s,
            wall_s=outcome.wall_s,
            read=part.reading.bytes_read,
            written=sum(len(made.data) for made in result.objects),
        )


def _opened(path: Path) -> BinaryIO:
    """A file that a child wrote; a link to somewhere else is none."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StorageError(f"{path.name}: what the step left is no file")
    return os.fdopen(descriptor, "rb")
