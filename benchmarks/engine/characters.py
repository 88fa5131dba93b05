"""A char-RNN of textgenrnn's size against others' steps of the same size, which have no attention."""

from __future__ import annotations

from benchmarks.engine.rows import Goal, Row
from benchmarks.engine.texts import asked
from benchmarks.measure import in_turn
from benchmarks.models import OUTPUTS, textgenrnn_shaped
from benchmarks.peers import Peer
from benchmarks.writing import written

SIZES = {"outputs": OUTPUTS, "embedding": 100, "hidden": 128}
MANY = 64  # texts


def one(rounds: int) -> list[Row]:
    """One text, against torch's own LSTM in a loop."""
    return [_row(rounds, Peer("torch", "lstm_writing.py"), "nn.LSTM in a loop", 1, 5_000, Goal(5, 8))]


def many(rounds: int) -> list[Row]:
    """64 texts, against onnxruntime."""
    peer = Peer("onnxruntime", "onnx_writing.py", ("onnxruntime==1.*", "onnx==1.*", "numpy"))
    return [_row(rounds, peer, "onnxruntime", MANY, 1_000, Goal(0.8, 1))]


def _row(rounds: int, peer: Peer, name: str, texts: int, length: int, goal: Goal) -> Row:
    with asked() as ours, peer:
        model = textgenrnn_shaped(ours.shelf)

        def theirs() -> float:
            answer = peer.ask(**SIZES, texts=texts, characters=length)
            return answer["characters"] / answer["cpu_seconds"]

        mine, peers = in_turn((lambda: ours.waited(written(ours.generator, model, texts, length)), theirs), rounds)
    who = "one text" if texts == 1 else f"{texts} texts"
    return Row(f"char-RNN 2×128 with attention, {who}; {name} without: characters/s", mine, peers, goal)
