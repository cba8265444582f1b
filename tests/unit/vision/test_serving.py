"""A model server that listens, and what asks it: same numbers, batches, and a way on when it is in trouble."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from albumen.testing.model_server import serving
from albumen.vision.network import OnnxNetwork
from albumen.vision.serving.application import ModelService
from albumen.vision.serving.client import ModelRefused, ModelServer, ServerTrouble
from albumen.vision.serving.protocol import pack
from albumen.vision.serving.served_network import ServedNetwork


def network(folder: Path, rows: int | str = "n") -> OnnxNetwork:
    """Three numbers in, their sum and their doubles out."""
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "x"], ["doubles"]),
            helper.make_node("ReduceSum", ["x", "last"], ["sum"], keepdims=0),
        ],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, 3])],
        [
            helper.make_tensor_value_info("doubles", TensorProto.FLOAT, [rows, 3]),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, [rows]),
        ],
        [helper.make_tensor("last", TensorProto.INT64, [1], [1])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = folder / f"tiny-{rows}.onnx"
    onnx.save(made, path)
    return OnnxNetwork(path, threads=1)


@pytest.fixture
def tiny(tmp_path: Path) -> OnnxNetwork:
    return network(tmp_path)


X = np.array([[1, 2, 3], [4, 5, 6]], np.float32)


@pytest.mark.parametrize("rows", ["n", 1])
def test_the_server_answers_what_the_network_answers_here(tmp_path: Path, rows: int | str) -> None:
    here = network(tmp_path, rows)
    with serving(ModelService({"tiny": here})) as url:
        server = ModelServer(url, timeout_s=5)
        assert {one["name"] for one in server.metadata("tiny")["outputs"]} == {"doubles", "sum"}
        found = server.infer("tiny", {"x": X})
    np.testing.assert_array_equal(found["doubles"], X + X)
    np.testing.assert_array_equal(found["sum"], X.sum(axis=1))


def test_a_stranger_s_json_without_raw_bytes_is_answered_in_kind(tiny: OnnxNetwork) -> None:
    body, headers = pack("inputs", {"x": X}, binary=False, id="mine")
    with serving(ModelService({"tiny": tiny})) as url, httpx.Client(base_url=url, trust_env=False) as client:
        answer = client.post("/v2/models/tiny/versions/1/infer", content=body, headers=headers).json()
        metrics = client.get("/metrics").text
    assert answer["id"] == "mine"
    assert [(one["name"], one["shape"]) for one in answer["outputs"]] == [("doubles", [2, 3]), ("sum", [2])]
    assert answer["outputs"][1]["data"] == [6, 15]
    assert 'albumen_model_rows_total{model="tiny"} 3' in metrics  # with the row it was warmed up by


@pytest.mark.parametrize(
    ("model", "inputs", "status", "words"),
    [
        ("other", {"x": X}, 404, "no model 'other'; known: tiny"),
        ("tiny", {"y": X}, 400, "inputs are x, not y"),
        ("tiny", {"x": X.astype(np.float64)}, 400, "'x' is float64"),
        ("tiny", {"x": X[:, :2]}, 400, "wanted float32"),
        ("tiny", {"x": X[:0]}, 400, "no rows"),
        ("tiny", {"x": X[0, 0]}, 400, "no rows"),
    ],
)
def test_a_wrong_request_is_refused_in_words(tiny, model, inputs, status, words) -> None:
    body, headers = pack("inputs", inputs, binary=True)
    with serving(ModelService({"tiny": tiny})) as url:
        answer = httpx.post(f"{url}/v2/models/{model}/infer", content=body, headers=headers, trust_env=False)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text


def test_requests_of_the_same_moment_run_as_one(tiny: OnnxNetwork) -> None:
    service = ModelService({"tiny": tiny}, most_rows=8, wait_s=1.0)
    with serving(service) as url, ThreadPoolExecutor(8) as pool:
        before = service.models["tiny"].counts.batches

        def ask(n: int) -> float:
            return float(ModelServer(url, timeout_s=10).infer("tiny", {"x": np.full((1, 3), n, np.float32)})["sum"][0])

        assert list(pool.map(ask, range(8))) == [3.0 * n for n in range(8)]
        assert service.models["tiny"].counts.batches - before < 8


def test_who_lacks_the_token_is_refused_and_health_is_told_to_all(tiny: OnnxNetwork) -> None:
    with serving(ModelService({"tiny": tiny}, token="open sesame")) as url:
        with pytest.raises(ModelRefused, match="401"):
            ModelServer(url, timeout_s=5, token="closed").infer("tiny", {"x": X})
        assert ModelServer(url, timeout_s=5, token="open sesame").infer("tiny", {"x": X})
        assert httpx.get(f"{url}/v2/health/live", trust_env=False).status_code == 200


def test_a_server_that_goes_away_costs_nothing_but_itself(tiny: OnnxNetwork) -> None:
    with serving(ModelService({"tiny": tiny})) as url:
        asked = ServedNetwork("tiny", ModelServer(url, timeout_s=5), lambda: tiny)
        np.testing.assert_array_equal(asked.run({"x": X})["sum"], [6, 15])
    np.testing.assert_array_equal(asked.run({"x": X})["sum"], [6, 15])


def test_a_model_the_server_does_not_have_runs_here(tiny: OnnxNetwork) -> None:
    with serving(ModelService({"tiny": tiny})) as url:
        asked = ServedNetwork("lacking", ModelServer(url, timeout_s=5), lambda: tiny)
        assert asked.inputs == tiny.inputs
        np.testing.assert_array_equal(asked.run({"x": X})["sum"], [6, 15])


def says(answer: bytes) -> Callable[[socket.socket], None]:
    def talk(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    return talk


def http(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        http("503 Busy", b"{}"),
        http("200 OK", b"not json"),
        http("200 OK", b"[]"),
        http("200 OK", b'{"outputs": [{"name": "sum", "shape": [9], "datatype": "FP32", "data": [1]}]}'),
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut off",
    ],
)
def test_whatever_a_server_says_the_network_here_takes_over(tiny: OnnxNetwork, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=says(answer), args=[listening], daemon=True)
        thread.start()
        server = ModelServer(f"http://127.0.0.1:{listening.getsockname()[1]}", timeout_s=2)
        asked = ServedNetwork("tiny", server, lambda: tiny)
        np.testing.assert_array_equal(asked.run({"x": X})["sum"], [6, 15])
        assert not server.is_usable
        with pytest.raises(ServerTrouble, match="left alone"):
            server.infer("tiny", {"x": X})


def test_a_server_that_never_answers_is_waited_for_once(tiny: OnnxNetwork) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = ModelServer(f"http://127.0.0.1:{listening.getsockname()[1]}", timeout_s=0.2)
        asked = ServedNetwork("tiny", server, lambda: tiny)
        for _ in range(3):
            np.testing.assert_array_equal(asked.run({"x": X})["sum"], [6, 15])
        assert not server.is_usable
