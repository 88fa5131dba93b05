"""What every recipe decides, whatever it trains, and how its fields are read as a person types them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeVar

from generators.errors import InvalidValue
from generators.training.errors import NoSuchOption
from generators.training.recipes.aliases import canonical

CLEAN: Final = ("nfc", "control", "duplicates")  # changes nothing that a reader would see
OPTIMIZERS: Final = ("adamw", "muon", "rmsprop", "sgd")
HELD_OUT_BY: Final = ("text", "end")
SCHEDULES: Final = ("cosine", "linear", "constant", "plateau", "wsd")
BELONGING: Final = (  # fields that mean something only beside another's value
    ("matrix_rate", "optimizer", "muon"),
    ("decay", "schedule", "wsd"),
)
KINDS: Final[Mapping[str, type]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "tuple[str, ...]": tuple,
    "tuple[int, ...]": tuple,
}
ALIKE: Final = 0.5  # difflib's measure, below which a name is not a near one
YES: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class Option(NamedTuple):
    """A field of a recipe as the shell offers it (`--batch-size`)."""

    name: str
    type: type
    default: Any
    help: str


def option(default: Any, help: str, least: float = 0, most: float = 1e9, among: tuple[str, ...] = ()) -> Any:  # noqa: A002 -- argparse's name
    """A field that may be changed.

    Args:
        default: where a recipe says nothing else.
        help: in a few words.
        least, most: range of a number.
        among: what a word, or each of several, has to be one of; empty for any.
    """
    return field(default=default, metadata={"help": help, "least": least, "most": most, "among": among})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model is trained: what all kinds of models have in common.

    Attributes:
        kind: `model_type` of what it makes.
        base: whether it goes on from a trained model, whose sizes then hold.
        shape: fields that a base decides.
        labelled: whether it learns labels.
        adapts: whether the base stays as it is and an adapter of a few megabytes is what learns.
    """

    kind: ClassVar[str]
    shape: ClassVar[tuple[str, ...]] = ()
    labelled: ClassVar[bool] = False
    adapts: ClassVar[bool] = False

    def decided_by(self, base: Path) -> tuple[str, ...]:  # noqa: ARG002 -- some kinds ask what it is
        """Fields whose values are those of the trained model that it goes on from."""
        return self.shape

    def settled(self, given: Mapping[str, str]) -> Self:  # noqa: ARG002 -- some kinds have fields that exclude others
        """The recipe once these fields, as they were typed, are changed; what they exclude gives way.

        Raises:
            InvalidValue: two of them exclude each other.
        """
        return self

    name: str
    description: str
    base: bool = False

    epochs: float = option(1.0, "passes over the text", 1e-6, 10_000)
    batch_size: int = option(32, "windows in a step", 1, 65_536)
    accumulation: int = option(1, "batches whose gradients make one step", 1, 4096)
    learning_rate: float = option(0.016, "at its highest", 1e-9, 1)
    optimizer: str = option("adamw", "adamw, muon, rmsprop or sgd", among=OPTIMIZERS)
    matrix_rate: float = option(0.02, "of the blocks' matrices at its highest (muon); AdamW learns all else", 1e-9, 1)
    momentum: float = option(0.0, "of rmsprop and sgd", 0, 0.9999)
    schedule: str = option("cosine", "how the rate falls: cosine, linear, constant, plateau or wsd", among=SCHEDULES)
    decay: float = option(0.2, "share of the steps at the end in which the rate falls to 0 (wsd)", 0, 1)
    plateau_patience: int = option(2, "checks without a better model after which the rate falls (plateau)", 0, 10_000)
    plateau_factor: float = option(0.5, "what the rate is multiplied by then", 1e-3, 0.999)
    warmup: float = option(0.02, "share of the steps in which the rate rises first", 0, 1)
    weight_decay: float = option(0.01, "of adamw and muon", 0, 1)
    average: float = option(
        0.0, "share of the steps at the end whose weights' mean is published if it is better; 0 none", 0, 1
    )
    clip: float = option(1.0, "longest gradient", 1e-6, 1e6)
    checks: float = option(1.0, "times an epoch that the model is measured, sampled and kept", 1e-3, 1000)
    patience: int = option(0, "checks without a better model after which training ends; 0 never", 0)
    gen_epochs: int = option(1, "samples are written at the checks of every so many epochs; 0 never", 0, 10_000)
    save_epochs: int = option(0, "the model is kept beside the final one every so many epochs; 0 never", 0, 10_000)
    passage: int = option(0, "tokens of a random held-out passage that samples go on from; 0 from nothing", 0, 2000)
    seed: int = option(0, "decides first weights, order and windows", 0, 2**31 - 1)
    threads: int = option(1, "threads of torch", 1, 256)

    held_out: float = option(0.05, "share of the documents that is measured on and never learnt", 0, 0.9)
    held_out_by: str = option(
        "text", "which documents: by their own text, or those in the last share of each file (end)", among=HELD_OUT_BY
    )
    validation: bool = option(True, "measure on the held-out documents, and keep the weights that were best there")
    measured: int = option(200_000, "held-out tokens at a check", 1)  # noise of a mean over as many: under 0.01 bits
    filters: tuple[str, ...] = option(
        CLEAN, "cleaning steps, in order, such as anime or `nfc notes min-words=20`; see docs/shell.md"
    )

    temperature: float = option(0.5, "of texts, where a request says nothing", 0, 5)
    max_tokens: int = option(300, "length of texts, where a request says nothing", 1, 20_000)
    min_tokens: int = option(0, "tokens before a text may end, where a request says nothing", 0, 20_000)
    top_k: int = option(0, "likeliest tokens that a text is drawn from, where a request says nothing; 0 all", 0)
    top_p: float = option(1.0, "probability that the likeliest tokens drawn from have together", 1e-6, 1)
    repetition_penalty: float = option(1.0, "makes tokens that were written less likely; 1 does not", 0.5, 2)
    sample: int = option(300, "longest text that is shown at a check, in tokens; 0 none", 0, 20_000)


