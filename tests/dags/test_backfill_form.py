"""The form of `backfill_step`: what can be chosen, and what the task is given of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from albumen.pipeline import registry
from albumen.pipeline.taxonomy import Reason

FILE = Path(__file__).resolve().parents[2] / "dags" / "backfill_step.py"


@pytest.fixture
def form(bags: dict[Path, Any]) -> Any:
    return bags[FILE].dags["backfill_step"].params


def test_every_step_can_be_chosen_and_says_what_it_does(form: Any) -> None:
    schema = form.get_param("step").schema
    assert schema["enum"] == list(registry.steps())
    shown = schema["values_display"]
    assert shown.keys() == registry.steps().keys()
    assert shown["large"] == "large: makes a photo for a large screen (on demand)"
    assert all(len(label) > len(name) + 10 for name, label in shown.items())
    assert {name for name, label in shown.items() if "on demand" in label} == {"large", "fullsize"}


def test_every_reason_is_proposed(form: Any) -> None:
    assert form.get_param("reason").schema["examples"] == list(Reason)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("step", "fullsize"),
        ("keys", ["2020/beach.jpg"]),
        ("keys", None),
        ("reason", "unreadable"),
        ("taken_from", "2020-02-29"),
        ("taken_to", None),
    ],
)
def test_what_the_form_sends_is_taken(form: Any, name: str, value: object) -> None:
    assert form.get_param(name).resolve(value) == value


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("step", "rendition", "'rendition' is not one of"),
        ("taken_from", "yesterday", "'yesterday' is not a 'date'"),
        ("keys", "a.jpg", "'a.jpg' is not of type"),
        ("keys", [7], "7 is not of type 'string'"),
    ],
)
def test_what_is_written_wrongly_is_refused_before_a_run_starts(form: Any, name: str, value: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        form.get_param(name).resolve(value)


def test_the_form_shows_first_and_starts_only_when_told(form: Any) -> None:
    assert form["dry_run"] is True
