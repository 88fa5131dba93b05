"""Recipes of the recurrent family; rates and sizes were compared at equal CPU time, on one core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from generators.training.recipes.base import Recipe, option

CELLS: Final = ("lstm", "gru")


@dataclass(frozen=True, slots=True, kw_only=True)
class CharRNNRecipe(Recipe):
    """How a recurrent model is made and trained."""

    kind: ClassVar[str] = "charrnn"
    shape: ClassVar[tuple[str, ...]] = ("embedding_size", "layers", "hidden_size", "cell", "attention_decay")

    embedding_size: int = option(100, "features of a character", 1, 4096)
    layers: int = option(2, "recurrent layers", 1, 8)
    hidden_size: int = option(128, "units of each layer", 1, 4096)
    cell: str = option("lstm", "lstm or gru", among=CELLS)  # torch has no fused GRU in bf16, so GRU trains slower
    attention_decay: float = option(0.99, "how the running average forgets, at each character", 1e-6, 1)
    dropout: float = option(0.0, "share of features that training leaves out", 0, 0.95)

    window: int = option(64, "characters that are learnt from together", 2, 8192)
    stretch: int = option(1, "in the last steps, windows this many times as long and as many times fewer", 1, 64)
    stretched: float = option(0.2, "share of the steps that are these last ones", 0, 1)
    min_count: int = option(3, "rarer characters are spelt as bytes", 1)
    short: int = option(0, "characters of a document that counts as short", 0)
    repeat_short: int = option(1, "times an epoch that short documents are seen", 1, 1000)


CHARRNN: Final = (
    CharRNNRecipe(
        name="textgenrnn",
        description="a small char-RNN from scratch, for titles, jokes and other short texts",
        dropout=0.2,  # titles are few and seen often: 2.115 nats without, 2.043 with, at equal time
        epochs=20,
        batch_size=16,  # small batches win short budgets
        window=100,  # a whole title
        learning_rate=0.016,  # 2.74 bits on titles, where 0.008 ends at 2.79 and 0.004 at 2.92
        patience=5,
    ),
    CharRNNRecipe(
        name="charrnn",
        description="a larger char-RNN from scratch, for megabytes of stories",
        hidden_size=192,  # 256 gains little within an hour, and misses 50,000 characters/s over 64 texts
        epochs=2,  # up to four passes are nearly as good as new text
        batch_size=16,
        window=128,  # 2.00 bits where 32 windows of 64 gave 2.05, after 1,200 steps
        stretch=4,  # without, positions from 1,000 on lose 0.01 nats on 100 to 200: such states were never met
        learning_rate=0.012,  # 0.016 beats 0.008 by 0.08 bits after 1,200 steps; long runs like lower rates
        checks=4,
        filters=("nfc", "control", "quotes", "spaces", "chapters", "duplicates"),
        short=2000,
        repeat_short=6,  # an empty prompt mostly starts a short story, which can end within a request
        min_tokens=100,
    ),
    CharRNNRecipe(
        name="charrnn-tune",
        description="goes on from a trained char-RNN",
        base=True,
        dropout=0.1,
        epochs=6,
        batch_size=16,
        window=100,
        learning_rate=0.006,  # 2.48 bits on titles where 0.002 ends at 2.69 and 0.012 at 2.50
        patience=2,
        min_count=1,  # a character that the base cannot write is a reason to fine-tune
    ),
)
