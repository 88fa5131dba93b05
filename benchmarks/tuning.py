"""Fine-tuning a GPT-2 of 124 million weights for ten epochs on one-line jokes, on two threads without a GPU."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.learning import UNMEASURED, learnt
from benchmarks.measure import corpus, table
from benchmarks.models import gpt2_124m

EPOCHS: Final = 10
PART: Final = 0.5  # epochs that are measured; all take the same
SEED: Final = 44 * 60 + 36  # minutes that the seed took
TOKENS_FROM: Final = ("novels_en.txt", "children_en.txt", "chat_selfdialogue.txt", "hn_titles.txt")  # modern and old


def main(_: int) -> str:
    """Once: half an epoch of each kind, from which ten are reckoned; minutes on the wall's clock."""
    with tempfile.TemporaryDirectory() as home:
        base = gpt2_124m(Path(home) / "gpt2", [corpus(name) for name in TOKENS_FROM])
        full, lora = (_minutes(base, lora=lora) for lora in (False, True))
    return table(
        f"Fine-tuning GPT-2 124M for {EPOCHS} epochs on jokes, 2 threads, from {PART} epochs measured",
        ("what", "minutes", "CPU minutes", "tokens a second of learning", "the seed's minutes", "ratio", "to reach"),
        (
            ("all weights", *map("{:.1f}".format, full), SEED, f"{full[0] / SEED:.4f}", "≤ 60 minutes"),
            (
                "LoRA",
                *map("{:.1f}".format, lora),
                SEED,
                f"{lora[0] / SEED:.4f}",
                f"≤ 0.6 of it; {lora[0] / full[0]:.2f}",
            ),
        ),
    )


def _minutes(base: Path, *, lora: bool) -> tuple[float, float, float]:
    """Minutes and CPU minutes of all epochs with all that is around them, and tokens a second."""
    options = {**UNMEASURED, "epochs": PART}
    done = learnt([corpus("jokes_onelinefun.txt")], base.parent / "tuned", options, base=base, lora=lora, threads=2)
    steps = round(done.steps / PART * EPOCHS)
    tokens = _tokens(done.directory) / (steps / EPOCHS) / done.per_step
    return (
        (done.around + steps * done.per_step) / 60,
        (done.cpu_around + steps * done.cpu_per_step) / 60,
        tokens,
    )


def _tokens(directory: Path) -> int:
    """Tokens of an epoch, which training noted."""
    return int(json.loads((directory / "planchette.json").read_text("utf-8"))["metrics"]["tokens"])
