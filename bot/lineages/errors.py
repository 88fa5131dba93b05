"""What can be wrong with what is asked of a channel's models."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class NotInUse(UserError):
    """A roll back from a model that does not write here."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("{name} does not write here, so there is nothing to roll back.", name=self.name)


@dataclass(eq=False)
class NoSuchVersion(UserError):
    """A button whose version was removed, or belongs to other people."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This version is not here any more; /models lists what there is.")


@dataclass(eq=False)
class WritesSomewhere(UserError):
    """A version that is to be removed, but is what a place has chosen, or writes a story."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("{name} writes in a place; choose another there before you remove it.", name=self.name)


@dataclass(eq=False)
class InTraining(UserError):
    """A version that is to be removed, but that a training needs."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("A training that is under way needs {name}; remove it once that is over.", name=self.name)
