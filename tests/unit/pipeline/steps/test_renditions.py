"""The step `renditions`: one result per photo, whatever its neighbours are."""

from __future__ import annotations

import re
from io import BytesIO

import msgpack
from PIL import Image

from albumen.pipeline.contract import MediaInput, StepResult
from albumen.pipeline.steps.renditions import RenditionsStep
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import RenditionSettings, Settings


def media(data: bytes, mime: str = "image/jpeg") -> MediaInput:
    return MediaInput(1, data, "photo", mime, {})


def jpeg() -> bytes:
    buffer = BytesIO()
    Image.radial_gradient("L").resize((1000, 800)).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_photo_becomes_two_objects_and_a_placeholder() -> None:
    (result,) = RenditionsStep(Settings()).run([media(jpeg())])
    assert isinstance(result, StepResult)
    thumb, preview = result.objects
    assert (thumb.name, thumb.extension, thumb.mime, thumb.width, thumb.height) == (
        "thumb",
        "webp",
        "image/webp",
        312,
        250,
    )
    assert (preview.name, preview.extension, preview.mime) == ("preview", "jpg", "image/jpeg")
    assert (preview.width, preview.height) == (1000, 800)
    (row,) = result.rows["placeholders"]
    assert row.keys() == {"thumbhash", "dominant", "frames"}
    assert re.fullmatch("#[0-9a-f]{6}", row["dominant"])
    assert row["frames"] == 1


def test_the_rows_can_leave_the_sandbox() -> None:
    (result,) = RenditionsStep(Settings()).run([media(jpeg())])
    assert isinstance(result, StepResult)
    assert msgpack.unpackb(msgpack.packb(dict(result.rows))) == result.rows


def test_a_poison_file_costs_only_itself() -> None:
    good, bad, odd, last = RenditionsStep(Settings()).run(
        [media(jpeg()), media(jpeg()[:2000]), media(b"<svg/>", "image/svg+xml"), media(jpeg())]
    )
    assert isinstance(good, StepResult)
    assert isinstance(last, StepResult)
    assert isinstance(bad, ItemFault)
    assert bad.reason is Reason.UNREADABLE
    assert isinstance(odd, ItemFault)
    assert odd.reason is Reason.UNSUPPORTED


def test_other_sizes_make_the_step_due_again() -> None:
    larger = Settings(renditions=RenditionSettings(preview_short_side=2160))
    assert RenditionsStep.inputs_key(Settings(), "sha") != RenditionsStep.inputs_key(larger, "sha")
    assert RenditionsStep.inputs_key(Settings(), "sha") == RenditionsStep.inputs_key(Settings(), "sha")
