"""The JSON Schemas of what other programs read: `story.json` and the feed."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator


def check(document: dict[str, Any], name: str) -> None:
    """Hold a document against `<name>.schema.json`; jsonschema.ValidationError where it does not keep to it."""
    _validator(name).validate(document)


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads(files(__package__).joinpath(f"{name}.schema.json").read_text())
    return Draft202012Validator(schema)
