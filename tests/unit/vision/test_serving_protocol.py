"""Messages of the open inference protocol, ours and what strangers send."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from albumen.vision.serving.protocol import DATATYPES, HEADER_LENGTH, ProtocolError, pack, unpack

TENSORS = st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.sampled_from(sorted(DATATYPES)).flatmap(
        lambda name: arrays.arrays(DATATYPES[name], arrays.array_shapes(min_dims=1, max_dims=4, max_side=4))
    ),
    max_size=4,
)


@given(TENSORS, st.booleans())
def test_what_is_packed_is_unpacked(tensors, binary) -> None:
    body, headers = pack("inputs", tensors, binary=binary, id="7")
    envelope, found = unpack("inputs", body, headers.get(HEADER_LENGTH))
    assert envelope["id"] == "7"
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        np.testing.assert_array_equal(found[name], tensor)


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=6), st.integers(0, 400).map(str)))
def test_noise_is_refused_in_words(body, length) -> None:
    with pytest.raises(ProtocolError):
        unpack("inputs", body, length)


ONE = {"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": 3}, "without a name"),
        ({**ONE, "datatype": "BYTES"}, "of type 'BYTES'"),
        ({**ONE, "datatype": ["FP32"]}, "of type"),
        ({**ONE, "shape": [3]}, "has 2 numbers"),
        ({**ONE, "shape": [-2]}, "shape of 'x'"),
        ({**ONE, "shape": [True, 2]}, "shape of 'x'"),
        ({**ONE, "shape": [2**62, 2**62]}, "has 2 numbers"),
        ({**ONE, "data": ["a", "b"]}, "data of 'x'"),
        ({**ONE, "data": None}, "numbers|data of"),
        ({**ONE, "parameters": {"binary_data_size": 8}}, "claims 8 bytes of 0"),
        ({**ONE, "parameters": {"binary_data_size": -1}}, "claims -1 bytes"),
    ],
)
def test_a_wrong_tensor_is_refused_by_name(entry, words) -> None:
    with pytest.raises(ProtocolError, match=words):
        unpack("inputs", json.dumps({"inputs": [entry]}).encode(), None)


def test_bytes_that_nobody_claims_are_refused() -> None:
    body, headers = pack("inputs", {"x": np.zeros(2, np.float32)}, binary=True)
    with pytest.raises(ProtocolError, match="3 bytes belong to no tensor"):
        unpack("inputs", body + b"abc", headers[HEADER_LENGTH])


def test_numbers_without_a_name_are_refused() -> None:
    with pytest.raises(ProtocolError, match="complex128"):
        pack("inputs", {"x": np.zeros(1, np.complex128)}, binary=True)
