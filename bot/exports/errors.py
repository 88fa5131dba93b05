"""What can be wrong with an export, as one sentence each that says what to do."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class UnusableExport(UserError):
    """A file that is no export that can be read; nothing of it is taken."""

    path: str


@dataclass(eq=False)
class UnknownExport(UnusableExport):
    """Another kind of file, or an export of a version that is not known; `found` says what was seen."""

    found: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{path} is no export that this version can read: {found}; give the JSON or CSV of DiscordChatExporter, or "
            "the result.json of Telegram Desktop.",
            path=self.path,
            found=self.found,
        )


@dataclass(eq=False)
class ExportIsFolder(UnusableExport):
    """A directory; `inside` is the export in it, where there is one."""

    inside: str = ""

    def sentence(self, translate: Translate = english) -> str:
        if self.inside:
            return translate("{path} is a folder; give the file {inside} in it.", path=self.path, inside=self.inside)
        return translate("{path} is a folder; give an export's file.", path=self.path)


@dataclass(eq=False)
class EmptyExport(UnusableExport):
    """A file without anything in it."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("{path} is empty; export the chat again.", path=self.path)


@dataclass(eq=False)
class HtmlExport(UnusableExport):
    """An export as web pages, which are for reading by people; `platform` is where it is from, if that is plain."""

    platform: str = ""

    def sentence(self, translate: Translate = english) -> str:
        if self.platform == "discord":
            return translate(
                "{path} is an HTML export; export the channel again with the format JSON (--format Json).",
                path=self.path,
            )
        if self.platform == "telegram":
            return translate(
                "{path} is an HTML export; export the chat again with the format «Machine-readable JSON».",
                path=self.path,
            )
        return translate(
            "{path} is HTML; export the chat again as JSON: DiscordChatExporter with --format Json, Telegram Desktop "
            "with the format «Machine-readable JSON».",
            path=self.path,
        )


@dataclass(eq=False)
class TruncatedExport(UnusableExport):
    """The end is missing."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{path} ends in the middle, so nothing of it was taken; copy or export it again.", path=self.path
        )


@dataclass(eq=False)
class DamagedExport(UnusableExport):
    """It begins as an export and goes on as something else; `reason` says why."""

    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{path} is damaged, so nothing of it was taken: {reason}; copy or export it again.",
            path=self.path,
            reason=self.reason,
        )


@dataclass(eq=False)
class NotUtf8Export(UnusableExport):
    """Text in another encoding than exporters write."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{path} is not UTF-8, so nothing of it was taken; export it again, or save it in that encoding.",
            path=self.path,
        )


@dataclass(eq=False)
class Bomb(UnusableExport):
    """A compressed file that grows too much; `times` is the most that is taken."""

    times: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{path} unpacks to more than {times} times its size, so nothing of it was taken; if it is really an "
            "export, unpack it and give the file inside.",
            path=self.path,
            times=self.times,
        )


@dataclass(eq=False)
class WrongChat(UserError):
    """An export of other chats than the place that was named; `chats` are the places that it has.

    `vouch` says that a list of consents would let its one chat be taken for that place.
    """

    path: str
    place: str
    chats: tuple[str, ...]
    vouch: bool = False

    def sentence(self, translate: Translate = english) -> str:
        facts = {"path": self.path, "place": self.place, "chats": ", ".join(self.chats[:10]) or "–"}
        if self.vouch:
            return translate(
                "{path} has no chat {place}, only {chats}; name the right one with --place. An export that calls its "
                "chat otherwise is taken only with --consents, and only of the people on that list.",
                **facts,
            )
        return translate("{path} has no chat {place}, only {chats}; name the right one with --place.", **facts)


@dataclass(eq=False)
class OtherServer(UserError):
    """An export of another server than the place's, and nothing crosses servers."""

    path: str
    place: str
    guild: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{path} is from the server {guild}, and {place} belongs to another; name the right place with --place.",
            path=self.path,
            place=self.place,
            guild=self.guild,
        )


@dataclass(eq=False)
class ImportRunning(UserError):
    """Another import is under way, which could not be undone by itself any more."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Another import is running with this home; wait for its end.")


@dataclass(eq=False)
class NothingKept(UserError):
    """A place of which there are no messages."""

    place: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "No message of {place} is kept; `planchette logs status` lists the places of which there are some.",
            place=self.place,
        )


@dataclass(eq=False)
class NoRight(UserError):
    """Nothing says that the messages of a place may be learnt from."""

    place: str

    def sentence(self, translate: Translate = english) -> str:
        if self.place.startswith("discord:"):
            return translate(
                "Training on messages of {place} needs Discord's express permission, which neither an admin's nor the "
                "members' consent replaces; if you hold it, name it with --permission TEXT, or as "
                "discord.training_permission in the settings.",
                place=self.place,
            )
        return translate(
            "Training on messages of {place} needs the chat's permission: an admin types /log on there, or you name "
            "the right that you hold with --permission TEXT; each person's consent is needed besides.",
            place=self.place,
        )


@dataclass(eq=False)
class UnusableConsents(UserError):
    """A list of consents that is not what it has to be; `line` counts from 1."""

    path: str
    line: int
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{path}, line {line}: {reason}; the list is a CSV with the header person,granted: a platform's id and an "
            "ISO time such as 2026-01-31T12:00:00Z in each line.",
            path=self.path,
            line=self.line,
            reason=self.reason,
        )
