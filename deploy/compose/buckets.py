"""Makes the buckets that the stack needs, those that do not exist yet."""

from __future__ import annotations

import os

from airflow.providers.amazon.aws.hooks.s3 import S3Hook

from albumen.settings import Settings


def main() -> None:
    """Make the library bucket and the one for originals."""
    settings = Settings()
    hook = S3Hook(aws_conn_id=settings.storage_conn_id)
    for bucket in (settings.library_bucket, os.environ["ALBUMEN_SOURCE_BUCKET"]):
        if not hook.check_for_bucket(bucket):
            hook.create_bucket(bucket)


if __name__ == "__main__":
    main()
