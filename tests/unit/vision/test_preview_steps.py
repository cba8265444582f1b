from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from albumen.pipeline.contract import MediaInput, Step, StepResult
from albumen.pipeline.steps.faces import FacesStep
from albumen.pipeline.steps.likeness import LikenessStep
from albumen.pipeline.steps.picture_kind import PictureKindStep
from albumen.pipeline.steps.quality import QualityStep
from albumen.pipeline.steps.safety import SafetyStep
from albumen.pipeline.steps.scene import SceneStep
from albumen.pipeline.steps.text import TextStep
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import ModelSettings, Settings
from albumen.vision.manifest import models
from albumen.vision.weights import WeightsError

Picture = NDArray[np.uint8]
STEPS: list[type[Step]] = [
    FacesStep,
    SceneStep,
    PictureKindStep,
    SafetyStep,
    TextStep,
    QualityStep,
    LikenessStep,
]


class Damaged(MediaInput):
    """An input whose preview cannot be decoded."""

    @property
    def picture(self) -> Picture:  # type: ignore[override]
        raise ItemFault(Reason.UNREADABLE, "cut off")


def showing(picture: Picture) -> MediaInput:
    media = MediaInput(1, b"", "photo", "image/jpeg", {})
    media.picture = picture
    return media


@pytest.fixture
def settings(weights_directory: Path) -> Settings:
    return Settings(models=ModelSettings(directory=str(weights_directory)))


@pytest.mark.parametrize("kind", STEPS)
def test_one_bad_preview_spoils_only_its_own_outcome(kind: type[Step], settings: Settings, scene: Picture) -> None:
    bad = Damaged(2, b"", "photo", "image/jpeg", {})
    first, second, third = kind(settings).run([showing(scene), bad, showing(scene)])
    assert isinstance(first, StepResult)
    assert first == third
    assert isinstance(second, ItemFault)
    assert second.reason is Reason.UNREADABLE


@pytest.mark.parametrize("kind", STEPS)
def test_rows_go_to_the_declared_table_as_plain_values(kind: type[Step], settings: Settings, scene: Picture) -> None:
    (result,) = kind(settings).run([showing(scene)])
    assert isinstance(result, StepResult)
    assert tuple(result.rows) == kind.writes
    for row in result.rows[kind.writes[0]]:
        for value in row.values():
            assert type(value) in {int, float, str, bytes, list}


def test_a_face_row_names_its_model(settings: Settings, corpus: Path, read: Callable[[Path], Picture]) -> None:
    (result,) = FacesStep(settings).run([showing(read(corpus / "people" / "london" / "001_03.jpg"))])
    assert isinstance(result, StepResult)
    (row,) = result.rows["faces"]
    assert row["face_no"] == 0
    assert row["model_id"] == "sface-2021dec"
    assert len(row["landmarks"]) == 10
    assert len(row["vector"]) == 128
    assert {type(value) for value in row["vector"]} == {float}


def consented(picture: Picture, *consents: str) -> MediaInput:
    media = MediaInput(1, b"", "photo", "image/jpeg", {"consents": list(consents)})
    media.picture = picture
    return media


def test_quality_looks_at_faces_where_the_library_consents_and_nowhere_else(
    settings: Settings, corpus: Path, read: Callable[[Path], Picture]
) -> None:
    portrait = read(corpus / "people" / "london" / "001_03.jpg")
    soft = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 4), np.uint8)
    step = QualityStep(settings)
    media = consented(portrait)
    (unasked,) = step.run([media])
    assert "faces" not in unasked.rows["quality"][0]
    assert media.shared == {}
    results = step.run([consented(picture, "faces") for picture in (portrait, soft)])
    sharp, blurred = (result.rows["quality"][0] for result in results)
    assert sharp["faces"] > 0.5
    assert "blurred_faces" not in sharp["reasons"]
    assert "blurred_faces" in blurred["reasons"]
    assert blurred["score"] < sharp["score"]


