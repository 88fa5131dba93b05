"""What can be wrong with the text that a model is to learn from, each as one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generators.errors import Phrase, Translate, UserError, english

REASONS: Mapping[str, Phrase] = {  # the reasons that people can do something about
    "no_consent": Phrase("nobody who wrote it agrees"),
    "before_consent": Phrase("it is from before its writers agreed"),
    "not_covered": Phrase("its writers agreed to something else"),
    "log_off": Phrase("the log is off"),
    "before_log": Phrase("it is from before the log was turned on"),
    "no_permission": Phrase("Discord has not given its permission"),
    "too_old": Phrase("it is older than its writers were told"),
}


@dataclass(eq=False)
class EmptyCorpus(UserError):
    """There is nothing to learn from; `removed` counts what was left out, by reason."""

    removed: Mapping[str, int] = field(default_factory=dict)

    def sentence(self, translate: Translate = english) -> str:
        count = sum(self.removed.values())
        if not count:
            return translate(
                "There is no text to learn from here yet; /log on collects what people agree to, /teach gives a "
                "text, and /train upload takes a file."
            )
        why = next((REASONS[name] for name, _ in self._by_count() if name in REASONS), None)
        if why is None:
            return translate(
                "Nothing is left of {count} text after cleaning: it is a command, empty, or said before.",
                "Nothing is left of {count} texts after cleaning: they are commands, empty, or said before.",
                count=count,
            )
        return translate(
            "Of what is kept here nothing may be used, {count} text in all: {why}. /privacy and /log status say more.",
            "Of what is kept here nothing may be used, {count} texts in all: {why}. /privacy and /log status say more.",
            count=count,
            why=why,
        )

    def _by_count(self) -> list[tuple[str, int]]:
        return sorted(self.removed.items(), key=lambda item: -item[1])


@dataclass(eq=False)
class ConsentsChange(UserError):
    """People withdrew while the text was gathered, every time that it was."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("What people allow here has changed while their texts were gathered; try again in a moment.")


@dataclass(eq=False)
class NoSuchUpload(UserError):
    """A file that a place does not have; `there` are those that it has."""

    name: str
    there: tuple[str, ...] = ()

    def sentence(self, translate: Translate = english) -> str:
        if not self.there:
            return translate(
                "There is no file {name}; upload one with the command, or give a text with /teach.", name=self.name
            )
        return translate("There is no file {name}; there are: {there}.", name=self.name, there=", ".join(self.there))


@dataclass(eq=False)
class NoTextFormat(UserError):
    """A file whose name does not say that it is text."""

    name: str
    formats: tuple[str, ...]

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{name} cannot be learnt from; upload a text file: {formats}.",
            name=self.name,
            formats=", ".join(self.formats),
        )


@dataclass(eq=False)
class FileTooLarge(UserError):
    """A file of more bytes than are taken in a chat."""

    name: str
    most: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{name} is larger than {most} MB; make it smaller, or ask whoever runs the bot to train with "
            "planchette train.",
            name=self.name,
            most=self.most // 1_000_000,
        )


@dataclass(eq=False)
class TooManyFiles(UserError):
    """A place has as many files as it may have."""

    most: int

    def sentence(self, translate: Translate = english) -> str:
        return translate("This place has {most} files already; remove one first.", most=self.most)


@dataclass(eq=False)
class IsAnExport(UserError):
    """A file with the messages of a chat, which come in through the gate alone."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{name} is the export of a chat, whose writers have to agree first; whoever runs the bot imports it with "
            "planchette logs import.",
            name=self.name,
        )


@dataclass(eq=False)
class NoFile(UserError):
    """A file was to be kept or listed, and there is none; `folder` is where the operator may put one."""

    folder: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "No text file was given; on Discord it is the option of /train upload, on Telegram send it with "
            "/train upload as its caption, and in the web room a button beside the line sends it. Whoever runs the bot "
            "can also put it into the folder {folder} of its home.",
            folder=self.folder,
        )


@dataclass(eq=False)
class CannotFetch(UserError):
    """A platform does not give a file that was sent."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("{name} could not be fetched; send it again.", name=self.name)


@dataclass(eq=False)
class KeyLost(UserError):
    """A file that lies sealed here without its key."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{name} cannot be read any more, as its key is gone; delete it with /train files remove={name}, and upload "
            "it again.",
            name=self.name,
        )
