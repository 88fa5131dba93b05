"""A recurrent model in training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from generators.charrnn import load, read_info
from generators.charrnn.loading import writer_of
from generators.charrnn.tokenizer import PAD_ID, START_ID
from generators.completion import ModelInfo
from generators.evaluation import nats_of
from generators.model import Model
from generators.places import found
from generators.training.corpus import Corpus
from generators.training.encoding import Prepared, prepared
from generators.training.publishing import save_tokenizer
from generators.training.recipes import CharRNNRecipe
from generators.training.trainee import Learnt
from generators.training.weights import equalise, fresh, grown, reads_marks_as_straight, unseen_group
from generators.training.windows import Windows
from generators.vocabulary import Vocabulary


def check_base(base: Path) -> None:
    """Refuses a base that could not be trained on.

    Raises:
        UnusableModel: it is damaged.
    """
    load(base, read_info(base, found(base).name))


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
    tokenizer = None if base is None else Tokenizer.from_file(str(base / "tokenizer.json"))
    return CharRNNTrainee(prepared(corpus, recipe, tokenizer, read), recipe, base)


class CharRNNTrainee:
    """`generators.training.trainee.Trainee` of the recurrent family: measured by the NumPy that people write with.

    Args:
        data: what it learns from.
        recipe: how.
        base: directory of the model to go on from.
    """

    def __init__(self, data: Prepared, recipe: CharRNNRecipe, base: Path | None) -> None:
        self._tokenizer = data.tokenizer
        if base is None:
            self.model = fresh(recipe, data.tokenizer, data.learnt)
        else:
            self.model = grown(base, recipe, data.tokenizer)
        self._unseen = unseen_group(self.model, data.learnt)
        self.examples = Windows(
            data.learnt,
            recipe.window,
            recipe.short,
            recipe.repeat_short,
            seed=recipe.seed,
            pad=PAD_ID,
            stretch=recipe.stretch,
            stretched=recipe.stretched,
        )
        self.held_out = data.held_out
        self.vocabulary = Vocabulary(data.tokenizer, START_ID, START_ID)
        self.learnt = Learnt(data.documents, data.characters, data.touched)

    def writer(self) -> Model[Any]:
        """The model as it is now, as it will write."""
        equalise(self.model, self._unseen)
        tensors = {name: tensor.detach().float().cpu().numpy() for name, tensor in self.model.state_dict().items()}
        info = ModelInfo("training", "0", "charrnn", "character")
        return writer_of(self.model.config.to_dict(), tensors, self.vocabulary, info)

    def nats(self, texts: list[list[int]]) -> float:
        """Summed loss over every token but the first of each text."""
        return nats_of(self.writer(), texts)[0]

    def save(self, directory: Path) -> Path:
        """Writes model and tokenizer; the weights' file."""
        reads_marks_as_straight(self.model, self._tokenizer, self._unseen)
        self.model.config.architectures = ["CharRNNForCausalLM"]
        self.model.save_pretrained(directory)
        save_tokenizer(self._tokenizer, directory)
        return directory / "model.safetensors"

    def facts(self) -> dict[str, Any]:
        """Its number of parameters."""
        return {"parameters": sum(parameter.numel() for parameter in self.model.parameters())}
