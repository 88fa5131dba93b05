"""What can be wrong with what somebody asks of the ledger, each as one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class NoPermission(UserError):
    """Text of Discord's, without the permission that only Discord can give."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "On Discord nothing that people write may train a model without Discord's own permission; "
            "whoever runs the bot has to get it and record it as discord.training_permission."
        )


@dataclass(eq=False)
class LogIsOff(UserError):
    """Somebody agrees to a log that nobody keeps."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Nothing is collected in this channel, so there is nothing to agree to; /log on would begin it."
        )


@dataclass(eq=False)
class AgreedToMore(UserError):
    """Somebody agrees to less than what holds already."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("You have agreed to more than this here already; /privacy shows it, and can withdraw it.")


@dataclass(eq=False)
class NotYours(UserError):
    """A press on a button that deletes the data of somebody else."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This button is somebody else's; /forgetme gives you one of your own.")


@dataclass(eq=False)
class OnlyAlone(UserError):
    """Something for one person's eyes, asked for where all can read it, and no private chat is open."""

    command: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Everybody here would read the answer; open a private chat with me and ask /{command} there.",
            command=self.command,
        )


@dataclass(eq=False)
class NothingToTeach(UserError):
    """A text of which nothing would be seen."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("A text to learn from needs at least one character that can be seen.")


@dataclass(eq=False)
class NotOver(UserError):
    """A story that goes on."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This story goes on; give it when it is over.")


@dataclass(eq=False)
class NotYourStory(UserError):
    """A story in which nothing is somebody's own."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Only who began this story, or has words of their own in it, can give it.")
