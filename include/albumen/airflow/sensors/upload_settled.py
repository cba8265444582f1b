"""Waiting until nobody uploads any more."""

from __future__ import annotations

from typing import Any

from albumen.airflow.sensors.looking import LookingSensor
from albumen.airflow.triggers.upload_settled import UploadSettledTrigger


class UploadSettledSensor(LookingSensor):
    """Waits until no object of a library, or below a bucket's prefix, came or changed for a while.

    It lists at every look: every `poke_interval` seconds, and less often where that takes long.
    Returns `library`, `bucket`, `prefix`, `objects`, `bytes` and `newest`.

    Parameters
    ----------
    library : str
        A library's name. Templated.
    bucket, prefix : str
        In place of a library, any place of the object store. Templated.
    quiet_minutes : float or str
        How long nothing may have changed. Templated.
    min_objects : int
        Fewest objects; 0 lets an empty place settle.
    registered : bool
        Of a library: wait until the catalog knows every object, so that a sensor on its steps after
        this one speaks of all of them.
    storage_conn_id : str
        Airflow connection of the store; empty: the one of the settings.
    """

    template_fields = ("library", "bucket", "prefix", "quiet_minutes")

    def __init__(
        self,
        *,
        library: str = "",
        bucket: str = "",
        prefix: str = "",
        quiet_minutes: float | str = 10.0,
        min_objects: int = 1,
        registered: bool = True,
        storage_conn_id: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.library = library
        self.bucket = bucket
        self.prefix = prefix
        self.quiet_minutes = quiet_minutes
        self.min_objects = min_objects
        self.registered = registered
        self.storage_conn_id = storage_conn_id

    def trigger(self) -> UploadSettledTrigger:
        """What looks at the listing."""
        return UploadSettledTrigger(
            library=self.library,
            bucket=self.bucket,
            prefix=self.prefix,
            quiet_minutes=float(self.quiet_minutes),
            min_objects=self.min_objects,
            registered=self.registered,
            storage_conn_id=self.storage_conn_id,
            poll_interval=self.poke_interval,
            catalog_conn_id=self.catalog_conn_id,
        )
