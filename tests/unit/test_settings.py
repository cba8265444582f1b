"""Settings: working defaults, one environment variable each, refused when impossible."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from albumen.settings import Settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("ALBUMEN_")]:
        monkeypatch.delenv(name)


def knobs() -> dict[str, FieldInfo]:
    """Every knob by its dotted name."""
    found: dict[str, FieldInfo] = {}
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, BaseModel):
            found |= {f"{name}.{inner}": knob for inner, knob in type(field.default).model_fields.items()}
        else:
            found[name] = field
    return found


def test_the_defaults_work_without_any_environment() -> None:
    settings = Settings()
    assert settings.catalog_conn_id == "albumen_catalog"
    assert settings.storage_conn_id == "albumen_s3"
    assert settings.library_conn_id == ""
    assert settings.renditions.preview_short_side == 1440
    assert settings.renditions.preview_long_side_max == 4320
    assert settings.renditions.thumb_short_side == 250


def test_the_defaults_fit_each_other() -> None:
    settings = Settings()
    pipeline = settings.pipeline
    assert pipeline.heartbeat_seconds * 3 <= pipeline.lease_seconds, "two lost heartbeats must not lose a lease"
    assert pipeline.shard_seconds <= pipeline.run_seconds
    assert pipeline.retry_base_seconds < pipeline.retry_max_seconds
    assert settings.renditions.preview_short_side <= settings.renditions.preview_long_side_max


@pytest.mark.parametrize("name", sorted(knobs()))
def test_every_knob_is_described_and_has_a_default(name: str) -> None:
    knob = knobs()[name]
    assert knob.description
    assert not knob.is_required()


@pytest.mark.parametrize(
    "name", sorted(name for name, knob in knobs().items() if isinstance(knob.default, int | float))
)
def test_every_number_and_switch_is_set_by_its_environment_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    value = knobs()[name].default
    wanted = value * 0.9 if isinstance(value, float) else value - 1 or 2
    if isinstance(value, bool):
        wanted = not value
    elif wanted < _least(knobs()[name]):
        wanted = value + 1
    monkeypatch.setenv(f"ALBUMEN_{name.upper().replace('.', '__')}", str(wanted))
    section, _, inner = name.rpartition(".")
    changed = getattr(Settings(), section) if section else Settings()
    assert getattr(changed, inner) == pytest.approx(wanted)
    others = {other: knob.default for other, knob in knobs().items() if other != name and "." in other}
    assert all(_value(other) == default for other, default in others.items()), "nothing else moved"


def test_a_name_at_the_top_is_set_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMEN_LIBRARY_BUCKET", "somewhere-else")
    assert Settings().library_bucket == "somewhere-else"


def test_the_environment_is_read_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMEN_PIPELINE__SLOTS", "7")
    assert Settings().pipeline.slots == 7
    monkeypatch.setenv("ALBUMEN_PIPELINE__SLOTS", "8")
    assert Settings().pipeline.slots == 8


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALBUMEN_PIPELINE__SLOTS", "0"),
        ("ALBUMEN_PIPELINE__SLOTS", "201"),
        ("ALBUMEN_PIPELINE__LEASE_SECONDS", "soon"),
        ("ALBUMEN_RENDITIONS__THUMB_QUALITY", "101"),
        ("ALBUMEN_DISCOVERY__PAGE_KEYS", "1001"),
        ("ALBUMEN_PIPELINE__TRANSIENT_SHARE", "1.5"),
        ("ALBUMEN_MEMORIES__MORNING_HOUR", "24"),
    ],
)
def test_an_impossible_value_is_refused_by_name(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert variable.rpartition("__")[2].lower() in str(refused.value)


def test_variables_that_are_no_knobs_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALBUMEN_HOME", str(tmp_path))
    assert Settings() == Settings.model_construct()


def _least(knob: FieldInfo) -> float:
    return max(
        (getattr(part, name) for part in knob.metadata for name in ("ge", "gt") if hasattr(part, name)), default=0
    )


def _value(name: str) -> object:
    section, _, inner = name.rpartition(".")
    return getattr(getattr(Settings(), section), inner)
