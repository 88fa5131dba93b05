"""A text that is enough to train on, and too little to learn anything."""

from __future__ import annotations

TITLES = [
    f"{who} {does} {what} {number}"
    for number in range(4)
    for who in ("a cat", "the dog", "one owl")
    for does in ("sees", "eats", "likes")
    for what in ("a fish", "the moon", "some milk")
]
TINY = {
    "embedding_size": "4",
    "hidden_size": "8",
    "layers": "1",
    "epochs": "2",
    "checks": "2",
    "window": "16",
    "min_count": "1",
    "patience": "0",
}
