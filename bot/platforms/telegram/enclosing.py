"""Documents that people send with a line."""

from __future__ import annotations

from functools import partial

from telegram import Bot
from telegram.error import BadRequest, Forbidden

from bot.conversation import Enclosed
from bot.corpora.errors import CannotFetch
from bot.platforms.telegram.speaking import persistently


def enclosed(client: Bot, file: str, name: str, size: int) -> Enclosed:
    """A document, by Telegram's id of it; Telegram gives a bot files of up to 20 MB."""
    return Enclosed(name, size, partial(_fetched, client, file, name))


async def _fetched(client: Bot, file: str, name: str) -> bytes:
    try:
        there = await persistently(lambda: client.get_file(file), twice=True)
        return bytes(await there.download_as_bytearray())
    except (BadRequest, Forbidden) as error:
        raise CannotFetch(name) from error