def test_faces_and_quality_look_for_faces_once(
    settings: Settings, corpus: Path, read: Callable[[Path], Picture]
) -> None:
    portrait = read(corpus / "people" / "london" / "001_03.jpg")
    media, alone = consented(portrait, "faces"), consented(portrait, "faces")
    (found,) = FacesStep(settings).run([media])
    media.shared["faces located"] = media.shared["faces located"].copy()
    media.shared["faces located"][:, :4] = (0, 0, 1, 1)
    (together,), (apart,) = QualityStep(settings).run([media]), QualityStep(settings).run([alone])
    assert len(found.rows["faces"]) == 1
    assert "faces" not in together.rows["quality"][0]
    assert "faces" in apart.rows["quality"][0]


def test_consent_to_faces_makes_quality_another_result_and_no_other_step() -> None:
    for kind in STEPS:
        without, given = (kind.inputs_key(Settings(), "v1", consents) for consents in ((), ("faces",)))
        assert (without == given) == (kind is not QualityStep)
        assert without[:16] == given[:16] == kind.signature(Settings())


def film(poster: Picture, *frames: Picture) -> MediaInput:
    media = MediaInput(1, b"", "video", "image/jpeg", {})
    media.picture = poster
    media.frames = [(2.0 * number, frame) for number, frame in enumerate(frames, 1)]
    return media


def test_each_person_of_a_video_is_told_once_with_the_time_of_their_frame(
    settings: Settings, corpus: Path, read: Callable[[Path], Picture], scene: Picture
) -> None:
    one, other = (read(corpus / "people" / "london" / name) for name in ("001_03.jpg", "003_03.jpg"))
    (alone,) = FacesStep(settings).run([showing(one)])
    (result,) = FacesStep(settings).run([film(one, scene, other, other, one)])
    assert isinstance(alone, StepResult)
    assert isinstance(result, StepResult)
    first, second = result.rows["faces"]
    assert first == alone.rows["faces"][0]
    assert second["frame_s"] in {4.0, 6.0}
    assert second["face_no"] == 1


def test_a_video_is_as_safe_as_its_worst_frame_and_shows_what_its_frames_show(
    settings: Settings, scene: Picture
) -> None:
    dark = np.zeros_like(scene)
    safety = SafetyStep(settings)
    scores = [result.rows["safety"][0]["score"] for result in safety.run([showing(scene), showing(dark)])]
    (worst,) = safety.run([film(scene, dark)])
    assert worst.rows["safety"][0]["score"] == pytest.approx(max(scores), abs=1e-4)
    labels = SceneStep(settings)
    shown, together = labels.run([showing(scene), film(dark, scene)])
    assert set(shown.rows["scenes"][0]["labels"]) <= set(together.rows["scenes"][0]["labels"])
    assert np.linalg.norm(together.rows["embeddings"][0]["vector"]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("kind", [step for step in STEPS if step.models_of(Settings())])
def test_missing_weights_fail_the_step_before_any_item(kind: type[Step], tmp_path: Path) -> None:
    without = Settings(models=ModelSettings(directory=str(tmp_path)))
    with pytest.raises(WeightsError, match="albumen models fetch"):
        kind.check_models(without)
    with pytest.raises(WeightsError, match="albumen models fetch"):
        kind(without)


def test_the_models_of_a_step_are_in_the_manifest() -> None:
    for kind in STEPS:
        assert set(kind.models_of(Settings())) <= set(models())


def test_faces_need_consent_and_nothing_else_does() -> None:
    assert [kind.consent for kind in STEPS] == ["faces", *[None] * 6]


def test_faces_are_due_again_when_the_score_changes_and_not_when_threads_do() -> None:
    plain = FacesStep.inputs_key(Settings(), "v1")
    assert FacesStep.inputs_key(Settings(models=ModelSettings(face_score=0.8)), "v1") != plain
    assert FacesStep.inputs_key(Settings(models=ModelSettings(threads=4)), "v1") == plain


def test_importing_the_steps_imports_no_models() -> None:
    modules = ", ".join(kind.__module__ for kind in STEPS)
    code = f"import sys, {modules}; print([name for name in ('cv2', 'numpy', 'onnxruntime') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
