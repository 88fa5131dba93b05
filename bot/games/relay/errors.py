"""Why a move in a relay cannot be made, as people are told."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class NotYourTurn(UserError):
    """A sentence of somebody else than the one who is to write."""

    name: str
    plays: bool

    def sentence(self, translate: Translate = english) -> str:
        if self.plays:
            return translate("It is {name}'s turn; yours comes.", name=self.name)
        return translate("It is {name}'s turn; /relay join gives you one of your own.", name=self.name)


@dataclass(eq=False)
class NobodyPlays(UserError):
    """A sentence where all players have left."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Nobody plays just now; /relay join gives you a turn.")


@dataclass(eq=False)
class ModelsTurn(UserError):
    """A sentence while the model writes."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("It is the model's turn; wait for its sentence.")


@dataclass(eq=False)
class EmptySentence(UserError):
    """A sentence of which nothing would be seen."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("A sentence needs at least one character that can be seen.")


@dataclass(eq=False)
class PlaysAlready(UserError):
    """Somebody joined twice."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("You play along already; your turn comes.")


@dataclass(eq=False)
class DoesNotPlay(UserError):
    """Somebody left who was not there."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("You do not play along; /relay join gives you a turn.")


@dataclass(eq=False)
class GoesOn(UserError):
    """A relay that is not paused was to go on."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("The relay is going on already.")
