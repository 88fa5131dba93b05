"""What a person wrote, as the inbox keeps it until the bot has dealt with it."""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from bot.commands.parser import is_command
from bot.conversation import Enclosed
from bot.corpora.errors import CannotFetch
from bot.platforms.web.names import BOT
from storage.vault import CannotOpen, Vault

MENTION: Final = re.compile(rf"(?<![\w@])@{BOT}\b[ \t]*[,:]?[ \t]*", re.IGNORECASE)
ABOUT: Final = "file of a line"  # what a file is sealed as


class File(NamedTuple):
    """A file that came with a line, sealed: what is to be learnt from lies nowhere as it is.

    Attributes:
        size: in bytes.
        sealed: by the vault, as base64.
    """

    name: str
    size: int
    sealed: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A line."""

    room: str
    person: str
    admin: bool
    text: str
    message: int
    reply_to: int | None
    language: str = "en"  # items of earlier versions name none
    file: File | None = None  # nor this

    @property
    def means_something(self) -> bool:
        """Whether the bot has to look at it."""
        return is_command(self.text) or self.reply_to is not None or self.mentions

    @property
    def mentions(self) -> bool:
        """Whether the bot is called by its name."""
        return MENTION.search(self.text) is not None

    @property
    def said(self) -> str:
        """The text without the bot's name."""
        return MENTION.sub("", self.text)

    def payload(self) -> dict[str, Any]:
        """As it is stored."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def stored(payload: dict[str, Any]) -> Heard:
    """What a payload of the inbox was."""
    file = payload.get("file")
    return Heard(**{**payload, "file": None if file is None else File(*file)})


async def kept(vault: Vault, name: str, data: bytes) -> File:
    """A file as the inbox keeps it."""
    return await asyncio.to_thread(_seal, vault, name, data)


def enclosed(vault: Vault, file: File) -> Enclosed:
    """A file as a command takes it."""
    return Enclosed(file.name, file.size, partial(asyncio.to_thread, _open, vault, file))


def _seal(vault: Vault, name: str, data: bytes) -> File:
    sealed = vault.seal(base64.b64encode(data).decode(), ABOUT)
    return File(name, len(data), base64.b64encode(sealed).decode())


def _open(vault: Vault, file: File) -> bytes:
    try:
        return base64.b64decode(vault.unseal(base64.b64decode(file.sealed), ABOUT))
    except CannotOpen as fault:  # the keys have changed since
        raise CannotFetch(file.name) from fault
