from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from albumen.vision.converters import CONVERTERS, ConversionError
from albumen.vision.efficientnet import EPSILON, STRIDES, Variant, to_onnx
from albumen.vision.network import OnnxNetwork
from albumen.vision.torch_file import MAGIC, PROTOCOL, TorchFileError, read_tensors

Array = NDArray[np.float32]
SIDE = 33
TINY = Variant(SIDE, (1, 2, 1, 1, 1, 1, 1))
CHANNELS = (4, 5, 6, 6, 7, 8, 9)


class _Storage:
    """Pickles as PyTorch's storages do: by name, with the numbers elsewhere."""

    def __init__(self, key: str, numbers: Array) -> None:
        self.key, self.numbers = key, numbers


class _Reference:
    """Pickles as `module.name` called with arguments, whether that exists or not."""

    def __init__(self, call: str, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments


class _Pickler(pickle._Pickler):  # type: ignore[name-defined, misc]
    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, _Storage):
            return ("storage", _Reference("torch\nFloatStorage"), value.key, "cpu", value.numbers.size, None)
        return None

    def save(self, value: Any, save_persistent_id: bool = True) -> None:
        if isinstance(value, _Reference):
            self.write(b"c" + value.call.encode() + b"\n")
            if value.arguments:
                self.save(value.arguments)
                self.write(b"R")
            return
        super().save(value, save_persistent_id)


def write_tensors(path: Path, tensors: dict[str, Array], *, call: str = "torch._utils\n_rebuild_tensor_v2") -> None:
    """A file of the format before 1.6, every tensor a view whose first axis runs fastest."""
    storages = {name: _Storage(str(number), tensor) for number, (name, tensor) in enumerate(tensors.items())}
    views = OrderedDict()
    for name, tensor in tensors.items():
        strides = tuple(int(np.prod(tensor.shape[:axis])) for axis in range(tensor.ndim))
        views[name] = _Reference(call, storages[name], 0, tensor.shape, strides, False, OrderedDict())
    with path.open("wb") as file:
        for header in (MAGIC, PROTOCOL, {"little_endian": True}):
            pickle.dump(header, file, protocol=2)
        _Pickler(file, protocol=2).dump(views)
        pickle.dump([storage.key for storage in storages.values()], file, protocol=2)
        for storage in storages.values():
            file.write(storage.numbers.size.to_bytes(8, "little"))
            file.write(storage.numbers.ravel(order="F").astype("<f4").tobytes())


@pytest.fixture(scope="module")
def tensors() -> dict[str, Array]:
    """Weights of a network with every kind of block, small enough to be computed by hand."""
    rng = np.random.default_rng(5)
    made: dict[str, Array] = {}

    def layer(name: str, norm: str, out: int, came: int, side: int) -> None:
        made[f"{name}.weight"] = rng.normal(0, 0.6, (out, came, side, side)).astype(np.float32)
        for part, low, high in (("weight", 0.5, 2), ("bias", -1, 2), ("running_mean", -1, 1), ("running_var", 0.3, 2)):
            made[f"{norm}.{part}"] = rng.uniform(low, high, out).astype(np.float32)

    layer("_conv_stem", "_bn0", 4, 3, 3)
    came, block = 4, 0
    for stage, (goes, blocks) in enumerate(zip(CHANNELS, TINY.blocks, strict=True)):
        for _ in range(blocks):
            name, wide = f"_blocks.{block}", came * (2 if stage else 1)
            if stage:
                layer(f"{name}._expand_conv", f"{name}._bn0", wide, came, 1)
            layer(f"{name}._depthwise_conv", f"{name}._bn1", wide, 1, 5 if stage % 2 else 3)
            layer(f"{name}._project_conv", f"{name}._bn2", goes, wide, 1)
            came, block = goes, block + 1
    layer("_conv_head", "_bn1", 12, came, 1)
    made["_fc.weight"] = rng.normal(0, 0.3, (10, 12)).astype(np.float32)
    made["_fc.bias"] = rng.normal(0, 0.3, 10).astype(np.float32)
    return made


