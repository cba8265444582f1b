"""Steps in their sandbox that ask a model server, which the sandbox itself could not reach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from albumen.pipeline import registry
from albumen.pipeline.contract import StepResult
from albumen.pipeline.sandbox import Sandbox, WorkItem
from albumen.settings import ModelSettings, Settings
from albumen.testing.model_server import serving
from albumen.testing.photos import a_photo
from albumen.testing.scene import wait_for
from albumen.vision import networks
from albumen.vision.serving.application import ModelService
from albumen.vision.weights import WeightsError

STEPS = ("scene", "safety", "text", "faces")
MODELS = (
    "efficientnet-lite2",
    "open-nsfw",
    "ppocr-v6-small-detector",
    "ppocr-v6-small-recogniser",
    "yunet-2023mar",
    "sface-2021dec",
)
PICTURES = {n: a_photo(f"server {n}", size=(640, 480)) for n in range(6)}


@pytest.fixture(scope="module")
def service() -> ModelService:
    chosen = ModelSettings()
    try:
        models = {name: networks.here(name, chosen) for name in MODELS}
    except WeightsError as error:
        pytest.skip(str(error))
    return ModelService(models)


def worked(url: str) -> dict[tuple[int, str], StepResult]:
    settings = Settings(models=ModelSettings(server=url))
    references = [registry.reference_of(registry.steps()[name]) for name in STEPS]
    with Sandbox(references, settings) as sandbox:
        return {
            (outcome.subject_id, outcome.step): outcome.result
            for outcome in sandbox.run(items())
            if isinstance(outcome.result, StepResult)
        }


def items() -> Iterator[WorkItem]:
    for number, data in PICTURES.items():
        yield WorkItem(number, data, "photo", "image/jpeg", {}, STEPS)


def numbers(results: dict[tuple[int, str], StepResult]) -> dict[tuple[int, str], np.ndarray]:
    def flat(value: object) -> list[float]:
        if isinstance(value, dict):
            return [number for one in value.values() for number in flat(one)]
        if isinstance(value, list | tuple):
            return [number for one in value for number in flat(one)]
        return [float(value)] if isinstance(value, int | float) else []

    return {key: np.array(flat(dict(result.rows))) for key, result in results.items()}


def test_the_steps_find_with_a_server_what_they_find_without(service: ModelService) -> None:
    alone = numbers(worked(""))
    assert len(alone) == len(PICTURES) * len(STEPS)
    with serving(service) as url:
        before = {name: model.counts.rows for name, model in service.models.items()}
        asked = numbers(worked(url))
        assert service.models["open-nsfw"].counts.rows - before["open-nsfw"] == len(PICTURES)
        assert service.models["efficientnet-lite2"].counts.rows - before["efficientnet-lite2"] == len(PICTURES)
        assert service.models["yunet-2023mar"].counts.rows - before["yunet-2023mar"] == len(PICTURES)
    assert asked.keys() == alone.keys()
    for key, found in alone.items():
        np.testing.assert_allclose(asked[key], found, atol=1e-4, err_msg=str(key))


def test_a_server_that_is_killed_meanwhile_costs_no_item(service: ModelService) -> None:
    command = [sys.executable, "-m", "albumen.cli", "serve", "open-nsfw", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stderr is not None
            said = next(line for line in server.stderr if "running on" in line)
            url = next(word for word in said.split() if word.startswith("http://"))
            settings = Settings(models=ModelSettings(server=url))
            with Sandbox([registry.reference_of(registry.steps()["safety"])], settings) as sandbox:
                outcomes = []
                for outcome in sandbox.run(many("safety", 30)):
                    outcomes.append(outcome)
                    if len(outcomes) == 1:
                        os.kill(server.pid, signal.SIGKILL)
                        wait_for(lambda: server.poll() is not None, "the server to be gone")
        finally:
            server.kill()
    assert [type(one.result) for one in outcomes] == [StepResult] * 30


def many(step: str, count: int) -> Iterator[WorkItem]:
    """More than one batch."""
    for number in range(count):
        yield WorkItem(number, PICTURES[number % len(PICTURES)], "photo", "image/jpeg", {}, (step,))
