"""What rooms and people may be called."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bot.platforms.web.errors import Refusal
from bot.text import is_visible

PLATFORM: Final = "web"
BOT: Final = "planchette"  # who the bot is in its own room; nobody else may be called so
LOBBY: Final = "lobby"  # the room at /
ROOM_CHARACTERS: Final = 64  # fits a URL and a line of the page
PERSON_CHARACTERS: Final = 40  # visible ones: a name stands beside a message on a phone
PERSON_CODE_POINTS: Final = 80  # room for accents over them, none for towers of accents

_ROOM = re.compile(r"[\w.~-]+")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, directions, surrogates, line ends
_COMBINING = {"Mn", "Mc", "Me"}


def room_name(raw: str) -> str:
    """The room that `raw` names.

    Raises:
        Refusal: it is not letters, digits, `-`, `_`, `.` and `~`, or too long.
    """
    name = unicodedata.normalize("NFC", raw)
    if len(name) > ROOM_CHARACTERS or not _ROOM.fullmatch(name) or not name.strip("."):
        raise Refusal(
            400,
            "A room's name is 1 to {most} letters, digits, hyphens, underscores, dots and tildes.",
            {"most": ROOM_CHARACTERS},
        )
    return name


def person_name(raw: str) -> str:
    """The name that `raw` gives, without spaces around it.

    Raises:
        Refusal: it is empty, too long, has hidden characters, or is the bot's own.
    """
    name = unicodedata.normalize("NFC", raw).strip()
    kinds = [unicodedata.category(character) for character in name]
    if any(kind in _HIDDEN for kind in kinds):
        raise Refusal(400, "A person's name cannot have control or invisible characters.")
    visible = sum(is_visible(character) and kind not in _COMBINING for character, kind in zip(name, kinds, strict=True))
    if not 1 <= visible <= PERSON_CHARACTERS or len(name) > PERSON_CODE_POINTS:
        raise Refusal(400, "A person's name is 1 to {most} visible characters.", {"most": PERSON_CHARACTERS})
    if folded(name) == BOT:
        raise Refusal(400, "The name {name} is the bot's own; choose another.", {"name": BOT})
    return name


def folded(name: str) -> str:
    """The name as it is compared: Ada, ADA and fullwidth Ａｄａ look like one person."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def key(name: str) -> str:
    """Names a room or a person in storage."""
    return f"{PLATFORM}:{name}"


def name_of(key_: str) -> str:
    """The name that goes with a key."""
    return key_.removeprefix(f"{PLATFORM}:")