def by_hand(tensors: dict[str, Array], pixels: NDArray[np.uint8]) -> tuple[Array, Array]:
    """The network from its paper's definition, channel by channel."""

    def layer(value: Array, name: str, norm: str, stride: int, clip: bool) -> Array:
        kernel, size = tensors[f"{name}.weight"], value.shape[1]
        side, out = kernel.shape[2], -(-size // stride)
        pad = max(0, (out - 1) * stride + side - size)
        padded = np.pad(value, ((0, 0), (pad // 2, pad - pad // 2), (pad // 2, pad - pad // 2)))
        c, h, w = padded.strides
        shape = (padded.shape[0], out, out, side, side)
        windows = as_strided(padded, shape, (c, h * stride, w * stride, h, w))
        equation = "cyxij,cij->cyx" if kernel.shape[1] == 1 != value.shape[0] else "cyxij,ocij->oyx"
        found = np.einsum(equation, windows, kernel[:, 0] if equation.startswith("cyxij,cij") else kernel)
        weight, bias, mean, var = (
            tensors[f"{norm}.{part}"][:, None, None] for part in ("weight", "bias", "running_mean", "running_var")
        )
        found = (found - mean) / np.sqrt(var + EPSILON) * weight + bias
        return np.clip(found, 0, 6) if clip else found

    value = ((pixels.astype(np.float32) - 127) / 128).transpose(2, 0, 1)
    value = layer(value, "_conv_stem", "_bn0", 2, True)
    block = 0
    for stride, blocks in zip(STRIDES, TINY.blocks, strict=True):
        for number in range(blocks):
            name, entered, step = f"_blocks.{block}", value, 1 if number else stride
            if f"{name}._expand_conv.weight" in tensors:
                value = layer(value, f"{name}._expand_conv", f"{name}._bn0", 1, True)
            value = layer(value, f"{name}._depthwise_conv", f"{name}._bn1", step, True)
            value = layer(value, f"{name}._project_conv", f"{name}._bn2", 1, False)
            value = value + entered if step == 1 and value.shape == entered.shape else value
            block += 1
    features = layer(value, "_conv_head", "_bn1", 1, True).mean(axis=(1, 2))
    logits = np.exp(tensors["_fc.weight"] @ features + tensors["_fc.bias"])
    return logits / logits.sum(), features


def test_a_written_network_computes_what_its_definition_says(tensors: dict[str, Array], tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").write_bytes(to_onnx(tensors, TINY))
    network = OnnxNetwork(tmp_path / "tiny.onnx", threads=1)
    pixels = np.random.default_rng(6).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
    found = network.run({"pixels": pixels})
    for number, picture in enumerate(pixels):
        probabilities, features = by_hand(tensors, picture)
        assert np.allclose(found["features"][number], features, atol=1e-3)
        assert np.allclose(found["probabilities"][number], probabilities, atol=1e-4)


def test_the_same_weights_give_the_same_bytes(tensors: dict[str, Array]) -> None:
    assert to_onnx(tensors, TINY) == to_onnx(dict(reversed(tensors.items())), TINY)


def test_tensors_are_read_as_they_were_written(tensors: dict[str, Array], tmp_path: Path) -> None:
    write_tensors(tmp_path / "tiny.pth", tensors)
    found = read_tensors(tmp_path / "tiny.pth")
    assert found.keys() == tensors.keys()
    assert all(np.array_equal(found[name], tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize("call", ["os\nsystem", "builtins\neval", "torch\nload", "albumen.settings\nSettings"])
def test_a_file_that_would_run_something_is_refused(tensors: dict[str, Array], tmp_path: Path, call: str) -> None:
    write_tensors(tmp_path / "evil.pth", tensors, call=call)
    with pytest.raises(TorchFileError, match="no business"):
        read_tensors(tmp_path / "evil.pth")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x80\x02}q\x00.", pickle.dumps(MAGIC), b"cos\nsystem\n."])
def test_what_is_no_such_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "other.pth").write_bytes(data)
    with pytest.raises(TorchFileError):
        read_tensors(tmp_path / "other.pth")


@pytest.mark.parametrize("cut", [1, 100, 5000])
def test_a_file_cut_off_is_refused(tensors: dict[str, Array], tmp_path: Path, cut: int) -> None:
    write_tensors(tmp_path / "cut.pth", tensors)
    whole = (tmp_path / "cut.pth").read_bytes()
    (tmp_path / "cut.pth").write_bytes(whole[:-cut])
    with pytest.raises(TorchFileError):
        read_tensors(tmp_path / "cut.pth")


def test_weights_of_another_network_are_not_converted(tmp_path: Path) -> None:
    write_tensors(tmp_path / "other.pth", {"layer.weight": np.ones((2, 3), np.float32)})
    with pytest.raises(ConversionError, match="_conv_stem"):
        CONVERTERS["efficientnet-lite2"](tmp_path / "other.pth")
