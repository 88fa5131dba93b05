"""Files that people choose for a command."""

from __future__ import annotations

from functools import partial

from bot.conversation import Enclosed
from bot.corpora.errors import CannotFetch, FileTooLarge
from bot.corpora.uploads import MOST
from bot.platforms.discord.asked import UNREACHABLE
from bot.platforms.discord.connection import Connection
from bot.platforms.discord.heard import File


def enclosed(connection: Connection, file: File) -> Enclosed:
    """A file, which Discord gives to whoever knows its address, for a day."""
    return Enclosed(file.name, file.size, partial(_fetched, connection, file))


async def _fetched(connection: Connection, file: File) -> bytes:
    try:
        async with connection.held():
            data = await connection.wire().download(file.url, MOST)
    except UNREACHABLE as fault:
        raise CannotFetch(file.name) from fault
    if len(data) > MOST:  # more than Discord said
        raise FileTooLarge(file.name, MOST)
    return data
