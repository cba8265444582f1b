from __future__ import annotations

from pathlib import PurePosixPath

from albumen.vision.manifest import models

FREE_LICENCES = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause"}


def test_every_model_is_pinned_twice_and_freely_licensed() -> None:
    for model in models().values():
        assert model.licence in FREE_LICENCES
        if model.wheel is None:
            assert model.url.startswith("https://")
            assert model.optional
            continue
        assert model.sha256 != model.wheel.sha256
        name, version = model.wheel.requirement.split("==")
        assert model.wheel.file.startswith(f"{name.replace('-', '_')}-{version}-")


def test_members_stay_inside_their_wheel() -> None:
    for model in models().values():
        member = PurePosixPath(model.member)
        assert not member.is_absolute()
        assert ".." not in member.parts


def test_the_face_models_are_listed() -> None:
    assert {"yunet-2023mar", "sface-2021dec"} <= set(models())
