"""Words to the numbers a text model takes: BERT's WordPiece, uncased."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

LONGEST_WORD = 100
CLS, SEP, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
# Control and format characters, and the accents that decomposing sets apart.
LEFT_OUT = {"Cc", "Cf", "Co", "Cs", "Mn"}
# CJK ideographs: each is a word. First and last of each block.
IDEOGRAPHS = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))


class WordPieces:
    """Cuts text into the pieces of a vocabulary.

    Parameters
    ----------
    vocabulary : Path
        A `tokenizer.json` whose model is `WordPiece`, uncased.

    References
    ----------
    .. [1] Y. Wu et al., "Google's Neural Machine Translation System", 2016, section 4.1.
    """

    def __init__(self, vocabulary: Path) -> None:
        self._ids: dict[str, int] = json.loads(vocabulary.read_text("utf-8"))["model"]["vocab"]

    def ids(self, text: str, *, most: int) -> list[int]:
        """The pieces of a text, between the two marks that begin and end it.

        Parameters
        ----------
        text : str
        most : int
            Most ids, the marks included; what is longer is cut.
        """
        found = [piece for word in _words(text) for piece in self._pieces(word)]
        return [self._ids[CLS], *found[: most - 2], self._ids[SEP]]

    def _pieces(self, word: str) -> list[int]:
        """The longest pieces from the left, or one `UNKNOWN` for a word that cannot be cut."""
        found, start = [], 0
        while start < len(word) <= LONGEST_WORD:
            for end in range(len(word), start, -1):
                piece = self._ids.get(("##" if start else "") + word[start:end])
                if piece is not None:
                    found.append(piece)
                    start = end
                    break
            else:
                break
        return found if start == len(word) else [self._ids[UNKNOWN]]


def _words(text: str) -> Iterator[str]:
    word = ""
    for each in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(each)
        if each.isspace() or _stands_alone(each, category):
            if word:
                yield word
            word = ""
            if not each.isspace():
                yield each
        elif category not in LEFT_OUT and each != "\ufffd":
            word += each
    if word:
        yield word


def _stands_alone(each: str, category: str) -> bool:
    is_ascii_sign = each.isascii() and each.isprintable() and not each.isalnum() and not each.isspace()
    return is_ascii_sign or category[0] == "P" or any(first <= ord(each) <= last for first, last in IDEOGRAPHS)
