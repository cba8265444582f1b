"""Changing inputs: what a fuzzer tries next."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from types import CodeType

INPUT_BYTES = 64 * 1024
_EDGES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63, 2**64 - 1)
_FORMATS = ("B", "<H", ">H", "<I", ">I", "<Q", ">Q")
_MOST_CHANGES = 6


def mutate(rng: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Change an input in one to a few places.

    Parameters
    ----------
    rng : random.Random
        Where chance comes from: the same state gives the same change.
    data : bytes
        The input.
    others : sequence of bytes
        Inputs that parts may be taken from.
    tokens : sequence of bytes
        Words that mean something to the reader.
    """
    changed = bytearray(data)
    for _ in range(rng.randint(1, _MOST_CHANGES)):
        _change(rng, changed, others, tokens)
    return bytes(changed[:INPUT_BYTES])


def _change(rng: random.Random, data: bytearray, others: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    length = min(rng.choice((1, 2, 4, 8, 16, 64, 512)), len(data) - at)
    kind = rng.randrange(9)
    if kind == 0 and length:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 1 and length:
        data[at] = rng.randrange(256)
    elif kind in (2, 3):
        form = rng.choice(_FORMATS)
        size = struct.calcsize(form)
        if at + size <= len(data):
            (old,) = struct.unpack_from(form, data, at)
            value = rng.choice(_EDGES) if kind == 2 else old + rng.randint(-16, 16)
            struct.pack_into(form, data, at, value % 256**size)
    elif kind == 4:
        del data[at : at + length]
    elif kind == 5:
        data[at:at] = data[at : at + length] * rng.choice((1, 1, 2, 50))
    elif kind == 6 and tokens:
        token = rng.choice(tokens)
        data[at : at + rng.choice((0, len(token)))] = token
    elif kind == 7 and others:
        other = rng.choice(others)
        start = rng.randrange(len(other) + 1)
        data[at : at + rng.choice((0, length))] = other[start : start + rng.choice((1, 4, 16, 64, 1024))]
    elif kind == 8:
        del data[at:]


def words_of(code: CodeType, found: set[bytes] | None = None) -> set[bytes]:
    """The byte strings and words that a piece of code compares with: tokens for `mutate`."""
    found = set() if found is None else found
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            words_of(constant, found)
        for one in constant if isinstance(constant, tuple | frozenset) else (constant,):
            if isinstance(one, bytes) and 1 < len(one) <= 64:
                found.add(one)
            elif isinstance(one, str) and 1 < len(one) <= 32 and " " not in one:
                found.add(one.encode())
    return found
