"""What can go wrong at the table, each as a sentence to whoever asked."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Phrase, Translate, UserError, english


@dataclass(eq=False)
class RoundOver(UserError):
    """A vote or a write-in for a round that was closed, undone or dropped."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This round is over.")


@dataclass(eq=False)
class NoSuchCandidate(UserError):
    """A slot that the ballot does not have."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This ballot has no such candidate; press one of its buttons.")


@dataclass(eq=False)
class EmptyWriteIn(UserError):
    """A write-in of which nothing would be seen."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("A write-in needs at least one character that can be seen.")


@dataclass(eq=False)
class WroteAlready(UserError):
    """A second write-in of one person in one round."""

    text: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "You have written «{text}» in this round already; vote for it, or write in again next round.",
            text=self.text,
        )


@dataclass(eq=False)
class OnTheBallot(UserError):
    """A write-in that reads like a candidate."""

    text: Phrase | str

    def sentence(self, translate: Translate = english) -> str:
        return translate("«{text}» is on the ballot already; press its button to vote for it.", text=self.text)


@dataclass(eq=False)
class StoryRuns(UserError):
    """A second story in a place where one runs."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("A story is running here already; /story show shows it, /story stop ends it.")


@dataclass(eq=False)
class NoStoryRuns(UserError):
    """A move in a place where no story runs."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("No story is running here; /story start begins one.")


@dataclass(eq=False)
class NoStoryYet(UserError):
    """Something was asked of a story in a place that never had one."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("There has been no story here yet; /story start begins one.")


@dataclass(eq=False)
class NoSuchStory(UserError):
    """A story was asked for by a name that none of the place has."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "There is no story {name} here; give the number of one of this place, or leave it out for the newest.",
            name=self.name,
        )


@dataclass(eq=False)
class NotYours(UserError):
    """A move that only whoever started the story, or an admin, may make."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Only whoever started the story, or an admin, can do this.")


@dataclass(eq=False)
class PausedAlready(UserError):
    """A paused story cannot be paused."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("The story is paused already; press any of its buttons to go on.")


@dataclass(eq=False)
class NothingToUndo(UserError):
    """Nothing has been added to the story."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("There is nothing to undo: the story is as it began.")


@dataclass(eq=False)
class NothingToClose(UserError):
    """The next round is still being opened."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("No round is open right now; try again in a moment.")


@dataclass(eq=False)
class NothingOffered(UserError):
    """A model gave no candidates that can be shown."""

    model: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("The model {model} offers nothing to go on with; choose another model.", model=self.model)


@dataclass(eq=False)
class WriterGone(UserError):
    """The very model that a story began with is not there any more; another would not know its tokens."""

    model: str
    version: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The model {model} in version {version}, which this story is written with, is no longer here. "
            "/story export keeps the text, /story stop ends the story.",
            model=self.model,
            version=self.version,
        )


@dataclass(eq=False)
class WriterWithdrawn(WriterGone):
    """The very model that a story began with learnt from somebody who has withdrawn."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The model {model} in version {version}, which this story is written with, learnt from somebody who has "
            "withdrawn that, so it writes no more. /story export keeps the text, /story stop ends the story.",
            model=self.model,
            version=self.version,
        )


@dataclass(eq=False)
class ForeignButton(UserError):
    """A press that comes from another place than the ballot's."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This button belongs to another place.")


@dataclass(eq=False)
class UnknownButton(UserError):
    """An action that no ballot of ours ever had."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This button means nothing here; press one below a ballot.")


@dataclass(eq=False)
class ButtonGone(UserError):
    """A press on a button that the message does not show, or not any more."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This button is not there now: what it was for is over, or stands in another message.")


@dataclass(eq=False)
class UnreadableStory(UserError):
    """A file that is not an exported story; `reason` is a clause such as «it has no rounds»."""

    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "This is not an exported story that can be replayed: {reason}. /story export json makes one.",
            reason=self.reason,
        )


@dataclass(eq=False)
class NoAnswer(UserError):
    """A model broke down; the fault is ours, or its host's, and has been logged."""

    model: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("The model {model} failed to answer.", model=self.model)
