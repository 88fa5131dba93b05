"""How well titles are predicted after so many CPU seconds of learning, beside textgenrnn on the same split."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.learning import UNMEASURED, learnt
from benchmarks.measure import corpus, table
from benchmarks.peers import results
from generators.charrnn import load, read_info
from generators.evaluation import nats_of
from generators.places import shipped_directory

HELD_OUT: Final = 200  # the last titles
TUNING: Final = 300  # CPU seconds, as the peer's four epochs took when it was first measured
SCRATCH: Final = 370  # five epochs then
TRIAL: Final = 2  # epochs that show how many fit into the time
PEER: Final = ("textgenrnn", "textgenrnn_training.py")
PACKAGES: Final = ("textgenrnn==2.0.0", "tensorflow-cpu==2.15.*", "setuptools<70")
MOST_TUNED: Final = 8  # epochs: 1.763 nats, after 4 still 1.795; dropout of 0.3 in place of 0.1 costs 0.25
MOST_FRESH: Final = 110  # 71,000 characters are little: 60, 90 epochs end at 1.829, 1.814 on the 200 titles before
TEXTGENRNN: Final = {"recipe": "textgenrnn"}
REGULARISED: Final = {"hidden_size": 192, "dropout": 0.5}  # chosen there too: 1.872 with 128 and 0.4 in 40 epochs


def main(_: int) -> str:
    """Once: the peer's part is long, and is kept. CPU seconds are of whole processes, imports included."""
    titles = [line for line in corpus("tgr_hacker_news_2000.txt").read_text("utf-8").split("\n") if line]
    train, held_out = titles[:-HELD_OUT], titles[-HELD_OUT:]
    tuned, fresh = (
        results.asked(
            "titles",
            *PEER,
            PACKAGES,
            {"train": train, "held_out": held_out, "new_model": new, "cpu_seconds": seconds},
        )
        for new, seconds in ((False, TUNING), (True, SCRATCH))
    )
    with tempfile.TemporaryDirectory() as home:
        source = Path(home) / "titles.txt"
        source.write_text("\n".join(train) + "\n", "utf-8")
        shipped = shipped_directory() / "charrnn"
        rows = [
            ("pre-trained, before", nats(shipped, held_out), "0", tuned["before"], "0", "–"),
            _row("fine-tuned", source, held_out, TUNING, {"base": shipped}, {}, MOST_TUNED, tuned, "≤ 1.80 nats"),
            *(
                _row(f"from scratch, {what}", source, held_out, seconds, TEXTGENRNN, options, MOST_FRESH, fresh, goal)
                for what, seconds, options, goal in (
                    ("a tenth", SCRATCH / 10, {}, "≤ 1"),
                    ("as long", SCRATCH, REGULARISED, "≤ 0.9"),
                )
            ),
        ]
    return table(
        f"Titles: nats per character of the last {HELD_OUT}, after learning from {len(train):,}",
        ("what", "Planchette", "CPU s", "textgenrnn 2.0.0 (its best epoch)", "CPU s", "ratio", "to reach"),
        [
            (what, f"{ours:.3f}", spent, f"{theirs:.3f}", its, f"{ours / theirs:.3f}", goal)
            for what, ours, spent, theirs, its, goal in rows
        ],
    )


def nats(directory: Path, titles: list[str]) -> float:
    """Mean loss of every character and end in nats; characters spelt as bytes cost all their bytes."""
    model = load(directory, read_info(directory, "titles"))
    start, end = model.vocabulary.start, model.vocabulary.end
    total, _ = nats_of(model, [[start, *model.vocabulary.encode(title), end] for title in titles])
    return total / sum(len(title) + 1 for title in titles)


def _row(
    what: str,
    source: Path,
    held_out: list[str],
    budget: float,
    kind: Mapping[str, Any],
    options: Mapping[str, object],
    most: float,
    peer: Mapping[str, Any],
    goal: str,
) -> tuple[str, float, str, float, str, str]:
    """Learns for so many CPU seconds, in as many epochs as a trial shows to fit, so that the rate falls to the end.

    Args:
        kind: recipe or base.
        options: of the recipe, that are changed.
        most: epochs, beyond which it would learn the titles by heart.
    """
    output = source.parent / what.replace(" ", "-").replace(",", "")
    options = {**UNMEASURED, **options}
    trial = learnt([source], output, {**options, "epochs": TRIAL}, **kind)
    epochs = min(max((budget - trial.cpu_around) / trial.cpu_per_step / (trial.steps / TRIAL), 0.5), most)
    done = learnt([source], output, {**options, "epochs": f"{epochs:.2f}"}, **kind)
    ours = nats(done.directory, held_out)
    best = min(peer["epochs"])
    its = f"{peer['cpu_seconds']:.0f} ({best:.3f} of {len(peer['epochs'])} epochs)"
    return what, ours, f"{done.cpu_seconds:.0f} ({epochs:.1f} epochs)", best, its, goal
