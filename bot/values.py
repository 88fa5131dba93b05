"""Kinds of values that people type: how each is read, and which are allowed."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

from bot.games.ballot import LONGEST_WRITE_IN
from bot.text import LONGEST_PROMPT
from generators.completion import HOTTEST, LONGEST
from generators.errors import InvalidValue, Phrase

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.conversation import Place

NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
WHOLE: Final = re.compile(r"[+-]?\d{1,30}", re.ASCII)
TRUTHS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
QUOTED: Final = 60  # characters of a wrong value that an error repeats


class Default(Enum):
    """The word `default`, which unsets what was set."""

    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Between:
    """A range of numbers; `above` leaves the least one out."""

    least: float
    most: float
    above: bool = False


@dataclass(frozen=True, slots=True)
class RestOfLine:
    """Everything that is left of the line, exactly as it was typed."""

    limit: int = LONGEST_PROMPT  # characters


@dataclass(frozen=True, slots=True)
class Suggest:
    """Values that a platform may offer while somebody types; others may be allowed too."""

    values: Callable[[Bot, Place], Awaitable[list[str]]] | tuple[str, ...]

    async def offer(self, bot: Bot, place: Place, begun: str, limit: int = 25) -> list[str]:
        """What begins like this first, then what has it inside; 25 is as many as Discord shows.

        Args:
            place: where somebody types.
        """
        values = await self.values(bot, place) if callable(self.values) else self.values
        folded = begun.casefold()
        fitting = [value for value in values if folded in value.casefold()]
        return sorted(fitting, key=lambda value: not value.casefold().startswith(folded))[:limit]


@dataclass(frozen=True, slots=True)
class Kind:
    """What may stand for one parameter or setting.

    Attributes:
        form: what it is on platforms that tell numbers from texts.
        least, most, above: the range of a number, without `least` itself where `above`.
        choices: all that is allowed of a `choice`.
        unsets: whether the word `default` is allowed too.
        rest: the longest rest of the line that it takes; None where it is one word.
        suggest: offers values while somebody types.
    """

    form: Literal["text", "integer", "number", "boolean", "choice"]
    least: float | None = None
    most: float | None = None
    above: bool = False
    choices: tuple[str, ...] = ()
    unsets: bool = False
    rest: int | None = None
    suggest: Suggest | None = None
    enumeration: type[StrEnum] | None = field(default=None, repr=False)

    @property
    def allowed(self) -> Phrase:
        """The noun phrase that ends «it has to be …»."""
        if self.unsets and self.form != "choice":
            return Phrase("{allowed} or default", allowed=self._allowed)
        return self._allowed

    @property
    def _allowed(self) -> Phrase:
        least, most = _plain(self.least), _plain(self.most)
        match self.form:
            case "integer":
                return Phrase("a whole number from {least:,} to {most:,}", least=least, most=most)
            case "number" if self.above:
                return Phrase("a number above {least:,}, at most {most:,}", least=least, most=most)
            case "number":
                return Phrase("a number from {least:,} to {most:,}", least=least, most=most)
            case "boolean":
                return Phrase("true or false")
            case "choice":
                *first, last = (*self.choices, "default") if self.unsets else self.choices
                return Phrase("{names} or {last}", names=", ".join(first), last=last) if first else Phrase(last)
            case "text":
                return Phrase("a text of at least one character")

    def parse(self, name: str, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            InvalidValue: it is none that is allowed.
        """
        if self.unsets and text.casefold() == "default":
            return Default.DEFAULT
        match self.form:
            case "text":
                if text or self.rest is not None:
                    return text
            case "boolean":
                if text.casefold() in TRUTHS:
                    return TRUTHS[text.casefold()]
            case "choice":
                if text.casefold() in self.choices:
                    return self.enumeration(text.casefold()) if self.enumeration else text.casefold()
            case "integer":
                if WHOLE.fullmatch(text) and self._in_range(int(text)):
                    return int(text)
            case "number":
                if NUMBER.fullmatch(text) and self._in_range(float(text)):
                    return float(text) + 0.0  # -0 is 0
        raise InvalidValue(name, quoted(text), self.allowed)

    def show(self, value: Any) -> str:
        """The text that `parse` reads as this value."""
        match value:
            case Default():
                return "default"
            case bool():
                return "true" if value else "false"
            case float():
                return f"{value:g}" if float(f"{value:g}") == value else repr(value)
            case _:
                return str(value)

    def _in_range(self, value: float) -> bool:
        if not math.isfinite(value) or (self.above and value == self.least):
            return False
        return (self.least is None or self.least <= value) and (self.most is None or value <= self.most)