SomeRecipe = TypeVar("SomeRecipe", bound=Recipe)


def options(recipe: Recipe) -> list[Option]:
    """What the shell may change about a recipe, in order."""
    return [
        Option(item.name, KINDS[str(item.type)], getattr(recipe, item.name), item.metadata["help"])
        for item in fields(recipe)
        if item.metadata
    ]


def changed(recipe: SomeRecipe, values: Mapping[str, str]) -> SomeRecipe:
    """The recipe with these fields, given as they are typed; `batch-size` and `batch_size` are the same.

    textgenrnn's names are taken too; see `generators.training.recipes.aliases`.

    Raises:
        InvalidValue: a recipe has no such field, or the value is outside its range.
    """
    known = {item.name: item for item in fields(recipe) if item.metadata}
    parsed: dict[str, Any] = {}
    given = canonical(values)
    for name, value in given.items():
        if name not in known:
            raise NoSuchOption(name, value, "", recipe.name, tuple(get_close_matches(name, known, n=3, cutoff=ALIKE)))
        parsed[name] = _parsed(name, value, str(known[name].type), known[name].metadata)
    return replace(recipe, **parsed).settled(given)


def _parsed(name: str, value: str, annotation: str, limits: Mapping[str, Any]) -> Any:
    kind = KINDS[annotation]
    if kind is tuple:
        if annotation == "tuple[int, ...]":
            parts = value.replace(",", " ").split()
            return tuple(_number(name, part, int, limits["least"], limits["most"]) for part in parts)
        return _among(name, _words(name, value), limits["among"])
    if kind is str:
        return _among(name, (value,), limits["among"])[0]
    if kind is bool:
        if value.lower() not in YES:
            raise InvalidValue(name, value, "true or false")
        return YES[value.lower()]
    return _number(name, value, kind, limits["least"], limits["most"])


def _among(name: str, words: tuple[str, ...], allowed: Sequence[str]) -> tuple[str, ...]:
    for word in words:
        if allowed and word not in allowed:
            raise InvalidValue(name, word, f"one of {', '.join(allowed)}")
    return words


def _words(name: str, value: str) -> tuple[str, ...]:
    """Words with spaces or commas between them; quotation marks around a word with such in it, as a shell has them."""
    reader = shlex.shlex(value, posix=True)
    reader.whitespace += ","
    reader.whitespace_split = True
    reader.commenters = ""
    try:
        return tuple(reader)
    except ValueError:
        raise InvalidValue(name, value, "words with spaces between them, each quotation mark closed") from None


def _number(name: str, value: str, kind: type, least: float, most: float) -> float:
    parse: Callable[[str], float] = int if kind is int else float
    try:
        number = parse(value)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        whole = "whole number" if kind is int else "number"
        raise InvalidValue(name, value, f"a {whole} from {least:,g} to {most:,g}")
    return number
