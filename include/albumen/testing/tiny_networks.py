"""Networks of the opt-in families, small enough to be worked out by hand: they see colours and read their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albumen.vision.image_text import FAMILIES
from albumen.vision.objects import NAMES, STRIDES

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
OPSET, IR_VERSION = 17, 8


def picture_tower(path: Path, *, output: str = "image_embeds", side: int | str = 224) -> Path:
    """A picture's point is its mean colour, as the family sees colours."""
    from onnx import TensorProto, helper

    shape: list[int | str | None] = (
        ["batch", 3, side, side] if isinstance(side, int) else ["batch", "channels", "height", "width"]
    )
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixel_values"], ["mean"]),
        helper.make_node("Flatten", ["mean"], [output]),
    ]
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, shape)
    points = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", 3])
    return _saved(path, nodes, [pixels], [points])


def sentence_tower(path: Path, family: str, *, output: str = "text_embeds", dimensions: int = 3) -> Path:
    """A sentence's point is the sum of the colours that it names; each other word is nothing."""
    from onnx import TensorProto, helper, numpy_helper

    chosen = FAMILIES[family]
    table = np.zeros((len(_words(family)), dimensions), np.float32)
    for name, colour in COLOURS.items():
        seen = (np.array(colour) / 255 - chosen.means) / chosen.spans
        table[_words(family)[name], :3] = seen[: min(3, dimensions)]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["each"]),
        helper.make_node("ReduceSum", ["each", "axis"], [output], keepdims=0),
    ]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", chosen.tokens])
    points = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", dimensions])
    constants = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1]), "axis")]
    return _saved(path, nodes, [ids], [points], constants)


def tokenizer(path: Path, family: str) -> Path:
    """A vocabulary of whole words; CLIP's puts them in lower case itself, as the published one does."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    made = Tokenizer(models.WordLevel(_words(family), unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    if family == "clip":
        made.normalizer = normalizers.Lowercase()
    made.save(str(path))
    return path


def detector(path: Path, *, side: int = 64, classes: int = len(NAMES), reach: float = 0.0) -> Path:
    """YOLOX that takes blue for a person, green for a bicycle and red for a car, in the cells of its finest grid.

    Parameters
    ----------
    reach : float
        Logarithm of a box's sides, in cells.
    """
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, grids = [], [numpy_helper.from_array(np.array(255, np.float32), "white")], []
    for stride in STRIDES:
        cells = (side // stride) ** 2
        box = np.tile(np.array([0.5, 0.5, reach, reach, stride == STRIDES[0]], np.float32), (1, cells, 1))
        parts: dict[str, NDArray[Any]] = {
            "box": box,
            "rest": np.zeros((1, cells, classes - 3), np.float32),
            "shape": np.array([1, 3, cells]),
        }
        constants += [numpy_helper.from_array(array, f"{name}{stride}") for name, array in parts.items()]
        square: dict[str, Any] = {"kernel_shape": [stride, stride], "strides": [stride, stride]}
        nodes += [
            helper.make_node("AveragePool", ["images"], [f"mean{stride}"], **square),
            helper.make_node("Reshape", [f"mean{stride}", f"shape{stride}"], [f"flat{stride}"]),
            helper.make_node("Transpose", [f"flat{stride}"], [f"rows{stride}"], perm=[0, 2, 1]),
            helper.make_node("Div", [f"rows{stride}", "white"], [f"chances{stride}"]),
            helper.make_node(
                "Concat", [f"box{stride}", f"chances{stride}", f"rest{stride}"], [f"grid{stride}"], axis=2
            ),
        ]
        grids.append(f"grid{stride}")
    nodes.append(helper.make_node("Concat", grids, ["output"], axis=1))
    pictures = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side, side])
    cells = sum((side // stride) ** 2 for stride in STRIDES)
    found = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, cells, 5 + classes])
    return _saved(path, nodes, [pictures], [found], constants)


def _words(family: str) -> dict[str, int]:
    words = ["[UNK]", FAMILIES[family].filler, *COLOURS]
    return {word: number for number, word in enumerate(words)}


def _saved(
    path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: list[Any] | None = None
) -> Path:
    from onnx import helper

    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants or [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    path.write_bytes(model.SerializeToString())
    return path
