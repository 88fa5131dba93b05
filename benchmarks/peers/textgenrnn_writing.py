"""The peer's side of `writing`: textgenrnn's default model, run by the peer's own Python.

Reads one JSON object a line, {"mode", "characters", "batch"}, and answers with {"characters", "cpu_seconds"}.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
from textgenrnn_imported import WINDOW, textgenrnn, textgenrnn_encode_sequence, textgenrnn_sample, tf


class Peer:
    """Its default model, asked in the four ways that a user could."""

    def __init__(self) -> None:
        self.writer = textgenrnn()
        self.compiled = tf.function(
            lambda ids: self.writer.model(ids, training=False),
            input_signature=[tf.TensorSpec([None, WINDOW], tf.float32)],
        )

    def shipped(self, characters: int, _batch: int) -> int:
        """As `generate` does it: one `model.predict` a character."""
        text = ["<s>"]
        for _ in range(characters):
            window = textgenrnn_encode_sequence(text[-WINDOW:], self.writer.vocab, WINDOW)
            probabilities = self.writer.model.predict(window, batch_size=1, verbose=0)[0]
            text.append(self.writer.indices_char[textgenrnn_sample(probabilities, 1.0)])
        return characters

    def single(self, characters: int, _batch: int) -> int:
        """The same loop with the forward pass compiled: the honest bar for one text."""
        text = ["<s>"]
        for _ in range(characters):
            window = textgenrnn_encode_sequence(text[-WINDOW:], self.writer.vocab, WINDOW)
            probabilities = self.compiled(tf.constant(window, tf.float32))[0].numpy()
            text.append(self.writer.indices_char[textgenrnn_sample(probabilities, 1.0)])
        return characters

    def together(self, characters: int, batch: int) -> int:
        """Several texts at once, which it cannot do: its compiled forward on all of them, its sampler on each."""
        texts = [["<s>"] for _ in range(batch)]
        steps = max(1, characters // batch)
        for _ in range(steps):
            windows = [textgenrnn_encode_sequence(text[-WINDOW:], self.writer.vocab, WINDOW)[0] for text in texts]
            every = self.compiled(tf.constant(np.array(windows), tf.float32)).numpy()
            for text, probabilities in zip(texts, every, strict=True):
                text.append(self.writer.indices_char[textgenrnn_sample(probabilities, 1.0)])
        return steps * batch

    def batched(self, characters: int, batch: int) -> int:
        """The compiled forward pass alone over a batch of windows: an upper bound, for it has no batched loop."""
        steps = max(1, characters // batch)
        windows = np.random.default_rng(0).integers(1, 400, (batch, WINDOW)).astype(np.float32)
        for _ in range(steps):
            self.compiled(tf.constant(windows)).numpy()
        return steps * batch


def main() -> None:
    """Answers requests until standard input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    peer = Peer()
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        write = getattr(peer, request["mode"])
        started = time.process_time()
        characters = write(request["characters"], request["batch"])
        print(
            json.dumps({"characters": characters, "cpu_seconds": time.process_time() - started}),
            file=answers,
            flush=True,
        )


if __name__ == "__main__":
    main()
