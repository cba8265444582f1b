"""EfficientNet-Lite written as ONNX from its weights: what PyTorch would export, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 17
IR_VERSION = 8
EPSILON = 1e-3
# Stride of the first block of each stage; the stages are those of EfficientNet.
STRIDES = (1, 2, 2, 2, 1, 2, 1)


@dataclass(frozen=True, slots=True)
class Variant:
    """How a size of the family differs: its input's side, pixels, and the blocks of its stages."""

    side: int
    blocks: tuple[int, ...]


VARIANTS = {
    "efficientnet-lite0": Variant(224, (1, 2, 2, 3, 3, 4, 1)),
    "efficientnet-lite2": Variant(260, (1, 3, 3, 4, 4, 5, 1)),
}

Tensors = Mapping[str, NDArray[Any]]


def to_onnx(tensors: Tensors, variant: Variant) -> bytes:
    """Write the network.

    The input is `pixels`, uint8, N x side x side x 3, RGB; the outputs are `probabilities`, N x 1000,
    and `features`, N x 1280, both float32. The same weights give the same bytes.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        The state dictionary of `efficientnet_lite_pytorch`.
    variant : Variant

    Raises
    ------
    KeyError
        When a tensor is missing.

    References
    ----------
    .. [1] M. Tan, Q. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019.
    .. [2] R. Liu, "Higher accuracy on vision models with EfficientNet-Lite", 2020.
    """
    from onnx import TensorProto, helper

    graph = _Graph(tensors)
    value = graph.add("Cast", "pixels", to=TensorProto.FLOAT)
    value = graph.add("Sub", value, graph.constant("centre", np.float32(127)))
    value = graph.add("Div", value, graph.constant("span", np.float32(128)))
    value = graph.add("Transpose", value, perm=[0, 3, 1, 2])
    value = graph.convolution(value, "_conv_stem", "_bn0", stride=2, clipped=True)
    block = 0
    for stride, blocks in zip(STRIDES, variant.blocks, strict=True):
        for number in range(blocks):
            value = graph.block(value, f"_blocks.{block}", stride=1 if number else stride)
            block += 1
    value = graph.convolution(value, "_conv_head", "_bn1", stride=1, clipped=True)
    value = graph.add("GlobalAveragePool", value)
    graph.add("Flatten", value, output="features")
    logits = graph.add("Gemm", "features", graph.weight("_fc.weight"), graph.weight("_fc.bias"), transB=1)
    graph.add("Softmax", logits, output="probabilities", axis=1)
    classes, features = tensors["_fc.weight"].shape
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", variant.side, variant.side, 3])
    outputs = [
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", classes]),
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", features]),
    ]
    made = helper.make_graph(graph.nodes, "efficientnet_lite", [pixels], outputs, list(graph.weights.values()))
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name, model.producer_version = "albumen", ""
    return bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """Nodes in order, and the weights they name."""

    def __init__(self, tensors: Tensors) -> None:
        self.nodes: list[Any] = []
        self.weights: dict[str, Any] = {}
        self._tensors = tensors

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Append one node; the name of its output."""
        from onnx import helper

        output = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, name: str, value: Any) -> str:
        """A number the nodes share."""
        from onnx import numpy_helper

        self.weights[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def weight(self, name: str) -> str:
        """A tensor of the file."""
        return self.constant(name, self._tensors[name])

    def convolution(self, value: str, name: str, norm: str, *, stride: int, clipped: bool, groups: int = 1) -> str:
        """A convolution without bias, its batch normalisation, and ReLU6 where the family has it."""
        # TensorFlow's SAME: what is odd of the padding lies at the end.
        value = self.add(
            "Conv", value, self.weight(f"{name}.weight"), auto_pad="SAME_UPPER", strides=[stride, stride], group=groups
        )
        parts = [self.weight(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        value = self.add("BatchNormalization", value, *parts, epsilon=EPSILON)
        if not clipped:
            return value
        return self.add("Clip", value, self.constant("zero", np.float32(0)), self.constant("six", np.float32(6)))

    def block(self, value: str, name: str, *, stride: int) -> str:
        """An inverted residual: expand, filter each channel, project; the input is added where it fits."""
        entered = value
        if f"{name}._expand_conv.weight" in self._tensors:
            value = self.convolution(value, f"{name}._expand_conv", f"{name}._bn0", stride=1, clipped=True)
        depthwise, project = f"{name}._depthwise_conv", f"{name}._project_conv"
        channels = self._tensors[f"{depthwise}.weight"].shape[0]
        value = self.convolution(value, depthwise, f"{name}._bn1", stride=stride, clipped=True, groups=channels)
        value = self.convolution(value, project, f"{name}._bn2", stride=1, clipped=False)
        first = f"{name}._expand_conv.weight"
        came = self._tensors[first].shape[1] if first in self._tensors else channels
        goes = self._tensors[f"{project}.weight"].shape[0]
        return self.add("Add", value, entered) if stride == 1 and came == goes else value
