"""Recipes of the recurrent family; rates and sizes were compared at equal CPU time, on one core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

from generators.errors import InvalidValue
from generators.training.recipes.base import Recipe, option

CELLS: Final = ("lstm", "gru")
ATTENTIONS: Final = ("running", "none", "window")
ALPHABETS: Final = ("latin", "cyrillic", "emoji")


@dataclass(frozen=True, slots=True, kw_only=True)
class CharRNNRecipe(Recipe):
    """How a recurrent model is made and trained."""

    kind: ClassVar[str] = "charrnn"
    labelled: ClassVar[bool] = True
    shape: ClassVar[tuple[str, ...]] = (
        "embedding_size",
        "layers",
        "hidden_size",
        "hidden_sizes",
        "cell",
        "attention",
        "attention_decay",
        "bidirectional",
        "word_level",
        "adaptive_over",
    )

    embedding_size: int = option(100, "features of a token", 1, 4096)
    layers: int = option(2, "recurrent layers", 1, 8)
    hidden_size: int = option(128, "units of each layer", 1, 4096)
    hidden_sizes: tuple[int, ...] = option((), "units layer by layer, in place of layers and hidden-size", 1, 4096)
    cell: str = option("lstm", "lstm or gru", among=CELLS)  # torch has no fused GRU in bf16, so GRU trains slower
    attention: str = option("running", "running, none, or window: the last costs a window a token", among=ATTENTIONS)
    attention_decay: float = option(0.99, "how the running average forgets, at each token", 1e-6, 1)
    bidirectional: bool = option(False, "layers that also read backwards: each token then costs a window of steps")
    dropout: float = option(0.0, "share of features that training leaves out", 0, 0.95)

    word_level: bool = option(False, "a token is a word, not a character")
    max_words: int = option(10_000, "words with a token of their own, the most frequent", 1, 1_000_000)
    adaptive_over: int = option(5000, "adaptive softmax for vocabularies of more words than this", 300)
    min_count: int = option(3, "rarer characters or words are spelt as bytes", 1)
    alphabet: tuple[str, ...] = option(
        (), "letters with tokens of their own, also where the text lacks them: latin, cyrillic, emoji", among=ALPHABETS
    )

    single_text: bool = option(False, "all sources are one text, without documents")
    window: int = option(64, "tokens that are learnt from together, and that bidirectional layers see", 2, 8192)
    step: int = option(0, "tokens from a window's start to the next one's; 0 sets windows side by side", 0, 8192)
    carried: bool = option(False, "the text in batch-size streams, states kept from batch to batch")
    stretch: int = option(1, "in the last steps, windows this many times as long and as many times fewer", 1, 64)
    stretched: float = option(0.2, "share of the steps that are these last ones", 0, 1)
    short: int = option(0, "tokens of a document that counts as short", 0)
    repeat_short: int = option(1, "times an epoch that short documents are seen", 1, 1000)
    label_dropout: float = option(0.2, "share of the documents that are seen without their labels", 0, 1)

    def settled(self, given: Mapping[str, str]) -> Self:
        """As every recipe; layers of one size take the place of those that the recipe lists one by one."""
        alike = [name for name in ("hidden_size", "layers") if name in given]
        if not alike or not self.hidden_sizes:
            return self
        if "hidden_sizes" in given:
            raise InvalidValue(alike[0], given[alike[0]], "left out where hidden-sizes is given")
        return replace(self, hidden_sizes=())

    @property
    def windowed(self) -> bool:
        """Whether the model itself sees a window, which every token then costs."""
        return self.bidirectional or self.attention == "window"


TEXTGENRNN: Final = CharRNNRecipe(
    name="textgenrnn",
    description="a small char-RNN from scratch, for titles, jokes and other short texts",
    dropout=0.2,  # titles are few and seen often: 2.115 nats without, 2.043 with, at equal time
    epochs=20,
    batch_size=16,  # small batches win short budgets
    window=100,  # a whole title
    learning_rate=0.016,  # 2.74 bits on titles, where 0.008 ends at 2.79 and 0.004 at 2.92
    patience=5,
)
NIETZSCHE: Final = CharRNNRecipe(
    name="nietzsche",
    description="the Keras example: one layer over windows of one lower-cased text, which every character of a window "
    "is learnt from; an embedding stands for its one-hot input",
    embedding_size=64,  # as many features as lower-cased English has characters, so nothing of the one-hot is lost
    layers=1,
    attention="none",
    window=60,
    step=3,  # the example's windows; it learns only the last character of each
    optimizer="rmsprop",
    learning_rate=0.01,
    schedule="constant",
    warmup=0,
    batch_size=128,
    epochs=10,  # every character is in twenty windows of an epoch
    patience=2,  # which is why a second epoch without gain will not be followed by a gain
    single_text=True,
    filters=("nfc", "control", "lower"),
    passage=60,  # what the example shows after each epoch: a random passage, continued
    max_tokens=400,  # as long as the example's samples
)
GRU_STACK: Final = CharRNNRecipe(
    name="gru-stack",
    description="the novels tutorial: two GRU layers over all sources as one text, states carried from batch to batch",
    embedding_size=300,
    hidden_sizes=(512, 256),
    cell="gru",
    attention="none",
    window=100,
    carried=True,
    batch_size=64,
    weight_decay=0,  # Adam, as in the tutorial
    learning_rate=0.003,  # 1.56 nats after 215 steps, where Adam's own 0.001, which the tutorial has, is at 1.84
    schedule="constant",
    warmup=0,
    epochs=50,
    patience=3,  # «stop when the loss stays or rises for some epochs»
    single_text=True,
    filters=("nfc", "control"),
    measured=50_000,  # 0.8 M parameters of recurrent weights are slow to measure; noise stays under 0.02 bits
    max_tokens=1000,  # as long as the tutorial's samples
)
WORD_LSTM: Final = CharRNNRecipe(
    name="word-lstm",
    description="a word-level LSTM for synopses and other texts of a hundred words, states carried from batch to batch",
    embedding_size=100,
    layers=3,
    hidden_size=512,
    attention="none",
    dropout=0.3,
    word_level=True,
    max_words=20_000,  # rarer words are seen too seldom to be learnt, and are spelt
    min_count=2,  # a word seen once can be spelt once
    window=30,
    carried=True,
    batch_size=32,
    weight_decay=0,
    learning_rate=0.001,  # Adam's own
    schedule="plateau",
    warmup=0,
    clip=2.0,
    epochs=15,
    measured=50_000,  # 6 M recurrent weights are slow to measure
    top_k=40,  # the distribution's tail is where word salad comes from
    temperature=0.8,
    max_tokens=150,  # a synopsis
    sample=100,
)
CHARRNN_LARGE: Final = CharRNNRecipe(
    name="charrnn",
    description="a larger char-RNN from scratch, for megabytes of stories",
    hidden_size=256,
    epochs=2,  # up to four passes are nearly as good as new text
    batch_size=16,
    window=128,  # 2.00 bits where 32 windows of 64 gave 2.05, after 1,200 steps
    stretch=4,  # without, positions from 1,000 on lose 0.01 nats on 100 to 200: such states were never met
    optimizer="muon",  # 1.89 bits after 1,147 steps, where AdamW at its best rate is at 2.02 after 1,470
    learning_rate=0.008,  # 0.012 beats 0.004 in short runs; long ones like lower rates
    matrix_rate=0.03,  # of 0.02 and 0.05 the higher one, in short runs
    checks=4,
    filters=("stories",),
    min_tokens=100,
)
MULTILINGUAL: Final = replace(
    CHARRNN_LARGE,
    name="charrnn-multilingual",
    description="a char-RNN from scratch for several languages, Chinese among them, which labels tell apart",
    min_count=20,  # of 6,349 Chinese characters the 3,400 that can be learnt; rarer ones are spelt as bytes
    label_dropout=0.05,  # its languages are asked for by their labels
)
CHARRNN_TUNE: Final = CharRNNRecipe(
    name="charrnn-tune",
    description="goes on from a trained recurrent model",
    base=True,
    dropout=0.1,
    epochs=8,  # on 1,687 titles 1.76 nats, where 4 end at 1.80 and 16 at 1.79
    batch_size=16,
    window=100,
    learning_rate=0.006,  # 2.48 bits on titles where 0.002 ends at 2.69 and 0.012 at 2.50
    patience=2,
    min_count=1,  # a character that the base cannot write is a reason to fine-tune
)
CHARRNN: Final = (TEXTGENRNN, NIETZSCHE, GRU_STACK, WORD_LSTM, CHARRNN_LARGE, MULTILINGUAL, CHARRNN_TUNE)
