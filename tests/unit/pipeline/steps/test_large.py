"""The steps `large` and `fullsize`: one object a photo, for those who asked."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from albumen.pipeline.contract import MediaInput, Step, StepResult
from albumen.pipeline.steps.fullsize import FullsizeStep
from albumen.pipeline.steps.large import LargeStep
from albumen.pipeline.steps.renditions import RenditionsStep
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import RenditionSettings, Settings

BOTH = pytest.mark.parametrize(("step", "size"), [(LargeStep, (2560, 1707)), (FullsizeStep, (3000, 2000))])


def media(data: bytes) -> MediaInput:
    return MediaInput(1, data, "photo", "image/jpeg", {})


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    buffer = BytesIO()
    Image.radial_gradient("L").resize((3000, 2000)).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


@BOTH
def test_a_photo_becomes_one_object_named_like_its_step(step: type[Step], size: tuple[int, int], jpeg: bytes) -> None:
    (result,) = step(Settings()).run([media(jpeg)])
    assert isinstance(result, StepResult)
    (made,) = result.objects
    assert (made.name, made.extension, made.mime) == (step.name, "jpg", "image/jpeg")
    assert (made.width, made.height) == size == Image.open(BytesIO(made.data)).size
    assert not result.rows


@BOTH
def test_a_poison_file_costs_only_itself(step: type[Step], size: tuple[int, int], jpeg: bytes) -> None:
    bad, good = step(Settings()).run([media(jpeg[:2000]), media(jpeg)])
    assert isinstance(bad, ItemFault)
    assert bad.reason is Reason.UNREADABLE
    assert isinstance(good, StepResult)


@BOTH
def test_it_is_made_for_nobody_who_does_not_ask_and_needs_a_preview(step: type[Step], size: tuple[int, int]) -> None:
    assert step.on_demand
    assert step.needs == ("renditions",)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"large_long_side": 3840}, {"large"}),
        ({"large_quality": 90}, {"large"}),
        ({"fullsize_quality": 95}, {"fullsize"}),
        ({"preview_short_side": 1080}, {"renditions"}),
        ({"thumb_quality": 70}, {"renditions"}),
    ],
)
def test_a_setting_makes_the_step_due_again_that_uses_it_and_no_other(
    change: dict[str, int], changed: set[str]
) -> None:
    settings = Settings(renditions=RenditionSettings(**change))
    steps = (RenditionsStep, LargeStep, FullsizeStep)
    assert {step.name for step in steps if step.signature(settings) != step.signature(Settings())} == changed


def test_the_settings_decide_size_and_quality(jpeg: bytes) -> None:
    def made(step: type[Step], **knobs: int) -> tuple[int, int]:
        (result,) = step(Settings(renditions=RenditionSettings(**knobs))).run([media(jpeg)])
        assert isinstance(result, StepResult)
        return result.objects[0].width, len(result.objects[0].data)

    assert made(LargeStep, large_long_side=1000)[0] == 1000
    assert made(LargeStep, large_quality=50)[1] < made(LargeStep, large_quality=95)[1]
    assert made(FullsizeStep, fullsize_quality=50)[1] < made(FullsizeStep, fullsize_quality=95)[1]
