"""The peer's side of `titles`, `training` and `stories`: textgenrnn learns, run by the peer's own Python.

Reads one JSON object from standard input, {"train", "held_out", "new_model", "cpu_seconds"}: texts, whether it starts
from nothing, and how long it may learn. Answers with one, {"before", "epochs", "cpu_seconds", "targets_per_second"}:
nats per character of the pre-trained model, or null, then after each epoch; CPU seconds of the process at the last.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time
from typing import Any

import numpy as np
from textgenrnn_imported import WINDOW, textgenrnn, textgenrnn_model, tf

BATCH = 128  # its default
TRIAL = 7000  # characters of the texts that its speed is measured on
BASE_RATE = 4e-3  # its own, written into its `train_on_texts`


class Clock(tf.keras.callbacks.Callback):  # type: ignore[misc]
    """Measures after each epoch, and how long learning itself took.

    Args:
        peer: the textgenrnn that learns.
        held_out: titles to measure on.
        began: CPU seconds of the process that counted before.
    """

    def __init__(self, peer: Any, held_out: list[str], began: float) -> None:
        super().__init__()
        self.peer = peer
        self.held_out = held_out
        self.spent = began
        self.nats: list[float] = []
        self.lap = 0.0

    def on_epoch_begin(self, *_: Any) -> None:
        self.lap = time.process_time()

    def on_epoch_end(self, *_: Any) -> None:
        self.spent += time.process_time() - self.lap
        self.nats.append(nats_per_character(self.peer, self.held_out))
        print(f"epoch {len(self.nats)}: {self.nats[-1]:.4f} after {self.spent:.0f} CPU s", file=sys.stderr, flush=True)


def nats_per_character(peer: Any, titles: list[str]) -> float:
    """Mean loss of every token after the first, ends included; a character that it does not know is not counted."""
    windows, targets = [], []
    for title in titles:
        ids = [peer.vocab.get(token, 0) for token in ("<s>", *title, "<s>")]
        for at in range(1, len(ids)):
            if ids[at]:
                seen = ids[max(0, at - WINDOW) : at]
                windows.append([0] * (WINDOW - len(seen)) + seen)
                targets.append(ids[at])
    probabilities = peer.model.predict(np.array(windows, np.float32), batch_size=512, verbose=0)
    return float(-np.log(probabilities[np.arange(len(targets)), targets].astype(np.float64) + 1e-12).mean())


def trial_speed(peer: Any, titles: list[str]) -> float:
    """CPU seconds of a step of its `fit`, after what is only done once, on a copy of its model."""
    weights = peer.model.get_weights()
    some: list[str] = []
    while sum(map(len, some)) < TRIAL and len(some) < len(titles):
        some.append(titles[len(some)])
    steps = math.floor(sum(len(title) + 1 for title in some) / BATCH)
    laps = []
    for _ in range(2):
        started = time.process_time()
        train(peer, some, 1, None)
        laps.append((time.process_time() - started) / steps)
    peer.model = textgenrnn_model(peer.num_classes, cfg=peer.config)
    peer.model.compile(loss="categorical_crossentropy", optimizer=tf.keras.optimizers.Adam(learning_rate=BASE_RATE))
    peer.model.set_weights(weights)
    return min(laps)


def train(peer: Any, titles: list[str], epochs: int, clock: Clock | None) -> None:
    """Its own `train_on_texts`, without the texts that it writes after each epoch."""
    fit = peer.model.fit
    if clock is not None:
        peer.model.fit = lambda data, callbacks, **rest: fit(data, callbacks=[*callbacks, clock], **rest)
    peer.train_on_texts(list(titles), num_epochs=epochs, batch_size=BATCH, gen_epochs=0, verbose=0)


def fresh(peer: Any, titles: list[str]) -> None:
    """What its `train_new_model` does before it learns: the titles' own characters, and a blank model."""
    peer.tokenizer = tf.keras.preprocessing.text.Tokenizer(filters="", lower=False, char_level=True)
    peer.tokenizer.fit_on_texts(titles)
    peer.tokenizer.word_index["<s>"] = len(peer.tokenizer.word_index) + 1
    peer.vocab = peer.tokenizer.word_index
    peer.num_classes = len(peer.vocab) + 1
    peer.indices_char = {index: character for character, index in peer.vocab.items()}
    peer.model = textgenrnn_model(peer.num_classes, cfg=peer.config)
    peer.model.compile(loss="categorical_crossentropy", optimizer=tf.keras.optimizers.Adam(learning_rate=BASE_RATE))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Learns as long as it may, in whole epochs, so that its learning rate falls to the end."""
    titles, held_out = request["train"], request["held_out"]
    tf.keras.utils.set_random_seed(0)
    peer = textgenrnn()
    imported = time.process_time()
    before = None
    if request["new_model"]:
        fresh(peer, titles)
    else:
        before = nats_per_character(peer, held_out)
    targets = sum(len(title) + 1 for title in titles)
    per_epoch = trial_speed(peer, titles) * (targets // BATCH)
    epochs = max(1, round((request["cpu_seconds"] - imported) / per_epoch))
    clock = Clock(peer, held_out, imported)
    train(peer, titles, epochs, clock)
    return {
        "before": before,
        "epochs": clock.nats,
        "cpu_seconds": clock.spent,
        "targets_per_second": targets // BATCH * BATCH * epochs / (clock.spent - imported),
    }


def main() -> None:
    """One answer to one request."""
    answers, sys.stdout = sys.stdout, sys.stderr
    request = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory() as elsewhere:
        os.chdir(elsewhere)  # it writes files into its working directory
        print(json.dumps(answer(request)), file=answers, flush=True)


if __name__ == "__main__":
    main()
