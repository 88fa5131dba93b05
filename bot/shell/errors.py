"""What can be wrong with a command that a person gave in the shell."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english
from generators.places import CONFIG


@dataclass(eq=False)
class NothingToRun(UserError):
    """No platform is set up."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("No platform is set up; set web.enabled to true, or the token of Discord or Telegram.")


@dataclass(eq=False)
class OutputLost(UserError):
    """What a command says does not arrive: a full disk, a closed stream."""

    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("The output cannot be written: {reason}.", reason=self.reason)


@dataclass(eq=False)
class NotUtf8(UserError):
    """Bytes where text should be."""

    what: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("{what} is not UTF-8; give it in that encoding.", what=self.what)


@dataclass(eq=False)
class DoesNotReplay(UserError):
    """A record that says something else than what follows from it."""

    differences: int

    def sentence(self, translate: Translate = english) -> str:
        if self.differences == 1:
            return translate("The record does not replay: there is 1 difference.")
        return translate("The record does not replay: there are {number} differences.", number=self.differences)


@dataclass(eq=False)
class InTheWay(UserError):
    """Something stands where a new directory or archive should."""

    path: str
    archive: bool = False

    def sentence(self, translate: Translate = english) -> str:
        if self.archive:
            return translate("{path} is there already; name a file that is new.", path=self.path)
        return translate("{path} is there already; name a directory that is new or empty.", path=self.path)


@dataclass(eq=False)
class NoModelInside(UserError):
    """A directory that was named as a model, and is none."""

    path: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The directory {path} is no model, as it has no {config}; name one that has, or a model of "
            "`planchette models list`.",
            path=self.path,
            config=CONFIG,
        )


@dataclass(eq=False)
class NoAdapter(UserError):
    """A model that has no base to be merged with."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{name} is no adapter, so there is nothing to merge; export it without --merge.", name=self.name
        )


@dataclass(eq=False)
class NoMove(UserError):
    """Something that is no move while a text is being written together."""

    typed: str
    candidates: int

    def sentence(self, translate: Translate = english) -> str:
        if self.typed.isdigit():
            return translate(
                "There is no candidate {typed}; take one of 1 to {last}.", typed=self.typed[:20], last=self.candidates
            )
        return translate("That is no move; type a number from 1 to {last}, o, x, r, s or h.", last=self.candidates)


@dataclass(eq=False)
class NothingToTakeBack(UserError):
    """Nothing was added that could be taken back."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Nothing was added yet, so there is nothing to take back.")


@dataclass(eq=False)
class NothingTyped(UserError):
    """Words of one's own without a word."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Nothing was typed; write your words behind o.")
