"""Recipes of GPT-2: from nothing, all of a trained model, or an adapter beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

from generators.directory import is_adapter
from generators.errors import InvalidValue
from generators.training.recipes.base import Recipe, option

NUMBERS: Final = ("float32", "float16", "bfloat16")


@dataclass(frozen=True, slots=True, kw_only=True)
class GPT2Recipe(Recipe):
    """How a GPT-2 is made and trained."""

    kind: ClassVar[str] = "gpt2"
    labelled: ClassVar[bool] = True
    shape: ClassVar[tuple[str, ...]] = ("vocabulary_size", "layers", "heads", "width", "context")

    vocabulary_size: int = option(8000, "tokens of its own byte-level BPE", 258, 1_000_000)
    layers: int = option(6, "blocks of attention and two linear layers", 1, 200)
    heads: int = option(4, "attention heads of each block", 1, 256)
    width: int = option(256, "features of a token, a multiple of the heads", 2, 16_384)
    context: int = option(256, "tokens that it can look back on", 2, 65_536)
    dropout: float = option(0.1, "share of features that training leaves out", 0, 0.95)
    window: int = option(256, "tokens that documents are packed into; no document's piece is longer", 2, 65_536)

    label_dropout: float = option(0.2, "share of the documents that are seen without their labels", 0, 1)
    dtype: str = option("float32", "of the published weights: float32, float16 or bfloat16", among=NUMBERS)
    shard_size: int = option(0, "most megabytes of a published file of weights; 0 writes a single file", 0, 100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class GPT2LoRARecipe(GPT2Recipe):
    """How an adapter of low rank is trained beside a GPT-2 (Hu et al. 2021, arXiv:2106.09685)."""

    adapts: ClassVar[bool] = True
    of_adapter: ClassVar[tuple[str, ...]] = ("rank", "alpha", "adapted", "targets", "adapter_dropout")

    rank: int = option(8, "of the adapter's matrices", 1, 4096)
    alpha: int = option(16, "the adapter counts this many times, divided by its rank", 1, 65_536)
    adapted: float = option(0.75, "share of the blocks, from the last one down, that are adapted", 0.001, 1)
    targets: tuple[str, ...] = option(("c_attn",), "linear layers that are adapted, by the ends of their names")
    adapter_dropout: float = option(0.05, "share of features that the adapter's training leaves out", 0, 0.95)

    def settled(self, given: Mapping[str, str]) -> Self:
        """As every recipe; an adapter's matrices are no maps that Muon could keep orthogonal, but factors of them.

        Raises:
            InvalidValue: Muon was asked for, or another format of the weights.
        """
        if self.optimizer == "muon":
            raise InvalidValue("optimizer", given.get("optimizer", "muon"), "adamw, rmsprop or sgd for an adapter")
        for name, only in (("dtype", NUMBERS[0]), ("shard_size", 0)):
            if getattr(self, name) != only:
                raise InvalidValue(name, given[name], f"{only} for an adapter, which is one small file in float32")
        return self

    def decided_by(self, base: Path) -> tuple[str, ...]:
        """An adapter that goes on keeps its own sizes too."""
        return (*self.shape, *self.of_adapter) if is_adapter(base) else self.shape


GPT2: Final = (
    GPT2Recipe(
        name="gpt2",
        description="a small GPT-2 from scratch, with a byte-level BPE of its own",
        epochs=4,  # up to four passes are nearly as good as new text
        batch_size=8,
        learning_rate=1e-3,
        warmup=0.05,
        weight_decay=0.1,
        threads=2,
        measured=20_000,
        temperature=0.8,
        max_tokens=200,
        sample=100,
    ),
    GPT2Recipe(
        name="gpt2-stories",
        description="a GPT-2 of 15 million parameters from scratch, for tens of megabytes of stories",
        vocabulary_size=12_000,
        layers=6,
        heads=6,
        width=384,
        context=512,
        window=512,
        dropout=0.0,  # three passes over so much text are too few to learn it by heart
        epochs=3,
        batch_size=16,  # 8,192 tokens
        optimizer="muon",
        learning_rate=0.005,
        matrix_rate=0.02,
        schedule="wsd",
        decay=0.3,
        warmup=0.02,
        weight_decay=0.02,  # times a rate of 0.02 it is felt after 2,500 steps
        checks=4,
        threads=2,
        measured=20_000,
        filters=("stories",),
        dtype="float16",
        shard_size=15,
        temperature=0.8,
        max_tokens=200,
        min_tokens=60,  # about 250 characters: a story, not a line
        sample=100,
    ),
    GPT2Recipe(
        name="gpt2-tune",
        description="goes on from a trained GPT-2",
        base=True,
        epochs=4,
        batch_size=4,
        learning_rate=1e-4,
        warmup=0.05,
        patience=2,
        threads=2,
        measured=20_000,
        temperature=0.8,
        top_k=40,
        max_tokens=100,
        sample=100,
    ),
    GPT2LoRARecipe(
        name="gpt2-lora",
        description="a small adapter beside a trained GPT-2, which stays as it is",
        base=True,
        epochs=4,
        batch_size=4,
        learning_rate=5e-4,
        dropout=0.0,  # the frozen part cannot learn by heart
        warmup=0.05,
        weight_decay=0.0,
        patience=2,
        threads=2,
        measured=20_000,
        temperature=0.8,
        top_k=40,
        max_tokens=100,
        sample=100,
    ),
)
