"""Sentences as vectors: near ones mean alike. English."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from albumen.vision.network import OnnxNetwork
from albumen.vision.word_pieces import WordPieces

MOST_TOKENS = 128
BATCH = 32


class TextEncoder:
    """all-MiniLM-L6-v2: mean of the last layer over the tokens, normalised.

    Parameters
    ----------
    weights, vocabulary : Path
        The network and its `tokenizer.json`.
    threads : int

    References
    ----------
    .. [1] N. Reimers, I. Gurevych, "Sentence-BERT", 2019.
    """

    def __init__(self, weights: Path, vocabulary: Path, *, threads: int) -> None:
        self._network = OnnxNetwork(weights, threads=threads)
        self._pieces = WordPieces(vocabulary)

    def predict(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts.

        Returns
        -------
        ndarray, shape (len(texts), 384), float32
            Of length one: the dot product of two is their cosine.
        """
        if not texts:
            return np.empty((0, 384), np.float32)
        parts = [self._some(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(parts)

    def _some(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = [self._pieces.ids(text, most=MOST_TOKENS) for text in texts]
        longest = max(map(len, tokens))
        ids = np.zeros((len(tokens), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, found in enumerate(tokens):
            ids[row, : len(found)] = found
            mask[row, : len(found)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._network.run(feed)["last_hidden_state"]
        weights = mask[..., None].astype(np.float32)
        means = (states * weights).sum(axis=1) / weights.sum(axis=1)
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), np.float32)
