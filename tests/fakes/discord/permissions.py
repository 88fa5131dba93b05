"""Permissions as bits, by Discord's names for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from discord import Permissions

EVERYTHING: Final[int] = Permissions.all().value


def bits(names: Iterable[str]) -> int:
    """The bits of permissions such as "send_messages".

    Raises:
        TypeError: there is no permission of that name.
    """
    held: int = Permissions(**dict.fromkeys(names, True)).value
    return held


VIEW: Final = bits(["view_channel"])
SEND: Final = bits(["send_messages"])
SEND_IN_THREADS: Final = bits(["send_messages_in_threads"])
EMBED: Final = bits(["embed_links"])
ATTACH: Final = bits(["attach_files"])
HISTORY: Final = bits(["read_message_history"])
MAKE_THREADS: Final = bits(["create_public_threads"])
MANAGE_THREADS: Final = bits(["manage_threads"])
MANAGE_MESSAGES: Final = bits(["manage_messages"])
MANAGE_CHANNELS: Final = bits(["manage_channels"])
ADMINISTRATOR: Final = bits(["administrator"])
USE_COMMANDS: Final = bits(["use_application_commands"])

PEOPLE: Final = (
    VIEW | SEND | SEND_IN_THREADS | EMBED | ATTACH | HISTORY | MAKE_THREADS | USE_COMMANDS | bits(["add_reactions"])
)
DIRECT: Final = VIEW | SEND | EMBED | ATTACH | HISTORY | USE_COMMANDS
