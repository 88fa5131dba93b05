"""What can be wrong with a line that was typed, each as one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class UnknownCommand(UserError):
    """A command that nobody declared."""

    name: str
    nearest: str | None = None

    def sentence(self, translate: Translate = english) -> str:
        if self.nearest is None:
            return translate("There is no command /{name}; /help lists what there is.", name=self.name)
        return translate("There is no command /{name}. Did you mean /{nearest}?", name=self.name, nearest=self.nearest)


@dataclass(eq=False)
class IncompleteCommand(UserError):
    """A group's name without the word that says what to do, or with another one."""

    group: str
    names: tuple[str, ...]
    given: str | None = None

    def sentence(self, translate: Translate = english) -> str:
        if self.given is not None:
            return translate(
                "/{group} does not know {given}; it needs one of {names}.",
                group=self.group,
                given=self.given,
                names=", ".join(self.names),
            )
        return translate("/{group} needs one of {names}.", group=self.group, names=", ".join(self.names))


@dataclass(eq=False)
class MissingArgument(UserError):
    """Nothing was given for an option that the command needs."""

    command: str
    name: str
    usage: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("/{command} needs {name}: {usage}", command=self.command, name=self.name, usage=self.usage)


@dataclass(eq=False)
class ExtraArgument(UserError):
    """More words than the command has options."""

    command: str
    argument: str
    usage: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "/{command} has no place for {argument}: {usage}",
            command=self.command,
            argument=self.argument,
            usage=self.usage,
        )


@dataclass(eq=False)
class GivenTwice(UserError):
    """One option, two values."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("{name} is given twice; give it once.", name=self.name)


@dataclass(eq=False)
class NotAllowed(UserError):
    """Something that only admins may do here."""

    command: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("Only an admin of this place can do this with /{command}.", command=self.command)


@dataclass(eq=False)
class TooOften(UserError):
    """A person's quota or a command's cooldown is used up."""

    times: int
    period: float
    wait: float

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "That is more than {times} in {period:g} seconds; try again in {wait} s.",
            times=self.times,
            period=self.period,
            wait=math.ceil(self.wait),
        )


@dataclass(eq=False)
class TooOftenHere(TooOften):
    """All persons of a place together have used up a command's cooldown."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Everybody here together has asked for more than {times} in {period:g} seconds; try again in {wait} s.",
            times=self.times,
            period=self.period,
            wait=math.ceil(self.wait),
        )
