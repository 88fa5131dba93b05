"""What can be wrong with a training that a place asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from generators.errors import Translate, UserError, english

GIGA: Final = 1e9  # bytes


@dataclass(eq=False)
class TrainingRuns(UserError):
    """A second training for a place where one waits or runs."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "A training for this channel is under way already; /train status shows it and /train cancel ends it."
        )


@dataclass(eq=False)
class NoTraining(UserError):
    """Something was asked of a training where there is none."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("No training is waiting or running here; /train start begins one.")


@dataclass(eq=False)
class TrainingOver(UserError):
    """A press on a training's button that says nothing any more."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This is not open any more; /train status shows what is, and /train start asks anew.")


@dataclass(eq=False)
class AdminsTrain(UserError):
    """A press by somebody who is no admin here, or no longer."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Only an admin of this channel can decide about its trainings.")


@dataclass(eq=False)
class TooLittleText(UserError):
    """There is not enough text to learn from; both in characters."""

    characters: int
    least: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "There is too little text to learn from: {characters:,} characters, and {least:,} are needed. /log on "
            "collects messages of who agrees, /teach gives single texts, and /train upload takes a file.",
            characters=self.characters,
            least=self.least,
        )


@dataclass(eq=False)
class TooSmallMachine(UserError):
    """A model of this kind does not fit into the machine; both in bytes."""

    model: str
    memory: int
    least: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{model} will not train on this machine: it has {memory} GB of memory, and {least} GB are needed. "
            "A char-RNN trains here; name one with base=…",
            model=self.model,
            memory=f"{self.memory / GIGA:.1f}",
            least=f"{self.least / GIGA:.0f}",
        )


@dataclass(eq=False)
class NoRoom(UserError):
    """The disk has too little room for a training; both in bytes."""

    free: int
    needed: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "There is no room for a training on the bot's disk: {free} GB are free, and {needed} GB are needed. "
            "Whoever runs the bot can make some.",
            free=f"{self.free / GIGA:.2f}",
            needed=f"{self.needed / GIGA:.2f}",
        )


@dataclass(eq=False)
class UnknownSource(UserError):
    """A source of text that there is none of."""

    name: str
    known: tuple[str, ...]

    def sentence(self, translate: Translate = english) -> str:
        return translate("There is no source {name}; there are {known}.", name=self.name, known=", ".join(self.known))


@dataclass(eq=False)
class Failed(UserError):
    """A training that ended without a model; `reason` is what its process, or its host, said."""

    reason: str

    def sentence(self, translate: Translate = english) -> str:
        match self.reason:
            case "no_room":
                return translate(
                    "The training ended: the bot's disk is full. The model that wrote here before still writes."
                )
            case "host_full":
                return translate(
                    "The training ended: the disk of the host of the models is full. The model that wrote here before "
                    "still writes."
                )
            case "no_memory":
                return translate(
                    "The training ended: it needs more memory than is free. The model that wrote here before still "
                    "writes; a smaller base may fit."
                )
            case "diverged":
                return translate(
                    "The training ended: it went astray. The model that wrote here before still writes; fewer epochs "
                    "may help."
                )
            case "no_text":
                return translate(
                    "The training ended: too little text was left. The model that wrote here before still writes."
                )
            case "refused":
                return translate(
                    "The training ended: it cannot be done, for a reason that whoever runs the bot finds in the log. "
                    "The model that wrote here before still writes."
                )
            case "cancelled":
                return translate(
                    "The training ended: it was cancelled on the host of the models. The model that wrote here before "
                    "still writes."
                )
            case "killed":
                return translate(
                    "The training was ended from outside, twice at the same point; memory is the usual reason. The "
                    "model that wrote here before still writes."
                )
            case _:
                return translate(
                    "The training ended by a fault of ours, which whoever runs the bot finds in the log. The model "
                    "that wrote here before still writes."
                )
