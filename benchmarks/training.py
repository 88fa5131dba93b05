"""Characters learnt per CPU second on one core, beside textgenrnn's `fit` on the same titles in the same sizes.

As one text every batch is full; titles, of 42 characters each, make batches half as long, which cost more a character.
textgenrnn's cost depends on neither: each of its targets reads 40 characters anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.learning import UNMEASURED, learnt
from benchmarks.measure import corpus, paired, table
from benchmarks.peers import Peer
from benchmarks.titles import HELD_OUT, PACKAGES, PEER

EPOCHS: Final = 5
ROWS: Final[tuple[tuple[str, dict[str, object], str], ...]] = (
    ("one text, textgenrnn's batch of 128", {"batch_size": 128, "single_text": True}, "≥ 40"),
    ("one text, the recipe's batch of 16", {"single_text": True}, "–"),
    ("titles, the recipe's batch of 16", {}, "–"),
)
PEERS: Final = 600  # titles that the peer learns from: a target costs it the same in any number


def main(rounds: int) -> str:
    """Both in turn, `rounds` times; every character and end is one target."""
    titles = [line for line in corpus("tgr_hacker_news_2000.txt").read_text("utf-8").split("\n") if line][:-HELD_OUT]
    targets = sum(len(title) + 1 for title in titles)

    def theirs() -> float:
        with Peer(*PEER, PACKAGES) as process:
            answer = process.ask(train=titles[:PEERS], held_out=titles[:1], new_model=True, cpu_seconds=1)
        return answer["targets_per_second"]

    rows = []
    with tempfile.TemporaryDirectory() as home:
        source = Path(home) / "titles.txt"
        source.write_text("\n".join(titles) + "\n", "utf-8")
        for title, options, goal in ROWS:

            def ours(options: Mapping[str, object] = options) -> float:
                told = {**UNMEASURED, **options, "epochs": EPOCHS}
                done = learnt([source], source.parent / "learnt", told, recipe="textgenrnn")
                return targets * EPOCHS / (done.steps * done.cpu_per_step)

            rows.append((title, *paired(ours, theirs, rounds), goal))
    return table(
        "Learning, targets per CPU second, 2×128 LSTM",
        ("what", "Planchette", "textgenrnn 2.0.0", "ratio", "to reach"),
        rows,
    )
