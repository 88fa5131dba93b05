"""Recipes: everything that decides a training, with defaults and the reasons for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, NamedTuple

from generators.errors import InvalidValue

CLEAN: Final = ("nfc", "control", "duplicates")  # changes nothing that a reader would see


CELLS: Final = ("lstm", "gru")
KINDS: Final[Mapping[str, type]] = {"int": int, "float": float, "str": str, "tuple[str, ...]": tuple}


class Option(NamedTuple):
    """A field of a recipe as the shell offers it (`--batch-size`)."""

    name: str
    type: type
    default: Any
    help: str


def _field(default: Any, help: str, least: float = 0, most: float = 1e9) -> Any:  # noqa: A002 -- argparse's name
    return field(default=default, metadata={"help": help, "least": least, "most": most})


@dataclass(frozen=True, slots=True, kw_only=True)
class CharRNNRecipe:
    """How a char-RNN is made and trained; rates and sizes were compared at equal CPU time, on one core."""

    name: str
    description: str
    base: bool = False  # whether it goes on from a trained model, whose sizes then hold

    embedding_size: int = _field(100, "features of a character", 1, 4096)
    layers: int = _field(2, "recurrent layers", 1, 8)
    hidden_size: int = _field(128, "units of each layer", 1, 4096)
    cell: str = _field("lstm", "lstm or gru")  # LSTM: torch has no fused GRU in bf16, so GRU trains slower
    attention_decay: float = _field(0.99, "how the running average forgets, at each character", 1e-6, 1)
    dropout: float = _field(0.0, "share of features that training leaves out", 0, 0.95)

    epochs: float = _field(1.0, "passes over the text", 1e-6, 10_000)
    batch_size: int = _field(32, "windows in a step", 1, 65_536)
    window: int = _field(64, "characters that are learnt from together", 2, 8192)
    stretch: int = _field(1, "in the last steps, windows this many times as long and as many times fewer", 1, 64)
    stretched: float = _field(0.2, "share of the steps that are these last ones", 0, 1)
    learning_rate: float = _field(0.016, "of AdamW, at its highest", 1e-9, 1)
    warmup: float = _field(0.02, "share of the steps in which the rate rises; then it falls as a cosine", 0, 1)
    weight_decay: float = _field(0.01, "of AdamW", 0, 1)
    clip: float = _field(1.0, "longest gradient", 1e-6, 1e6)
    checks: int = _field(1, "times an epoch that the model is measured, sampled and kept", 1, 1000)
    patience: int = _field(0, "checks without a better model after which training ends; 0 never", 0)
    seed: int = _field(0, "decides first weights, order and windows", 0, 2**31 - 1)
    threads: int = _field(1, "threads of torch", 1, 256)

    held_out: float = _field(0.05, "share of the documents that is measured on and never learnt", 0, 0.9)
    min_count: int = _field(3, "rarer characters are spelt as bytes", 1)
    filters: tuple[str, ...] = _field(CLEAN, "cleaning steps, in order")
    short: int = _field(0, "characters of a document that counts as short", 0)
    repeat_short: int = _field(1, "times an epoch that short documents are seen", 1, 1000)

    temperature: float = _field(0.5, "of texts, where a request says nothing", 0, 5)
    max_tokens: int = _field(300, "length of texts, where a request says nothing", 1, 20_000)
    min_tokens: int = _field(0, "characters before a text may end, where a request says nothing", 0, 20_000)


RECIPES: Final[Mapping[str, CharRNNRecipe]] = {
    recipe.name: recipe
    for recipe in (
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
}

SHAPE: Final = ("embedding_size", "layers", "hidden_size", "cell", "attention_decay")  # what a base decides
FIRST_RECIPE: Final = "textgenrnn"
TUNING: Final = {"charrnn": "charrnn-tune"}  # by a base's model_type


def recipe_named(name: str) -> CharRNNRecipe:
    """The recipe of that name.

    Raises:
        InvalidValue: there is none.
    """
    if name not in RECIPES:
        raise InvalidValue("recipe", name, f"one of {', '.join(RECIPES)}")
    return RECIPES[name]


def options(recipe: CharRNNRecipe) -> list[Option]:
    """What the shell may change about a recipe, in order."""
    return [
        Option(item.name, KINDS[str(item.type)], getattr(recipe, item.name), item.metadata["help"])
        for item in fields(recipe)
        if item.metadata
    ]


def changed(recipe: CharRNNRecipe, values: Mapping[str, str]) -> CharRNNRecipe:
    """The recipe with these fields, given as they are typed; `batch-size` and `batch_size` are the same.

    Raises:
        InvalidValue: a recipe has no such field, or the value is outside its range.
    """
    known = {item.name: item for item in fields(recipe) if item.metadata}
    parsed: dict[str, Any] = {}
    for typed, value in values.items():
        name = typed.replace("-", "_")
        if name not in known:
            raise InvalidValue("option", typed, f"one of {', '.join(known)}")
        parsed[name] = _parsed(name, value, KINDS[str(known[name].type)], known[name].metadata)
    return replace(recipe, **parsed)


def _parsed(name: str, value: str, kind: type, limits: Mapping[str, Any]) -> Any:
    if name == "cell":
        if value not in CELLS:
            raise InvalidValue(name, value, f"one of {', '.join(CELLS)}")
        return value
    if kind is tuple:
        return tuple(part for part in value.replace(",", " ").split() if part)
    parse: Callable[[str], float] = int if kind is int else float
    whole = "whole number" if kind is int else "number"
    least, most = limits["least"], limits["most"]
    try:
        number = parse(value)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise InvalidValue(name, value, f"a {whole} from {least:,g} to {most:,g}")
    return number
