"""What comes in from Telegram: stored before it is confirmed there, and then carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from telegram import Update, User
from telegram.error import BadRequest, ChatMigrated, Forbidden

from bot.collecting import Event
from bot.conversation import Button, MayNotWrite, Message
from bot.languages import translator
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.enclosing import enclosed
from bot.platforms.telegram.faults import OUTAGES
from bot.platforms.telegram.overhearing import overheard
from bot.platforms.telegram.people import People
from bot.platforms.telegram.reading import (
    ALLOWED,
    WITH_EDITS,
    Gone,
    Heard,
    Line,
    Moved,
    Press,
    from_payload,
    payload,
    read,
    sent_at,
    where,
)
from bot.platforms.telegram.speaking import persistently
from bot.platforms.telegram.text import shortened
from bot.platforms.telegram.where import PLATFORM, Where
from bot.platforms.turns import Turns
from generators.errors import ShuttingDown
from storage import inbox
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.app import Bot

NOT_HERE: Final = (
    "This bot serves chosen chats only; whoever runs it can add the number of this chat, {chat}, to telegram.chats."
)

KEPT: Final = 10_000  # chats that know that they are not served; anybody can add one
FIRST_SUPERGROUP: Final = -1_000_000_000_000  # ids of supergroups and channels are below it; groups' are above

answering: ContextVar[int | None] = ContextVar("answering", default=None)  # the message that is being dealt with

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Arrival:
    update: int
    heard: Heard
    at: datetime


class Listener:
    """Hands the bot what people write and press.

    Args:
        moved: called with the old and the new id of a group that has become a supergroup.
    """

    def __init__(self, bot: Bot, client: Client, moved: Callable[[int, int], Awaitable[None]]) -> None:
        self._bot = bot
        self._client = client
        self._moved = moved
        self._people = People(client, bot.commands, bot.ticks)
        self._chats = bot.configuration.telegram.chats
        self._joined: set[int] = set()  # chats that became of allowed ones
        self._told: set[int] = set()  # chats that know that they are not served
        self._turns = Turns()
        self._tasks: set[asyncio.Task[None]] = set()

    async def take_up(self) -> None:
        """Goes on with what was confirmed and not carried out when the process ended."""
        for item in await self._bot.database.read(partial(inbox.pending, platform=PLATFORM)):
            try:
                heard = from_payload(item.payload)
            except (KeyError, TypeError) as fault:
                log.warning("what came in cannot be read any more", item=item.id, reason=repr(fault))
                await self._bot.database.write(partial(inbox.done, item=item.id))
            else:
                await self._begin(item.id, heard)

    async def take_in(self, updates: Sequence[dict[str, Any]], me: User) -> None:
        """Stores what means something, all in one transaction, and then begins to carry it out.

        Raises:
            StorageError: nothing is stored; the updates have to come again.
        """
        now = datetime.now(UTC)
        parsed = self._parsed(updates)
        await self._overhear(parsed)
        arrivals = []
        for update in parsed:
            arrival = self._read(update, me, now)
            if arrival is None:
                continue
            if self._serves(arrival.heard):
                arrivals.append(arrival)
            else:
                self._turn_away(arrival.heard)
        if not arrivals:
            return

        async def store(connection: AsyncConnection) -> list[int | None]:
            return [
                await inbox.receive(connection, PLATFORM, arrival.update, payload(arrival.heard), arrival.at)
                for arrival in arrivals
            ]

        items = await self._bot.database.write(store)
        for item, arrival in zip(items, arrivals, strict=True):
            if item is not None:  # else it came before
                await self._begin(item, arrival.heard)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of updates that are wanted now."""
        return WITH_EDITS if self._bot.collecting.follows(PLATFORM) else ALLOWED

    @property
    def changed(self) -> asyncio.Event:
        """Is set when other kinds may be wanted."""
        return self._bot.collecting.changed

    def answered(self, to: Where, message: int) -> None:
        """The bot has answered a line."""
        self._turns.answered(to.place.id, message)

    async def stop(self) -> None:
        """Drops what is in hand; the next start goes on with it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _parsed(self, updates: Sequence[dict[str, Any]]) -> list[Update]:
        """Updates as the library reads them, in the order in which they happened."""
        parsed = []
        for update in sorted(updates, key=lambda update: int(update["update_id"])):
            try:
                parsed.append(Update.de_json(update, self._client))
            except Exception as fault:  # one update that nobody foresaw must not hold up all that come after it
                _log_unread(update["update_id"], sorted(update), fault)
        return parsed

    async def _overhear(self, updates: Sequence[Update]) -> None:
        """Hands on what is said where something is collected, before Telegram hears that it arrived.

        Raises:
            StorageError: it cannot be stored, and has to come again.
        """
        collecting = self._bot.collecting
        if not collecting.follows(PLATFORM):
            return
        try:
            events = [event for update in updates if (event := self._overheard(update)) is not None]
            await collecting.take_in(events)
        except StorageError:
            raise
        except Exception:  # a fault of ours would have the same updates come for ever, and nothing else
            log.exception("what people said was not collected")

    def _overheard(self, update: Update) -> Event | None:
        message = update.message or update.edited_message
        if message is None or not self._chosen(message.chat.id):
            return None
        place = Where(message.chat.id).place
        if not self._bot.collecting.wants(place) and not self._bot.collecting.keeps(place):
            return None
        return overheard(update)

    def _read(self, update: Update, me: User, now: datetime) -> _Arrival | None:
        try:
            heard = read(update, me)
        except Exception as fault:  # the same
            _log_unread(update.update_id, _fields(update), fault)
            return None
        if heard is None:
            log.debug("an update means nothing", update=update.update_id, fields=_fields(update))
            return None
        return _Arrival(update.update_id, heard, sent_at(update, now))

    def follow(self, old: int, new: int) -> None:
        """Serves the supergroup that a chosen group has become, until the next start."""
        if self._chats is None or not self._chosen(old) or self._chosen(new):
            return
        self._joined.add(new)
        log.warning(
            "a chosen chat has another id, and is served until the next start; put it into telegram.chats",
            old=old,
            new=new,
        )

    def _serves(self, heard: Heard) -> bool:
        """Whether the operator wants the bot in a chat, or in the group that became it."""
        if isinstance(heard, Moved):
            self.follow(heard.chat, heard.new)
        return self._chosen(heard.chat)

    def _chosen(self, chat: int) -> bool:
        return self._chats is None or str(chat) in self._chats or chat in self._joined

    def _turn_away(self, heard: Heard) -> None:
        """Says once in a chat that it is not served, when somebody wants something there."""
        if isinstance(heard, Press):
            self._soon(self._answer(heard.query, _not_here(heard)))
        elif isinstance(heard, Line) and heard.meaning == "command" and heard.chat not in self._told:
            if len(self._told) >= KEPT:
                self._told.clear()
            self._told.add(heard.chat)
            self._soon(self._refuse(heard))

    async def _refuse(self, line: Line) -> None:
        outbox = self._bot.outboxes[PLATFORM]
        try:
            await outbox.post(where(line).place, Message(_not_here(line)), reply_to=str(line.message))
        except (MayNotWrite, ShuttingDown, TimeoutError, *OUTAGES) as fault:
            log.debug("a chat does not know that it is not served", chat=line.chat, reason=repr(fault))

    async def _begin(self, item: int, heard: Heard) -> None:
        """Lines wait for their turn and presses for nothing; what happens to a chat is over before what follows."""
        match heard:
            case Line():
                self._soon(self._hear(item, heard))
            case Press():
                self._soon(self._press(item, heard))
            case Moved():
                await self._done(item, self._moved(heard.chat, heard.new))
            case Gone():
                await self._done(item, self._leave(heard))

    async def _done(self, item: int, work: Awaitable[None]) -> None:
        try:
            await work
            await self._bot.database.write(partial(inbox.done, item=item))
        except Exception:  # the next start tries again; what came in with it is stored and must not wait for that
            log.exception("what happened to a chat was not dealt with", item=item)

    async def _leave(self, gone: Gone) -> None:
        """Forgets a chat; a group that has only become a supergroup is followed, whichever news of it come first."""
        if not gone.banned and FIRST_SUPERGROUP < gone.chat < 0:
            try:
                await persistently(lambda: self._client.get_chat(gone.chat), twice=True)
            except ChatMigrated as error:
                await self._moved(gone.chat, error.new_chat_id)
                return
            except (BadRequest, Forbidden) as error:
                log.debug("a group is gone", chat=gone.chat, reason=str(error))
        await self._bot.place_gone(where(gone).place)

    async def _hear(self, item: int, line: Line) -> None:
        place = where(line).place
        async with self._turns.turn(place.id, str(line.by.id), line.message):
            answering.set(line.message)
            person = await self._people.person(line)
            if line.meaning == "command":
                files = () if line.file is None else (enclosed(self._client, *line.file),)
                await self._bot.invoke(
                    line.text, person=person, place=place, origin=item, reply_to=str(line.message), files=files
                )
            elif line.answered is not None:
                await self._bot.reply(
                    line.text,
                    person=person,
                    place=place,
                    message=str(line.answered),
                    buttons=tuple(Button(label, action) for label, action in line.buttons),
                    origin=item,
                    asked=str(line.message),
                )
            else:
                message = str(line.message)
                await self._bot.talked_to(line.text, person=person, place=place, message=message, origin=item)

    async def administers(self, chat: int, user: int) -> bool:
        """Whether somebody may manage a chat now."""
        return await self._people.administers(chat, user)

    async def _press(self, item: int, press: Press) -> None:
        person = await self._people.person(press)
        notice = await self._bot.press(press.action, person=person, place=where(press).place, origin=item)
        await self._answer(press.query, notice.text)

    async def _answer(self, query: str, text: str) -> None:
        """Answers a press; one that is too old to be answered was counted all the same."""
        try:
            await persistently(lambda: self._client.answer_callback_query(query, shortened(text)), twice=True)
        except BadRequest as error:
            log.debug("a press was not answered", reason=str(error))
        except OUTAGES as error:
            log.warning("a press was not answered", reason=str(error))

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("an update was not dealt with; the next start tries again", exc_info=fault)


def _fields(update: Update) -> list[str]:
    return [kind for kind in Update.ALL_TYPES if getattr(update, kind) is not None]


def _log_unread(update: int, fields: list[str], fault: Exception) -> None:
    """Says that an update could not be read, and nothing of what it says."""
    log.warning("an update cannot be read", update=update, fields=fields, fault=type(fault).__name__)


def _not_here(heard: Line | Press) -> str:
    return translator(heard.by.language or "en")(NOT_HERE, chat=heard.chat)
