"""A recurrent model in training."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from generators.charrnn import load, read_info
from generators.charrnn.loading import writer_of
from generators.charrnn.modeling import CharRNNForCausalLM
from generators.charrnn.shape import Shape
from generators.completion import ModelInfo
from generators.evaluation import nats_of
from generators.model import Model
from generators.places import found
from generators.training.corpus import Corpus
from generators.training.encoding import Known, Prepared, prepared
from generators.training.publishing import save_tokenizer
from generators.training.recipes import CharRNNRecipe
from generators.training.streams import Streams
from generators.training.trainee import Learnt
from generators.training.weights import equalise, fresh, grown, reads_marks_as_straight, unseen_group
from generators.training.windows import Windows


def check_base(base: Path) -> None:
    """Refuses a base that could not be trained on.

    Raises:
        UnusableModel: it is damaged.
    """
    load(base, read_info(base, found(base).name))


def reshaped(recipe: CharRNNRecipe, base: Path) -> CharRNNRecipe:
    """The recipe with the shape of a trained model, for one of that shape that starts from nothing.

    Raises:
        UnusableModel: it is damaged.
    """
    check_base(base)
    shape = Shape.of(json.loads((base / "config.json").read_text("utf-8")))
    return replace(
        recipe,
        embedding_size=shape.embedding_size,
        layers=len(shape.hidden_sizes),
        hidden_sizes=shape.hidden_sizes,
        cell=shape.cell,
        attention=shape.attention,
        attention_decay=shape.attention_decay,
        bidirectional=shape.bidirectional,
        word_level=shape.token == "word",
        window=shape.window or recipe.window,
    )


def trainee(corpus: Corpus, recipe: CharRNNRecipe, base: Path | None, read: Callable[[int], None]) -> CharRNNTrainee:
    """A model, new or grown from a base, with the text of a corpus.

    Args:
        corpus: documents.
        recipe: how.
        base: directory of the model to go on from.
        read: told how many documents were read, now and then.

    Raises:
        UserError: a source cannot be read, or nothing is left of it.
    """
    known = None if base is None else Known.of(base)
    return CharRNNTrainee(prepared(corpus, recipe, known, read), recipe, base)


class CharRNNTrainee:
    """`generators.training.trainee.Trainee` of the recurrent family: measured by the NumPy that people write with.

    Args:
        data: what it learns from.
        recipe: how.
        base: directory of the model to go on from.
    """

    def __init__(self, data: Prepared, recipe: CharRNNRecipe, base: Path | None) -> None:
        self._tokenizer = data.tokenizer
        self.model = fresh(recipe, data) if base is None else grown(base, recipe, data)
        self._unseen = unseen_group(self.model, data.learnt)
        self.examples = _examples(data, recipe, self.model)
        self.held_out = data.held_out
        self.vocabulary = data.vocabulary
        self.learnt = Learnt(data.documents, data.characters, data.filters, data.labelled)

    def writer(self) -> Model[Any]:
        """The model as it is now, as it will write."""
        equalise(self.model, self._unseen)
        tensors = {name: tensor.detach().float().cpu().numpy() for name, tensor in self.model.state_dict().items()}
        info = ModelInfo("training", "0", "charrnn", self.model.config.token, labels=tuple(self.model.config.labels))
        return writer_of(self.model.config.to_dict(), tensors, self.vocabulary, info)

    def nats(self, texts: Iterable[Sequence[int]]) -> float:
        """Summed loss over every token but the first of each text."""
        return nats_of(self.writer(), texts)[0]

    def save(self, directory: Path) -> None:
        """Writes model and tokenizer."""
        reads_marks_as_straight(self.model, self._tokenizer, self._unseen)
        self.model.config.architectures = ["CharRNNForCausalLM"]
        self.model.save_pretrained(directory)
        save_tokenizer(self._tokenizer, directory)

    def facts(self) -> dict[str, Any]:
        """Its number of parameters."""
        return {"parameters": sum(parameter.numel() for parameter in self.model.parameters())}


def _examples(data: Prepared, recipe: CharRNNRecipe, model: CharRNNForCausalLM) -> Windows | Streams:
    labels = list(data.labels.values())
    if recipe.carried:
        streams = Streams(
            data.learnt,
            recipe.batch_size,
            recipe.window,
            data.vocabulary.start,
            recipe.seed,
            labels,
            recipe.label_dropout,
        )
        streams.carried.between(model)
        return streams
    return Windows(
        data.learnt,
        recipe.window,
        recipe.short,
        recipe.repeat_short,
        seed=recipe.seed,
        pad=model.config.pad_token_id,
        stretch=recipe.stretch,
        stretched=recipe.stretched,
        step=recipe.step,
        context=(model.config.window or 1) - 1,  # so that every prediction sees all that it will see when writing
        labels=labels,
        label_dropout=recipe.label_dropout,
    )
