"""What was said in a channel and its threads earlier, a hundred messages at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import aiohttp
import discord
from discord.utils import time_snowflake

from bot.collecting import Heard
from bot.conversation import Person, Place
from bot.history import Page, Unreachable, Unreadable
from bot.platforms.discord.body import Json
from bot.platforms.discord.connection import Connection
from bot.platforms.discord.people import PLATFORM
from bot.rereading import Stand, Version

# Discord API v10: message types, channel types.
DEFAULT, REPLY = 0, 19
ANNOUNCEMENT_THREAD, PUBLIC_THREAD = 10, 11
UNKNOWN_MESSAGE: Final = 10008  # Discord API v10, JSON error codes
PAGE: Final = 100  # messages of a request, or threads; the most that Discord gives
OUTAGES: Final = (OSError, TimeoutError, aiohttp.ClientError, discord.DiscordException)


class Past:
    """Reads over the connection of the moment; private threads are not read, as they are not heard either."""

    platform = PLATFORM

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def sources(self, place: Place, since: datetime) -> AsyncIterator[str]:
        """The channel, the threads in it that are open, and those that were closed since then."""
        known = None if place.guild is None else self._connection.channel(int(place.id), int(place.guild))
        if not isinstance(known, discord.ForumChannel):  # which has threads alone
            yield place.id
        if place.guild is None:
            return
        with refusals():
            active = await self._connection.wire().active_threads(place.guild)
        for thread in active:
            if thread.get("parent_id") == place.id and _is_open_to_all(thread) and _said_since(thread, since):
                yield str(thread["id"])
        before: str | None = None
        while True:
            with refusals():
                threads, more = await self._connection.wire().archived_threads(place.id, before, PAGE)
            for thread in threads:
                before = str(thread["thread_metadata"]["archive_timestamp"])
                if datetime.fromisoformat(before) < since:  # what is written in a closed thread opens it
                    return
                if _said_since(thread, since):
                    yield str(thread["id"])
            if not more or not threads:
                return

    async def page(self, place: Place, source: str, after: str | None, since: datetime) -> Page:
        """The oldest messages after one; Discord tells the newest first."""
        start = str(time_snowflake(since) - 1) if after is None else after
        with refusals():
            told = await self._connection.wire().messages(source, start, PAGE)
        told.sort(key=lambda message: int(message["id"]))
        where = place if source == place.id else Place(PLATFORM, source, place.id, place.guild)
        said = [heard for message in told if (heard := heard_in(message, where)) is not None]
        return Page(said, str(told[-1]["id"]) if told else None, len(told) == PAGE)

    async def stand(self, source: str, after: str) -> Stand:
        """The oldest messages after one, with what they say."""
        with refusals():
            told = await self._connection.wire().messages(source, after, PAGE)
        return Stand({str(message["id"]): _version(message) for message in told}, len(told) == PAGE)

    async def is_gone(self, source: str, message: str) -> bool:
        """Whether there is none, which a channel whose history is hidden from the bot does not say of its messages."""
        with refusals():
            try:
                await self._connection.wire().message(source, message)
            except discord.NotFound as fault:
                if fault.code != UNKNOWN_MESSAGE:
                    raise
                return True
        return False


def heard_in(message: Json, place: Place) -> Heard | None:
    """What a message says, as the API describes it; None where no person said it in their own words."""
    author, text = message["author"], str(message.get("content") or "")
    if author.get("bot") or message.get("webhook_id") or message["type"] not in (DEFAULT, REPLY) or not text:
        return None
    name = str(author.get("global_name") or author.get("username") or author["id"])
    edited, reference = message.get("edited_timestamp"), message.get("message_reference") or {}
    answered = reference.get("message_id") if message["type"] == REPLY else None
    return Heard(
        person=Person(PLATFORM, str(author["id"]), name),
        place=place,
        message=str(message["id"]),
        text=text,
        at=_moment(message["timestamp"]),
        reply_to=None if answered is None else str(answered),
        edited=None if edited is None else _moment(edited),
        also=(str(author["username"]),) if author.get("username") else (),
    )


def _version(message: Json) -> Version:
    edited = message.get("edited_timestamp")
    return Version(str(message.get("content") or ""), None if edited is None else _moment(edited))


@contextmanager
def refusals() -> Iterator[None]:
    """Says what a failed request means: that the bot may not read, or that it can try again later.

    Raises:
        Unreadable: Discord refuses, for good as far as is known.
        Unreachable: anything else.
    """
    try:
        yield
    except (discord.Forbidden, discord.NotFound) as fault:
        raise Unreadable(f"Discord says {fault.code}: View Channel and Read Message History are needed") from fault
    except OUTAGES as fault:
        raise Unreachable(str(fault) or type(fault).__name__) from fault


def _is_open_to_all(thread: Json) -> bool:
    return thread["type"] in (PUBLIC_THREAD, ANNOUNCEMENT_THREAD)


def _said_since(thread: Json, since: datetime) -> bool:
    """Whether the last message of a thread is from after a moment; it need not be there any more."""
    return int(thread.get("last_message_id") or thread["id"]) >= time_snowflake(since)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
