"""A char-RNN as most would write it in torch: nn.LSTM in a loop, softmax and multinomial for each character.

Reads {"outputs", "embedding", "hidden", "texts", "characters"} and answers with {"characters", "cpu_seconds"}.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import torch
from asked import answer


class CharRNN(torch.nn.Module):
    """An embedding, two LSTM layers and a dense layer."""

    def __init__(self, outputs: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(outputs, embedding)
        self.rnn = torch.nn.LSTM(embedding, hidden, 2, batch_first=True)
        self.output = torch.nn.Linear(hidden, outputs)

    def forward(self, ids: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        features, state = self.rnn(self.embedding(ids), state)
        return self.output(features[:, -1]), state


@cache
def model(outputs: int, embedding: int, hidden: int) -> CharRNN:
    """One for each size."""
    return CharRNN(outputs, embedding, hidden).eval()


@torch.inference_mode()
def write(network: CharRNN, texts: int, characters: int) -> dict[str, float]:
    """All texts a character at a time."""
    ids, state = torch.zeros(texts, 1, dtype=torch.long), None
    for _ in range(characters):
        logits, state = network(ids, state)
        ids = torch.multinomial(logits.softmax(1), 1)
        ids.tolist()
    return {"characters": texts * characters}


def prepare(question: dict[str, Any]) -> Any:
    """The work of a question."""
    network = model(question["outputs"], question["embedding"], question["hidden"])
    return partial(write, network, question["texts"], question["characters"])


if __name__ == "__main__":
    torch.set_num_threads(1)
    answer(prepare)
