"""Errors that the person who asked can mend.

They carry facts and survive pickling, because jobs and remote hosts raise them too; the sentence is made where the
reader's language is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Translate(Protocol):
    """Renders a whole English sentence, with its facts filled in, in the reader's language.

    Where a `plural` is given, the fact `count` decides which of a language's forms is taken.
    """

    def __call__(self, sentence: str, plural: str | None = None, /, **facts: object) -> str: ...


def english(sentence: str, plural: str | None = None, /, **facts: object) -> str:
    """The sentence as it is written in the code, its facts filled in."""
    return (sentence if plural is None or facts["count"] == 1 else plural).format(**facts)


class Phrase:
    """Words that are a fact of a sentence, such as «a number from 0 to 5»: they are rendered in its language.

    Args:
        text: in English, with its own facts in braces.
    """

    __slots__ = ("facts", "text")

    def __init__(self, text: str, /, **facts: object) -> None:
        self.text = text
        self.facts = facts

    def __str__(self) -> str:
        return english(self.text, **self.facts)

    def __repr__(self) -> str:
        return f"Phrase({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phrase) and (self.text, self.facts) == (other.text, other.facts)

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[object, ...]:
        return _phrase, (self.text, self.facts)


def _phrase(text: str, facts: dict[str, object]) -> Phrase:
    return Phrase(text, **facts)


@dataclass(eq=False)
class UserError(Exception):
    """Something the person can mend; `sentence` says what was wrong and what to do."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This cannot be done as it was asked.")

    def __str__(self) -> str:
        return self.sentence(english)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), dict(self.__dict__))


def _rebuilt(kind: type[UserError], facts: dict[str, object]) -> UserError:
    return kind(**facts)


@dataclass(eq=False)
class InvalidValue(UserError):
    """A value outside what its name allows; `allowed` is a noun phrase such as «a number from 0 to 5»."""

    name: str
    value: object
    allowed: Phrase | str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{name} cannot be {value}; it has to be {allowed}.", name=self.name, value=self.value, allowed=self.allowed
        )


@dataclass(eq=False)
class UnknownModel(UserError):
    """A name that no generator lists; `nearest` is the closest one that is listed, if any is close."""

    name: str
    nearest: str | None = None

    def sentence(self, translate: Translate = english) -> str:
        if self.nearest is None:
            return translate("There is no model {name}; models lists what there is.", name=self.name)
        return translate("There is no model {name}. Did you mean {nearest}?", name=self.name, nearest=self.nearest)


@dataclass(eq=False)
class UnusableModel(UserError):
    """A model directory whose files are missing, damaged or do not fit each other."""

    path: str
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The model in {path} cannot be used: {reason}. Import or train it again.",
            path=self.path,
            reason=self.reason,
        )


@dataclass(eq=False)
class Unsupported(UserError):
    """A model was asked for something that its `ModelInfo` does not list."""

    model: str
    what: Phrase | str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The model {model} cannot do this: {what}. Choose another model.", model=self.model, what=self.what
        )


@dataclass(eq=False)
class Busy(UserError):
    """The queue is full: the answer comes at once instead of after a long wait."""

    waiting: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{count} text is waiting already; try again in a moment.",
            "{count} texts are waiting already; try again in a moment.",
            count=self.waiting,
        )


@dataclass(eq=False)
class ShuttingDown(UserError):
    """The program ends while the text was being written, or was to be."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Planchette is closing; ask again when it is back.")


@dataclass(eq=False)
class MissingExtra(UserError):
    """Something needs packages that the base install leaves out."""

    what: str
    extra: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{what} needs packages that are not installed; make run EXTRAS={extra} brings them.",
            what=self.what,
            extra=self.extra,
        )


class ModelFailed(Exception):
    """A model raised while it wrote: a fault of ours, which the log has in full."""
