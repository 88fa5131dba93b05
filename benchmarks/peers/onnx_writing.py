"""A char-RNN's step in onnxruntime, one call for each character of all texts, states fed back, drawn from in NumPy.

Reads {"outputs", "embedding", "hidden", "texts", "characters"} and answers with {"characters", "cpu_seconds"}.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
import onnxruntime
from asked import answer
from onnx import TensorProto, helper, numpy_helper

LAYERS = 2


def graph(outputs: int, embedding: int, hidden: int, texts: int) -> bytes:
    """An embedding, two LSTM layers, a dense layer and the softmax; weights are random."""
    draw = np.random.default_rng(0)
    weights: dict[str, Any] = {
        "embedding": draw.normal(0, 0.1, (outputs, embedding)),
        "dense": draw.normal(0, 0.1, (hidden, outputs)),
        "bias": np.zeros(outputs),
    }
    nodes = [
        helper.make_node("Gather", ["embedding", "ids"], ["x"]),
        helper.make_node("Unsqueeze", ["x", "first"], ["x0"]),
    ]
    states = []
    for layer in range(LAYERS):
        size = hidden if layer else embedding
        weights[f"w{layer}"] = draw.normal(0, 0.1, (1, 4 * hidden, size))
        weights[f"r{layer}"] = draw.normal(0, 0.1, (1, 4 * hidden, hidden))
        weights[f"b{layer}"] = np.zeros((1, 8 * hidden))
        given = [f"x{layer}", f"w{layer}", f"r{layer}", f"b{layer}", "", f"h{layer}", f"c{layer}"]
        found = ["", f"h{layer}_next", f"c{layer}_next"]
        nodes.append(helper.make_node("LSTM", given, found, hidden_size=hidden))
        if layer + 1 < LAYERS:
            nodes.append(helper.make_node("Identity", [f"h{layer}_next"], [f"x{layer + 1}"]))
        states += [f"h{layer}", f"c{layer}"]
    nodes += [
        helper.make_node("Squeeze", [f"h{LAYERS - 1}_next", "first"], ["features"]),
        helper.make_node("Gemm", ["features", "dense", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    initial = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    initial.append(numpy_helper.from_array(np.zeros(1, np.int64), "first"))
    state = (TensorProto.FLOAT, (1, texts, hidden))
    whole = helper.make_graph(
        nodes,
        "step",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, (texts,)),
            *(helper.make_tensor_value_info(name, *state) for name in states),
        ],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, (texts, outputs)),
            *(helper.make_tensor_value_info(f"{name}_next", *state) for name in states),
        ],
        initial,
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


@cache
def session(outputs: int, embedding: int, hidden: int, texts: int) -> Any:
    """One for each size, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = graph(outputs, embedding, hidden, texts)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def write(step: Any, hidden: int, texts: int, characters: int) -> dict[str, float]:
    """All texts a character at a time."""
    draw = np.random.default_rng(0)
    names = [name for layer in range(LAYERS) for name in (f"h{layer}", f"c{layer}")]
    states = [np.zeros((1, texts, hidden), np.float32) for _ in names]
    ids = np.zeros(texts, np.int64)
    for _ in range(characters):
        probabilities, *states = step.run(None, {"ids": ids, **dict(zip(names, states, strict=True))})
        cumulated = probabilities.cumsum(1)
        ids = (cumulated > draw.random((texts, 1)) * cumulated[:, -1:]).argmax(1)
        ids.tolist()
    return {"characters": texts * characters}


def prepare(question: dict[str, Any]) -> Any:
    """The work of a question."""
    sizes = (question["outputs"], question["embedding"], question["hidden"], question["texts"])
    return partial(write, session(*sizes), question["hidden"], question["texts"], question["characters"])


if __name__ == "__main__":
    answer(prepare)
