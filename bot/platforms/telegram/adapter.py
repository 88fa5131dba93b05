"""Telegram as the bot sees it: posts, edits, topics, and what comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

import structlog
from telegram import ChatMemberAdministrator, ChatMemberOwner, User
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from bot.conversation import Limits, MayNotWrite, Message, NoThreads, Person, Place, parts
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.coming import Webhook, answered, poll
from bot.platforms.telegram.faults import WrongToken, may_not_write
from bot.platforms.telegram.listening import Listener, answering
from bot.platforms.telegram.menus import show_menus
from bot.platforms.telegram.speaking import Manner, Speaker, persistently
from bot.platforms.telegram.text import sendable
from bot.platforms.telegram.where import PLATFORM, Where, where

if TYPE_CHECKING:
    from bot.app import Bot

T = TypeVar("T")

PER_SECOND: Final = 20  # over all; less than Pace lets through, so that what is urgent goes first
IN_PRIVATE: Final = Limits(edit_seconds=2.0, per_second=PER_SECOND, per_minute=55)  # one a second
IN_GROUPS: Final = Limits(edit_seconds=4.0, per_second=PER_SECOND, per_minute=18)  # 20 a minute
TOPIC_NAME: Final = 128  # characters; Bot API 10.1, createForumTopic

log = structlog.get_logger(__name__)


class Telegram:
    """Translates between the bot and Telegram's Bot API.

    Args:
        bot: whose settings have a `telegram.token`.

    Raises:
        UserError: the webhook cannot be served where the operator wants it.
    """

    name = PLATFORM
    keeps_messages = True

    def __init__(self, bot: Bot) -> None:
        keys = bot.configuration.telegram
        self._bot = bot
        self._client = Client(keys)
        self._webhook = None if keys.webhook is None else Webhook(keys)
        self._speaker = Speaker(self._client)
        self._listener = Listener(bot, self._client, self._move)
        self._revoked = asyncio.Event()
        self._moved: dict[int, int] = {}  # groups that became supergroups while we ran
        self._moving: set[asyncio.Task[None]] = set()

    @property
    def webhook_port(self) -> int | None:
        """Where the webhook listens, if there is one."""
        return None if self._webhook is None else self._webhook.port

    def limits(self, place: Place, reply_to: str | None = None) -> Limits:
        """Telegram counts everything, in each chat with all of its topics."""
        return IN_PRIVATE if where(place).private else IN_GROUPS

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        """Posts a message. Nobody can be told something alone in a group, so there that is a quiet reply."""
        to = self._now(place)
        manner = Manner(_id(reply_to))
        if private_for is not None and not to.private:
            manner = Manner(_id(reply_to) or answering.get(), silent=True)
            if manner.reply_to is None:
                message = replace(message, text=f"{private_for.name}: {message.text}")
        ids = await self._allowed(to, lambda there: self._speaker.post(there, message, manner))
        if manner.reply_to is not None:
            self._listener.answered(where(place), manner.reply_to)
        return ",".join(map(str, ids))

    def alone_with(self, person: Person) -> Place:
        """The private chat with somebody, whose id is theirs; there the bot may write once they have started it."""
        return Where(int(person.id)).place

    async def edit(self, place: Place, posted: str, message: Message) -> str | None:
        """Changes a message; what was said before a group became a supergroup cannot be reached any more."""
        to = self._now(place)
        ids = [int(part) for part in parts(posted)]
        if self._is_of_the_group_before(to, ids):
            return None
        try:
            changed = await self._allowed(to, lambda there: self._speaker.edit(there, ids, message), follow=False)
        except ChatMigrated:
            return None
        return None if changed is None else ",".join(map(str, changed))

    async def administers(self, person: str, place: Place) -> bool:
        """Whether somebody may manage a chat now."""
        return await self._listener.administers(self._now(place).chat, int(person))

    async def thread(self, place: Place, title: str) -> Place:
        """Opens a topic of a forum."""
        chat = self._now(place).chat
        if chat > 0:
            raise NoThreads
        try:
            if not (await self._client.get_chat(chat)).is_forum or not await self._may_open_topics(chat):
                raise NoThreads
            topic = await persistently(
                lambda: self._client.create_forum_topic(chat, sendable(title)[:TOPIC_NAME]), twice=False
            )
        except (BadRequest, Forbidden, ChatMigrated) as error:
            raise NoThreads from error
        return Where(chat, topic.message_thread_id).place

    async def run(self) -> None:
        """Listens until it is cancelled; first goes on with what was in hand when the bot last stopped.

        Raises:
            UserError: the token is not accepted, or the webhook's address.
        """
        listening = asyncio.create_task(self._listen(), name="telegram")
        revoked = asyncio.create_task(self._revoked.wait())
        try:
            await asyncio.wait((listening, revoked), return_when=asyncio.FIRST_COMPLETED)
            if not listening.done():
                raise WrongToken
            await listening
        finally:
            for task in (listening, revoked, *self._moving):
                task.cancel()
            await asyncio.gather(listening, revoked, *self._moving, return_exceptions=True)
            await self._listener.stop()
            await self.close()

    async def close(self) -> None:
        """Ends every connection; nothing can be said any more."""
        await self._client.close_connections()

    async def _listen(self) -> None:
        me = await answered(self._client.get_me)
        _introduce(me)
        await self._listener.take_up()
        menus = asyncio.create_task(show_menus(self._client, self._bot.commands))
        try:
            if self._webhook is None:
                await poll(self._client, self._listener, me)
            else:
                await self._webhook.run(self._client, self._listener, me)
        finally:
            menus.cancel()
            await asyncio.gather(menus, return_exceptions=True)

    async def _allowed(self, to: Where, say: Callable[[Where], Awaitable[T]], *, follow: bool = True) -> T:
        """Says something, in the supergroup if the group has become one meanwhile.

        Raises:
            MayNotWrite: it is not allowed to.
            WrongToken: nothing is allowed any more.
            ChatMigrated: the group has become a supergroup, and nobody should follow.
        """
        try:
            return await say(to)
        except ChatMigrated as error:
            self._move_soon(to.chat, error.new_chat_id)
            if not follow:
                raise
            return await self._allowed(Where(error.new_chat_id), say, follow=False)
        except InvalidToken:
            self._revoked.set()
            raise WrongToken from None
        except TelegramError as error:
            if may_not_write(error):
                raise MayNotWrite from error
            raise

    async def _may_open_topics(self, chat: int) -> bool:
        member = await self._client.get_chat_member(chat, self._client_id)
        if isinstance(member, ChatMemberAdministrator):
            return bool(member.can_manage_topics)
        return isinstance(member, ChatMemberOwner)

    @property
    def _client_id(self) -> int:
        """Our own user id, with which every token begins."""
        return int(self._client.token.partition(":")[0])

    def _now(self, place: Place) -> Where:
        """Where a place is now."""
        to = where(place)
        return Where(self._moved[to.chat]) if to.chat in self._moved else to

    def _is_of_the_group_before(self, to: Where, ids: list[int]) -> bool:
        """Whether a message was posted in the group that became this one, where ids are counted anew."""
        before = [old for old, new in self._moved.items() if new == to.chat]
        return not self._speaker.knows(to.chat, ids[0]) and any(self._speaker.knows(old, ids[0]) for old in before)

    async def _move(self, old: int, new: int) -> None:
        """Takes along what the bot remembers of a group that has become a supergroup."""
        if self._moved.get(old) == new:
            return
        self._moved[old] = new
        self._listener.follow(old, new)
        await self._bot.place_moved(PLATFORM, str(old), str(new))

    def _move_soon(self, old: int, new: int) -> None:
        """Does not wait: whoever is saying something may have to be stopped for the move."""
        task = asyncio.create_task(self._move(old, new))
        self._moving.add(task)
        task.add_done_callback(self._has_moved)

    def _has_moved(self, task: asyncio.Task[None]) -> None:
        self._moving.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("a group's move was not dealt with", exc_info=fault)


def _introduce(me: User) -> None:
    log.info("Telegram knows us", name=f"@{me.username}", hears_whole_groups=bool(me.can_read_all_group_messages))
    if not me.can_read_all_group_messages:
        log.info("privacy mode is on: in groups the bot hears commands, mentions and replies; that is all it needs")


def _id(reference: str | None) -> int | None:
    return int(first) if reference is not None and (first := parts(reference)[0]).isdecimal() else None
