"""Small models: a char-RNN with random weights, and any model with its steps counted and stopped at will."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from safetensors.numpy import save_file

from generators.chain import Chain, Weighted
from generators.charrnn.folding import Array, Shape
from generators.charrnn.loading import writer_of
from generators.charrnn.tokenizer import START_ID, tokenizer_of
from generators.completion import ModelInfo
from generators.model import Logits, Model
from generators.vocabulary import Vocabulary

CHARACTERS: Final = string.ascii_letters + " .,!?'\n…é日"
CONFIG: Final = {
    "model_type": "charrnn",
    "embedding_size": 8,
    "hidden_sizes": [16, 16],
    "cell": "lstm",
    "attention_decay": 0.99,
    "bos_token_id": START_ID,
    "eos_token_id": START_ID,
}


def tiny(name: str = "tiny", seed: int = 0, **facts: Any) -> Model[Any]:
    """A char-RNN with random weights that rather writes characters than bytes."""
    tokenizer = tokenizer_of(CHARACTERS)
    vocabulary = Vocabulary(tokenizer, START_ID, START_ID)
    config = {**CONFIG, "vocab_size": vocabulary.size}
    info = ModelInfo(name=name, version="1", kind="charrnn", token="character", **facts)
    return writer_of(config, _weights(config, seed), vocabulary, info)


def save_tiny(directory: Path, seed: int = 0, **lineage: str) -> Path:
    """The same as a Hugging Face directory."""
    directory.mkdir(parents=True)
    tokenizer = tokenizer_of(CHARACTERS)
    config = {**CONFIG, "vocab_size": tokenizer.get_vocab_size()}
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "planchette.json").write_text(json.dumps(lineage))
    tokenizer.save(str(directory / "tokenizer.json"))
    save_file(_weights(config, seed), directory / "model.safetensors")
    return directory


def _weights(config: dict[str, Any], seed: int) -> dict[str, Array]:
    numbers = np.random.default_rng(seed)
    weights = {
        name: numbers.normal(0, 0.5, shape).astype(np.float32) for name, shape in Shape.of(config).tensors().items()
    }
    weights["output.bias"][2:258] -= 5  # bytes
    return weights


def byte_level(*merges: tuple[str, str]) -> Vocabulary:
    """A vocabulary as GPT-2 has it, with a few pieces of its own."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["<|endoftext|>", *alphabet, *("".join(merge) for merge in merges)]
    tokenizer = Tokenizer(models.BPE(vocab={name: token for token, name in enumerate(names)}, merges=list(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    return Vocabulary(tokenizer, 0, 0)


def learnt(vocabulary: Vocabulary, *examples: tuple[str, ...]) -> Chain:
    """A chain that has seen texts, given token by token."""
    ids = {vocabulary.bytes[token]: token for token in range(vocabulary.size)}
    info = ModelInfo(name="chain", version="1", kind="chain", token="piece")
    weighted = [
        Weighted((), (*(ids[piece.encode("latin-1")] for piece in example), vocabulary.end), 1.0)
        for example in examples
    ]
    return Chain(info, vocabulary, weighted, (), order=3, smoothing=0.0)


class Watched:
    """A model whose every step is told before it is taken.

    Args:
        model: does the work.
        before: is called with the token lists of each step; what it raises, the step raises.
        context: what it claims to look back on.

    Attributes:
        steps: number of texts in each step so far.
        read: tokens read so far.
    """

    def __init__(
        self,
        model: Model[Any],
        before: Callable[[Sequence[Sequence[int]]], None] = lambda _: None,
        **facts: Any,
    ) -> None:
        self._model = model
        self._before = before
        self.info = ModelInfo(
            **{name: getattr(model.info, name) for name in ("name", "version", "kind", "token")} | facts
        )
        self.vocabulary = model.vocabulary
        self.start = model.start
        self.fork = model.fork
        self.nbytes = model.nbytes
        self.steps: list[int] = []
        self.read = 0

    def extend(
        self, states: Sequence[Any], tokens: Sequence[Sequence[int]], logits: Literal["last", "all"] = "last"
    ) -> Logits | list[Logits]:
        self._before(tokens)
        self.steps.append(len(states))
        self.read += sum(len(ids) for ids in tokens)
        return self._model.extend(states, tokens, logits)
