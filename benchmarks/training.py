"""Characters learnt per CPU second on one core, beside textgenrnn's `fit` on the same titles in the same sizes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from benchmarks.learning import UNMEASURED, learnt
from benchmarks.measure import corpus, paired, table
from benchmarks.peers import Peer
from benchmarks.titles import HELD_OUT, PACKAGES, PEER

EPOCHS: Final = 3
BATCHES: Final = ((16, "the recipe's batch of 16"), (128, "textgenrnn's batch of 128"))
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
        for batch, title in BATCHES:

            def ours(batch: int = batch) -> float:
                options = {**UNMEASURED, "batch_size": batch, "epochs": EPOCHS}
                done = learnt([source], source.parent / "learnt", options, recipe="textgenrnn")
                return targets * EPOCHS / (done.steps * done.cpu_per_step)

            rows.append((title, *paired(ours, theirs, rounds), "≥ 40"))
    return table(
        "Learning, targets per CPU second, 2×128 LSTM",
        ("what", "Planchette", "textgenrnn 2.0.0", "ratio", "to reach"),
        rows,
    )
