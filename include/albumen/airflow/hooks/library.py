"""The object store, as an Airflow connection: `S3Hook` resolves credentials and endpoint, obstore uses them."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook

from albumen.settings import Settings
from albumen.storage.object_store import ObjectStore, StorageError, StoreOptions


class LibraryHook(S3Hook):
    """Reads originals and writes renditions.

    Parameters
    ----------
    storage_conn_id : str
        A connection of type `aws`; empty: the one of the settings.
    """

    conn_name_attr = "storage_conn_id"
    default_conn_name = "albumen_s3"
    hook_name = "Albumen object store"

    def __init__(self, *, storage_conn_id: str = "", **kwargs: Any) -> None:
        self.storage_conn_id = storage_conn_id or Settings().storage_conn_id
        super().__init__(aws_conn_id=self.storage_conn_id, **kwargs)

    def store(self, *, check_etags: bool = True) -> ObjectStore:
        """The object store behind the connection.

        Raises
        ------
        StorageError
            If neither the connection nor AWS's own chain (environment, files, the machine's role) has credentials.
        """
        if self.get_session(region_name=self.region_name).get_credentials() is None:
            raise StorageError(
                f"connection {self.storage_conn_id!r} has no credentials, and AWS's own chain finds none"
            )
        credentials = self.get_credentials(region_name=self.region_name)
        return ObjectStore(
            StoreOptions(
                endpoint=self.conn_config.get_service_endpoint_url("s3") or "",
                access_key=credentials.access_key or "",
                secret_key=credentials.secret_key or "",
                session_token=credentials.token or "",
                region=self.region_name or self.conn_config.region_name or "us-east-1",
                check_etags=check_etags,
            )
        )


def source_store(settings: Settings) -> ObjectStore:
    """The store of the originals."""
    return _store(settings, settings.storage_conn_id)


def library_store(settings: Settings) -> ObjectStore:
    """The store of renditions and memories; the source's unless another connection is set."""
    return _store(settings, settings.library_conn_id or settings.storage_conn_id)


def _store(settings: Settings, conn_id: str) -> ObjectStore:
    return LibraryHook(storage_conn_id=conn_id).store(check_etags=settings.storage.check_etags)
