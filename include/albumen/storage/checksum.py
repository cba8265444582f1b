"""What an ETag says of the bytes.

It is the MD5 of an object that was stored in one piece, unless that is encrypted with a key of KMS or
of the customer (AWS, "Checking object integrity in Amazon S3"). One with a dash is of a multipart
upload and tells nothing of the whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

MD5 = re.compile(r"[0-9a-f]{32}")


def digest_for(etag: str) -> hashlib._Hash | None:
    """What to feed an object's bytes to, so that its `hexdigest()` is the ETag (without quotes); None: none can be."""
    return hashlib.md5(usedforsecurity=False) if MD5.fullmatch(etag) else None


def is_opaque(head: Mapping[str, Any]) -> bool:
    """Whether an object's encryption makes its ETag no MD5, going by the answer to a HEAD (as boto3 gives it)."""
    return "kms" in head.get("ServerSideEncryption", "") or "SSECustomerAlgorithm" in head
