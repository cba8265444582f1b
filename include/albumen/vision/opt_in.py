"""Models that run only where a setting names them: of pictures and sentences, and of objects."""

from __future__ import annotations

from pathlib import Path

from albumen.settings import ModelSettings
from albumen.vision import networks
from albumen.vision.adding import TEXT, TOKENIZER, part_id
from albumen.vision.image_text import FAMILIES, SIDE, Family, PictureTower, SentenceTower
from albumen.vision.manifest import Model, WeightsError, models
from albumen.vision.objects import ObjectFinder
from albumen.vision.weights import path_of


def is_image_text(model: Model) -> bool:
    """Whether it is the one that looks of a model of pictures and sentences."""
    return model.family in FAMILIES


def rival(model_id: str, directory: Path) -> Model:
    """A model whose rows may stand beside those of another and take their place.

    Raises
    ------
    WeightsError
        When there is no such model of scenes, or of pictures and sentences.
    """
    known = models(directory).values()
    rivals = {model.id: model for model in known if model.capability == "scene" or is_image_text(model)}
    if model_id not in rivals:
        words = f"no model of scenes, or of pictures and sentences, {model_id!r}"
        raise WeightsError(f"{words}; known: {', '.join(rivals)}")
    return rivals[model_id]


def check(chosen: ModelSettings) -> None:
    """See that the models that settings name are of the kind that they are named for.

    Raises
    ------
    WeightsError
        When they are not, or are in no manifest.
    """
    if chosen.image_text:
        _family(chosen.image_text, Path(chosen.directory))
    if chosen.objects:
        found = _listed(chosen.objects, Path(chosen.directory))
        if found.family != "yolox":
            raise WeightsError(f"{found.id} is no model of objects (models.objects), but of {found.capability}")


def picture_tower(chosen: ModelSettings) -> PictureTower | None:
    """What puts pictures into the space of `models.image_text`; None where that names none.

    Raises
    ------
    WeightsError
        When the model is no such one, or its weights are missing or altered.
    """
    if not chosen.image_text:
        return None
    family = _family(chosen.image_text, Path(chosen.directory))
    side = _listed(chosen.image_text, Path(chosen.directory)).side or SIDE
    return PictureTower(networks.load(chosen.image_text, chosen), family, side=side)


def sentence_tower(model_id: str, directory: Path, *, threads: int) -> SentenceTower:
    """What puts sentences into the space of a model of pictures and sentences.

    Raises
    ------
    WeightsError
        When the model is no such one, or its weights are missing or altered.
    ImportError
        When the library that reads vocabularies is not installed.
    """
    family = _family(model_id, directory)
    text, vocabulary = (path_of(part_id(model_id, part), directory) for part in (TEXT, TOKENIZER))
    return SentenceTower(text, vocabulary, family, threads=threads)


def object_finder(chosen: ModelSettings) -> ObjectFinder | None:
    """What finds objects; None where `models.objects` names no model.

    Raises
    ------
    WeightsError
        When the model is no such one, or its weights are missing or altered.
    """
    if not chosen.objects:
        return None
    check(chosen)
    return ObjectFinder(networks.load(chosen.objects, chosen))


def _family(model_id: str, directory: Path) -> Family:
    found = _listed(model_id, directory)
    if not is_image_text(found):
        raise WeightsError(
            f"{model_id} is no model of pictures and sentences (models.image_text), but of {found.capability}"
        )
    return FAMILIES[found.family]


def _listed(model_id: str, directory: Path) -> Model:
    path_of(model_id, directory)
    return models(directory)[model_id]