def kind_of(annotation: Any) -> Kind:
    """The kind that a type stands for: `float`, `Annotated[int, Between(1, 5)]`, `Literal[…]`, a StrEnum, with or
    without `| Default` and `| None`.

    Raises:
        TypeError: no text could be read as this type.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _narrowed(kind_of(arguments[0]), arguments[1:])
    if origin in (Union, UnionType):
        rest = [argument for argument in arguments if argument not in (NoneType, Default)]
        if len(rest) != 1:
            raise TypeError(f"{annotation} is more than one kind of value")
        kind = kind_of(rest[0])
        return replace(kind, unsets=True) if Default in arguments else kind
    if origin is Literal:
        return Kind("choice", choices=arguments)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return Kind("choice", choices=tuple(annotation), enumeration=annotation)
    if annotation is str:
        return Kind("text")
    if annotation is bool:
        return Kind("boolean")
    if annotation is int:
        return Kind("integer", least=-(2**53), most=2**53)
    if annotation is float:
        return Kind("number", least=-1e12, most=1e12)
    raise TypeError(f"nobody can type a {annotation}")


def quoted(text: str) -> str:
    """A wrong value, short enough to repeat; what cannot be seen is escaped, so that the repetition can be stored."""
    cut = text if len(text) <= QUOTED else text[: QUOTED - 1] + "…"
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
    return shown if shown and shown == cut.strip() else f"«{shown}»"


def _narrowed(kind: Kind, metadata: tuple[Any, ...]) -> Kind:
    for item in metadata:
        match item:
            case Between(least, most, above):
                kind = replace(kind, least=least, most=most, above=above)
            case RestOfLine(limit):
                kind = replace(kind, rest=limit)
            case Suggest():
                kind = replace(kind, suggest=item)
    return kind


def _plain(number: float | None) -> float | None:
    """The number without the decimals of a whole one."""
    return int(number) if number is not None and number == int(number) else number


async def _model_names(bot: Bot, place: Place) -> list[str]:
    return [info.name for info in await bot.models.at(place).all()]


async def _pairs_of_models(bot: Bot, place: Place) -> list[str]:
    """What writes here beside each of the others."""
    models = bot.models.at(place)
    here = await models.here((await bot.settings.get(place)).model)
    names = [info.name for info in await models.all()]
    return [] if here is None else [f"{here.name},{name}" for name in names if name != here.name]


async def _labels(bot: Bot, place: Place) -> list[str]:
    """Those of the model that writes here; of all, where it has none."""
    models = bot.models.at(place)
    here = await models.here((await bot.settings.get(place)).model)
    if here is not None and here.labels:
        return list(here.labels)
    return list(dict.fromkeys(label for info in await models.all() for label in info.labels))


async def _story_names(bot: Bot, place: Place) -> list[str]:
    return await bot.tables.names(place)


Temperature: TypeAlias = Annotated[float, Between(0, HOTTEST)]
Length: TypeAlias = Annotated[int, Between(1, LONGEST)]
TopK: TypeAlias = Annotated[int, Between(0, 1_000_000)]
TopP: TypeAlias = Annotated[float, Between(0, 1, above=True)]
Seed: TypeAlias = Annotated[int, Between(0, 2**63 - 1)]
Choices: TypeAlias = Annotated[int, Between(1, 5)]
Model: TypeAlias = Annotated[str, Suggest(_model_names)]
Models: TypeAlias = Annotated[str, Suggest(_pairs_of_models)]
Label: TypeAlias = Annotated[str, Suggest(_labels)]
OfStory: TypeAlias = Annotated[str | None, Suggest(_story_names), "which one, by its number; else the newest"]
Candidates: TypeAlias = Annotated[int, Between(2, 20)]  # Discord shows 25 buttons, and ours are not the only ones
Seconds: TypeAlias = Annotated[float, Between(1, 86_400)]
Text: TypeAlias = Annotated[str, RestOfLine()]
WriteIn: TypeAlias = Annotated[str, RestOfLine(LONGEST_WRITE_IN)]

DARING: Final = "0 always takes the likeliest token, 1 keeps the model's own probabilities"

# what a line may say and a place may set alike; None leaves it to the place, and then to the model
OfLabel: TypeAlias = Annotated[Label | None, "a kind of text that the model knows"]
OfTemperature: TypeAlias = Annotated[Temperature | None, DARING]
OfTopK: TypeAlias = Annotated[TopK | None, "draw among the k likeliest tokens; 0 among all"]
OfTopP: TypeAlias = Annotated[TopP | None, "draw among the likeliest tokens that together reach this probability"]
