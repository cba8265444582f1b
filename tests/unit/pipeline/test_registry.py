"""The steps there are: which are due unasked, and what a step may not be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from albumen.catalog import steps_by_kind
from albumen.pipeline import registry
from albumen.pipeline.contract import Step


class PreviewOnDemand(Step):
    """Reads the preview, on demand."""

    name = "odd"
    version = 1
    reads = "preview"
    on_demand = True

    def run(self, batch):  # type: ignore[no-untyped-def]
        return []


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    registry.steps.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    registry.steps.cache_clear()


def test_steps_on_demand_belong_to_their_pass_but_are_due_for_nobody_unasked() -> None:
    everything = [step.name for step in registry.of_pass("original")]
    assert everything == ["metadata", "renditions", "large", "fullsize", "sidecar"]
    assert [step.name for step in registry.for_everyone("original")] == ["metadata", "renditions", "sidecar"]


def test_a_step_on_demand_cannot_read_the_preview(others: pytest.MonkeyPatch) -> None:
    others.setattr(registry, "BUILT_IN", (f"{__name__}:PreviewOnDemand",))
    with pytest.raises(ValueError, match="'odd' is on demand, so that it cannot read the preview"):
        registry.steps()


def test_a_step_that_needs_what_is_not_there_is_refused(others: pytest.MonkeyPatch) -> None:
    others.setattr(registry, "BUILT_IN", ("albumen.pipeline.steps.large:LargeStep",))
    with pytest.raises(ValueError, match="'large' needs 'renditions', which does not exist"):
        registry.steps()


def test_two_steps_of_one_name_are_refused(others: pytest.MonkeyPatch) -> None:
    others.setattr(registry, "BUILT_IN", ("albumen.pipeline.steps.renditions:RenditionsStep",) * 2)
    with pytest.raises(ValueError, match="two steps are called 'renditions'"):
        registry.steps()


def test_the_steps_that_the_catalog_names_are_there() -> None:
    for kind, name in steps_by_kind.SHOWS.items():
        assert registry.shows(kind) == name
    for kind, name in steps_by_kind.FACTS.items():
        step = registry.steps()[name]
        assert "facts" in step.writes
        assert kind in step.kinds
