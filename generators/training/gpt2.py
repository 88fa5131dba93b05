"""A GPT-2 in training: from nothing, all of a trained one, or an adapter beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import prod
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from generators.bases import base_of
from generators.completion import ModelInfo, Sampling
from generators.directory import check_safetensors, is_adapter, read_json, weights_files
from generators.errors import InvalidValue, UnusableModel
from generators.evaluation import nats_of
from generators.gpt2 import read_info
from generators.gpt2.adapters import merged
from generators.gpt2.configuration import Shape
from generators.gpt2.weights import PREFIX, checked
from generators.gpt2.writer import GPT2
from generators.places import found
from generators.tokenizer_files import read_tokenizer
from generators.training.adapters import adapted, adapter_size, count, merged_tensors, round_frozen, save_adapter
from generators.training.arguments import has_bf16
from generators.training.bpe import BYTES, END_ID, bpe_of, copy_tokenizer, save_bpe
from generators.training.corpus import Corpus
from generators.training.errors import NothingToLearn
from generators.training.gpt2_weights import PackedGPT2, check_width, fresh_config, loaded, save_model, with_rows
from generators.training.memory import check_memory
from generators.training.packing import Packs
from generators.training.parting import Partition
from generators.training.recipes import GPT2LoRARecipe, GPT2Recipe
from generators.training.tokens import add_labels, texts_of, tokenised
from generators.vocabulary import Vocabulary

CONFIG: Final = "config.json"


def check_base(base: Path) -> None:
    """Refuses a base that could not be trained on, without reading its weights.

    Raises:
        UnusableModel: it is damaged, its parts do not fit each other, or it is an adapter without its base.
    """
    read_info(base, found(base).name)
    shape = _shape(base)
    vocabulary = Vocabulary.load(base)
    try:
        vocabulary.check_room(shape.vocab_size)
    except ValueError as fault:
        raise UnusableModel(str(base), str(fault)) from fault
    for file in weights_files(base):
        check_safetensors(file)
    if is_adapter(base):
        base_of(base)


def trainee(corpus: Corpus, recipe: GPT2Recipe, base: Path | None, read: Callable[[int], None]) -> GPT2Trainee:
    """A model, new or trained, with the text of a corpus.

    Args:
        corpus: documents.
        recipe: how.
        base: directory of the model to go on from.
        read: told how many documents were read, now and then.

    Raises:
        UserError: a source cannot be read, nothing is left of it, or the model does not fit into memory.
    """
    return GPT2Trainee(corpus, recipe, read) if base is None else TunedGPT2(corpus, recipe, base, read)


class GPT2Trainee:
    """`generators.training.trainee.Trainee` of a new GPT-2: measured by the torch step that people write with.

    Args:
        corpus: documents.
        recipe: how.
        read: told how many documents were read, now and then.
    """

    model: nn.Module

    def __init__(self, corpus: Corpus, recipe: GPT2Recipe, read: Callable[[int], None]) -> None:
        self._recipe = recipe
        check_width(recipe)
        least = _parameters(Shape(BYTES, recipe.context, recipe.width, recipe.layers, recipe.heads, 4 * recipe.width))
        check_memory(least, least)  # before a long text is read
        counts: Counter[str] = Counter()
        texts = texts_of(corpus, recipe.filters, Partition.of(recipe), counts, read)
        self._tokenizer = bpe_of(texts, recipe.vocabulary_size)
        self._labels = add_labels(self._tokenizer, counts, {})
        self.vocabulary = Vocabulary(self._tokenizer, END_ID, END_ID)
        config = fresh_config(recipe, self.vocabulary, self._labels)
        self._shape = Shape.of(config.to_dict())
        check_memory(_parameters(self._shape), _parameters(self._shape))
        torch.manual_seed(recipe.seed)
        self.model = PackedGPT2(config)
        self._learn(corpus, read)

    def writer(self) -> GPT2:
        """The model as it is now, as it will write; it shares the weights in training."""
        recipe = self._recipe
        sampling = Sampling((recipe.temperature,), recipe.top_k, recipe.top_p, recipe.repetition_penalty)
        context, labels = self._shape.context, tuple(self._labels)
        info = ModelInfo("training", "0", "gpt2", "piece", context=context, labels=labels, sampling=sampling)
        device = next(self.model.parameters()).device
        tensors = {name.removeprefix(PREFIX): tensor for name, tensor in self._tensors().items()}
        return GPT2(info, self.vocabulary, self._shape, checked(self._shape, tensors), device, self._recipe.threads)

    def nats(self, texts: Iterable[Sequence[int]]) -> float:
        """Summed loss over every token but the first of each text, and but the labels after it, which are given."""
        return nats_of(self.writer(), texts)[0]

    def save(self, directory: Path) -> None:
        """Writes model and tokenizer."""
        save_bpe(self._tokenizer, directory)
        save_model(self.model, self._recipe, directory)

    def facts(self) -> dict[str, Any]:
        """Its number of parameters, and what the text came to."""
        return {
            "parameters": _parameters(self._shape),
            "tokens": self.examples.tokens,
            "packed": round(self.examples.tokens / (len(self.examples) * self.examples.size), 4),
        }

    def _learn(self, corpus: Corpus, read: Callable[[int], None]) -> None:
        recipe = self._recipe
        text = tokenised(corpus, recipe.filters, Partition.of(recipe), self.vocabulary, self._labels, read)
        self.examples = Packs(
            text.learnt,
            min(recipe.window, self._shape.context),
            seed=recipe.seed,
            pad=self.vocabulary.end,
            labels=list(self._labels.values()),
            label_dropout=recipe.label_dropout,
        )
        if not len(self.examples):
            raise NothingToLearn
        self.held_out, self.learnt = text.held_out, text.facts

    def _tensors(self) -> dict[str, Tensor]:
        return {name: tensor.detach() for name, tensor in self.model.state_dict().items()}


class TunedGPT2(GPT2Trainee):
    """A GPT-2 that goes on from a trained one: all of it, or an adapter beside it.

    An adapter as base is merged where all weights learn, and goes on where an adapter learns.

    Args:
        corpus: documents.
        recipe: how.
        base: directory of the model to go on from.
        read: told how many documents were read, now and then.
    """

    def __init__(self, corpus: Corpus, recipe: GPT2Recipe, base: Path, read: Callable[[int], None]) -> None:
        self._recipe = recipe
        self._base = base
        self._shape = _shape(base)
        size = _parameters(self._shape)
        adapter = adapter_size(recipe, self._shape.tensors()) if isinstance(recipe, GPT2LoRARecipe) else None
        check_memory(size, size if adapter is None else adapter)
        self._read_tokenizer(corpus, read)
        if isinstance(recipe, GPT2LoRARecipe):
            self._root = base_of(base) if is_adapter(base) else base
            self._frozen = merged(self._root)
            model = loaded(self._root, self._frozen, recipe)
            self.model = adapted(model, recipe, base if is_adapter(base) else None)
            if has_bf16():
                round_frozen(self.model)
        else:
            self.model = with_rows(loaded(base, merged(base), recipe), self.vocabulary.size, self._labels)
            # where a base names only one of the two, GPT2Config has put its own default for the other
            self.model.config.bos_token_id = self.vocabulary.start
            self.model.config.eos_token_id = self.vocabulary.end
            self._shape = Shape.of(self.model.config.to_dict())
        self._learn(corpus, read)

    def save(self, directory: Path) -> None:
        """Writes the model, or its adapter, with the base's tokenizer."""
        copy_tokenizer(self._base, directory)
        if self._new_labels:
            self._tokenizer.save(str(directory / "tokenizer.json"))
        if self._recipe.adapts:
            save_adapter(self.model, self._root, directory)
        else:
            save_model(self.model, self._recipe, directory)

    def facts(self) -> dict[str, Any]:
        """Its number of parameters, those that learnt, and what the text came to."""
        return {**super().facts(), "trained_parameters": count(self.model, trained=True)}

    def _tensors(self) -> dict[str, Tensor]:
        return merged_tensors(self.model, self._frozen) if self._recipe.adapts else super()._tensors()

    def _read_tokenizer(self, corpus: Corpus, read: Callable[[int], None]) -> None:
        """The base's tokenizer, with the corpus' labels.

        Raises:
            InvalidValue: there are new labels, and only an adapter learns, which has no rows for them.
        """
        counts: Counter[str] = Counter()
        if corpus.labelled:
            for _ in texts_of(corpus, self._recipe.filters, Partition.of(self._recipe), counts, read):
                pass
        known = read_json(self._base, CONFIG).get("labels") or {}
        before = Vocabulary.load(self._base)
        self._tokenizer = read_tokenizer(self._base)
        self._labels = add_labels(self._tokenizer, counts, known)
        self._new_labels = self._labels.keys() - known.keys()
        if self._new_labels and self._recipe.adapts:
            allowed = "left out where an adapter learns, which can have only the labels of its base"
            raise InvalidValue("label", ", ".join(sorted(self._new_labels)), allowed)
        self.vocabulary = Vocabulary(self._tokenizer, before.start, before.end)


def _shape(directory: Path) -> Shape:
    try:
        return Shape.of(read_json(directory, CONFIG))
    except ValueError as fault:
        raise UnusableModel(str(directory), str(fault)) from fault


def _parameters(shape: Shape) -> int:
    return sum(prod(size) for size in shape.tensors().values())
