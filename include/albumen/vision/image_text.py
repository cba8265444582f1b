"""Pictures and sentences as points of one space: CLIP and SigLIP2, which come only where somebody adds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from albumen.vision.network import Network, OnnxNetwork

INSTALL_COMMAND = "pip install 'albumen[image-text]'"
SIDE = 224
OUTPUTS = {"picture": ("image_embeds", "pooler_output"), "sentence": ("text_embeds", "pooler_output")}
"""Names that exports give to what is wanted, the first of them that is there."""


@dataclass(frozen=True, slots=True)
class Family:
    """How a family of models was trained to be given pictures and sentences.

    Attributes
    ----------
    means, spans : tuple of float
        Of R, G and B from 0 to 1: taken away, then divided by.
    cuts_middle : bool
        Whether a picture is cut to its middle square, or squeezed into one.
    resampling : int
        Pillow's filter.
    tokens : int
        Length that sentences are cut to and filled up to.
    filler : str
        The token that they are filled up with.
    lowers : bool
        Whether sentences are put in lower case first, where the vocabulary does not do so.
    like : float
        Cosine from which a picture may be what a sentence means.
    """

    means: tuple[float, float, float]
    spans: tuple[float, float, float]
    cuts_middle: bool
    resampling: Image.Resampling
    tokens: int
    filler: str
    lowers: bool
    like: float


FAMILIES: Mapping[str, Family] = {
    "clip": Family(
        means=(0.48145466, 0.4578275, 0.40821073),
        spans=(0.26862954, 0.26130258, 0.27577711),
        cuts_middle=True,
        resampling=Image.Resampling.BICUBIC,
        tokens=77,
        filler="<|endoftext|>",
        lowers=False,
        like=0.22,
    ),
    "siglip2": Family(
        means=(0.5, 0.5, 0.5),
        spans=(0.5, 0.5, 0.5),
        cuts_middle=False,
        resampling=Image.Resampling.BILINEAR,
        tokens=64,
        filler="<pad>",
        lowers=True,
        like=0.06,
    ),
}
"""By name in the manifest.

References
----------
.. [1] A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021.
.. [2] M. Tschannen et al., "SigLIP 2: Multilingual Vision-Language Encoders with Improved Semantic Understanding,
   Localization, and Dense Features", 2025.
"""


class PictureTower:
    """The network that looks at pictures.

    Parameters
    ----------
    network : Network
        From N x 3 x side x side to N x dimensions.
    family : Family
    side : int
        Of the pictures, where the network does not fix it.

    Raises
    ------
    ValueError
        When the network is none of such a model.
    """

    def __init__(self, network: Network, family: Family, *, side: int = SIDE) -> None:
        shapes = list(network.inputs.values())
        # Exports give names to what may vary.
        fits = len(shapes) == 1 and len(shapes[0]) == 4
        if not fits or any(
            isinstance(has, int) and has != want for has, want in zip(shapes[0][1:], (3, side, side), strict=True)
        ):
            raise ValueError(f"takes {_told(network)}, not pictures of 3 x {side} x {side}")
        self._network, self._family, self._side = network, family, side

    def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Points of pictures.

        Parameters
        ----------
        pictures : sequence of ndarray, shape (height, width, 3), uint8
            Upright, RGB; at least one.

        Returns
        -------
        ndarray, shape (len(pictures), dimensions), float32
            Of length one.

        Raises
        ------
        ValueError
            When the network gives no point a picture.
        """
        found = self._network.look([prepared(picture, self._side, self._family) for picture in pictures])
        return _points(found, OUTPUTS["picture"], len(pictures))


class SentenceTower:
    """The network that reads sentences.

    Parameters
    ----------
    weights, vocabulary : Path
        The network and its `tokenizer.json`.
    family : Family
    threads : int

    Raises
    ------
    ValueError
        When one of them is none of such a model.
    ImportError
        When the library that reads vocabularies is not installed; the message names the fix.
    """

    def __init__(self, weights: Path, vocabulary: Path, family: Family, *, threads: int) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ImportError(f"sentences for this model need the package tokenizers: {INSTALL_COMMAND}") from error
        try:
            tokens = Tokenizer.from_str(vocabulary.read_text("utf-8"))
        except Exception as error:  # the library raises nothing narrower
            raise ValueError(f"{vocabulary.name} is no tokenizer.json: {error}") from error
        filler = tokens.token_to_id(family.filler)
        if filler is None:
            raise ValueError(f"{vocabulary.name} has no {family.filler}, which fills up sentences")
        tokens.enable_truncation(family.tokens)
        tokens.enable_padding(length=family.tokens, pad_id=filler, pad_token=family.filler)
        self._tokens, self._family = tokens, family
        self._network = OnnxNetwork(weights, threads=threads)
        if "input_ids" not in self._network.inputs:
            raise ValueError(f"takes {_told(self._network)}, not input_ids")

    def predict(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Points of sentences, at least one: shape (len(sentences), dimensions), float32, of length one.

        Raises
        ------
        ValueError
            When the network gives no point a sentence.
        """
        read = self._tokens.encode_batch([self._asked(sentence) for sentence in sentences])
        feed = {
            "input_ids": np.array([one.ids for one in read], np.int64),
            "attention_mask": np.array([one.attention_mask for one in read], np.int64),
        }
        found = self._network.run({name: feed[name] for name in self._network.inputs if name in feed})
        return _points(found, OUTPUTS["sentence"], len(sentences))

    def _asked(self, sentence: str) -> str:
        return sentence.lower() if self._family.lowers else sentence


def prepared(picture: NDArray[np.uint8], side: int, family: Family) -> NDArray[np.float32]:
    """A picture as the network takes it, shape (3, side, side)."""
    height, width = picture.shape[:2]
    box = None
    if family.cuts_middle:
        middle = min(height, width)
        left, top = (width - middle) / 2, (height - middle) / 2
        box = (left, top, left + middle, top + middle)
    # The reference's filter, which looks at all pixels: an area mean would be softer than what was trained on.
    small = Image.fromarray(picture).resize((side, side), family.resampling, box=box)
    scaled = (np.asarray(small, np.float32) / 255 - family.means) / family.spans
    return np.ascontiguousarray(scaled.transpose(2, 0, 1), np.float32)


def _points(found: Mapping[str, Any], names: Sequence[str], rows: int) -> NDArray[np.float32]:
    name = next((name for name in names if name in found), None)
    if name is None:
        raise ValueError(f"gives {', '.join(found)}, none of {', '.join(names)}")
    points = np.asarray(found[name], np.float32)
    if points.ndim != 2 or len(points) != rows:
        raise ValueError(f"gives {name} of shape {list(points.shape)}, not a point each")
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.maximum(lengths, 1e-12), np.float32)


def _told(network: Network) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in network.inputs.items())
