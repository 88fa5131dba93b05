"""Kinds of text that are asked for by a label, and what is said where a model does not have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.values import quoted
from generators.errors import Translate, Unsupported, UserError, english

if TYPE_CHECKING:
    from generators.completion import ModelInfo

SHOWN: Final = 5  # models that a sentence names, and labels of each


@dataclass(eq=False)
class NoSuchLabel(UserError):
    """A label that a model does not have.

    Attributes:
        model: that was to write.
        label: as it was asked for.
        having: other models that have it.
        labelled: where none has it, those that have others: `NAME (LABEL, …)`.
    """

    model: str
    label: str
    having: tuple[str, ...] = ()
    labelled: tuple[str, ...] = ()

    def sentence(self, translate: Translate = english) -> str:
        if self.having:
            return translate(
                "The model {model} has no label {label}; choose a model that has it: {models}.",
                model=self.model,
                label=self.label,
                models=_listed(self.having),
            )
        if self.labelled:
            return translate(
                "No model here has the label {label}; there are: {models}.",
                label=self.label,
                models=_listed(self.labelled),
            )
        return translate("No model here has labels; ask without the label {label}.", label=self.label)


def check_label(label: str | None, info: ModelInfo, listed: Iterable[ModelInfo]) -> None:
    """Makes sure that a model has a label, or several joined by commas, where one is asked for.

    Args:
        listed: the models that whoever asks may know of.

    Raises:
        NoSuchLabel: it does not have it, or not all of them.
    """
    if label is None or _has(info, label):
        return
    known = {each.name: each for each in (info, *listed) if each.labels}
    having = tuple(each.name for each in known.values() if each.name != info.name and _has(each, label))
    labelled = tuple(f"{each.name} ({_listed(each.labels)})" for each in known.values())
    raise NoSuchLabel(info.name, quoted(label), having, () if having else labelled)


def _has(info: ModelInfo, label: str) -> bool:
    from generators.engine.intake import labels_of  # the engine, which a name alone does not need

    try:
        labels_of(label, info)
    except Unsupported:
        return False
    return True


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
