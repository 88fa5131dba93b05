"""The stand-in Telegram: its world, its door, and what it noticed."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from tests.fakes.telegram.changes import Changes
from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.door import Door
from tests.fakes.telegram.files import File, Upload
from tests.fakes.telegram.membership import Standing
from tests.fakes.telegram.menus import Menus
from tests.fakes.telegram.messages import Topic
from tests.fakes.telegram.mischief import Mischief, Mischiefs, failure
from tests.fakes.telegram.people import User
from tests.fakes.telegram.queries import Queries
from tests.fakes.telegram.rates import Rates
from tests.fakes.telegram.schema import Schema, published
from tests.fakes.telegram.updates import Updates
from tests.fakes.telegram.webhook import Webhook
from tests.patience import PATIENCE

TOKEN: Final = "7000000001:AAStandInTokenOfTelegramForTests_00"
DEFAULT_RATES: Final = object()


@dataclass(frozen=True, slots=True)
class Request:
    """A call of the bot; status 0 where the connection was dropped."""

    method: str
    parameters: dict[str, Any]
    at: float
    status: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What the bot should not have done; a ping has status 200, because Telegram takes it."""

    method: str
    status: int
    reason: str
    parameters: dict[str, Any]


class TelegramServer:
    """A Bot API server with people in it; see the package for how to use it.

    Args:
        token: of the bot.
        username: of the bot, without @.
        port: on loopback; 0 takes a free one.
        checked: hold requests against the published API where that is there.
        rates: flood limits; None for none.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        username: str = "planchette_bot",
        port: int = 0,
        checked: bool = True,
        rates: Rates | None = DEFAULT_RATES,  # type: ignore[assignment]
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.token = token
        self.clock = clock
        self.rates = Rates() if rates is DEFAULT_RATES else rates
        self.schema: Schema | None = published() if checked else None
        self.can_read_all_group_messages = False
        self.hears_bots = False
        self.cleans = True
        self.webhook_via = ""
        self.revoked = self.logged_out = False
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, File] = {}
        self.actions: list[tuple[int, int | None, str]] = []  # chat, topic, action
        self.description: dict[str, str] = {}
        self.short_description: dict[str, str] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.changes = Changes()
        self.updates = Updates(self.changes)
        self.queries = Queries(self)
        self.menus = Menus()
        self.webhook = Webhook(self)
        self.mischiefs = Mischiefs()
        self._people, self._groups, self._supergroups = count(6_000_000_001), count(4_000_000_001), count(2_000_000_001)
        self._files = count(1)
        self.bot = self._known(User(self, int(token.partition(":")[0]), "Planchette", username, is_bot=True))
        # Who speaks for administrators that hide their name.
        self.anonymous = self._known(User(self, 1087968824, "Group", "GroupAnonymousBot", is_bot=True))
        self._door = Door(self, port)

    # Coming and going

    async def __aenter__(self) -> TelegramServer:
        await self._door.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.webhook.stop()
        await self._door.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._door.port}"

    @property
    def base_url(self) -> str:
        """What telegram.Bot takes as base_url."""
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        """What telegram.Bot takes as base_file_url."""
        return f"{self.url}/file/bot"

    @property
    def schema_checked(self) -> bool:
        """Whether requests are held against the published API."""
        return self.schema is not None

    # The world

    def user(self, name: str, *, username: str | None = None, language_code: str = "en", is_bot: bool = False) -> User:
        """Somebody new; without a username given, it is made of the name."""
        if username is None:
            username = re.sub(r"\W", "", name.lower(), flags=re.ASCII)
            taken = sum(one.username.startswith(username) for one in self.users.values() if username)
            username += str(taken + 1) if taken else ""
        return self._known(User(self, next(self._people), name, username, language_code, is_bot))

    def private(self, user: User) -> Chat:
        """The chat of somebody with the bot, which they have begun."""
        if user.id not in self.chats:
            chat = self.chats[user.id] = Chat(self, user.id, "private")
            chat.members = {user.id: Standing.MEMBER, self.bot.id: Standing.MEMBER}
        return self.chats[user.id]

    def group(self, title: str, members: Iterable[User] = (), admins: Iterable[User] = (), *, bot: bool = True) -> Chat:
        """A group; its first administrator owns it. Nobody is told of it."""
        return self._filled(Chat(self, -next(self._groups), "group", title), members, admins, bot)

    def supergroup(
        self,
        title: str,
        members: Iterable[User] = (),
        admins: Iterable[User] = (),
        *,
        forum: bool = False,
        bot: bool = True,
    ) -> Chat:
        """A supergroup, which may have topics; its first administrator owns it. Nobody is told of it."""
        number = -1_000_000_000_000 - next(self._supergroups)
        return self._filled(Chat(self, number, "supergroup", title, forum=forum), members, admins, bot)

    def topic(self, chat: Chat, name: str) -> Topic:
        """A new topic of a forum, which a message tells the bot."""
        return chat.open_topic(name, chat.owner)

    def keep(self, upload: Upload, folder: str) -> File:
        """Stores a file so that it can be fetched."""
        number = next(self._files)
        ending = upload.name.rpartition(".")[2]
        path = f"{folder}/file_{number}.{ending}"
        file = File(f"BQACAgIAAx{number:06d}", path, upload.name, upload.data, upload.mime_type)
        self.files[file.id] = file
        return file

    def menu(self, user: User, chat: Chat) -> list[tuple[str, str]]:
        """The commands that Telegram would show somebody in a chat, with their descriptions."""
        return self.menus.shown(user, chat)

    async def until(self, condition: Callable[[], Any], *, seconds: float = PATIENCE) -> Any:
        """What a condition gives, as soon as that is true; looked at after each call and each change."""
        return await self.changes.until(condition, seconds, lambda: f"faults: {self.faults}")

    # What it noticed

    def calls(self, method: str) -> list[Request]:
        """The calls of a method, oldest first."""
        return [request for request in self.requests if request.method == method]

    def note(self, method: str, parameters: dict[str, Any], at: float, status: int) -> None:
        """Notes a call."""
        self.requests.append(Request(method, parameters, at, status))
        self.changes.tell()

    def fault(self, method: str, status: int, reason: str, parameters: dict[str, Any]) -> None:
        """Notes what the bot should not have done."""
        self.faults.append(Fault(method, status, reason, parameters))

    def pardon(self, fragment: str) -> list[Fault]:
        """Takes out the faults that a test provoked, by a part of their reason or their method.

        Raises:
            AssertionError: there were none.
        """
        pardoned = [fault for fault in self.faults if fragment in fault.reason or fragment == fault.method]
        assert pardoned, f"no fault has {fragment!r}: {self.faults}"
        self.faults = [fault for fault in self.faults if fault not in pardoned]
        return pardoned

    # Misbehaviour

    def fail(
        self, method: str, status: int = 500, *, times: int = 1, retry_after: int | None = None, body: str | None = None
    ) -> None:
        """Answers the next calls with an error; a body is sent as it is, and 429 without retry_after means 1 s."""
        if status == 429 and retry_after is None:
            retry_after = 1
        self.mischiefs.plan(failure(method, status, times, retry_after, body))

    def slow(self, method: str, seconds: float, *, times: int = 1) -> None:
        """Takes longer over the next calls."""
        self.mischiefs.plan(Mischief(method, times, seconds=seconds))

    def drop(self, method: str, *, times: int = 1, handled: bool = True) -> None:
        """Ends the connection without an answer at the next calls, after or before they had their effect."""
        self.mischiefs.plan(Mischief(method, times, drops=True, handled=handled))

    def revoke_token(self) -> None:
        """Answers everything with 401 from now on."""
        self.revoked = True

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        """Refuses connections; those that are open end."""
        await self._door.shut()
        try:
            yield
        finally:
            await self._door.reopen()

    def repeat(self, updates: int = 1) -> None:
        """Lets the next updates come again after they were confirmed."""
        self.updates.repeat(updates)

    def out_of_order(self) -> AbstractContextManager[None]:
        """Lets what happens inside arrive together and in reverse."""
        return self.updates.out_of_order()

    def inject(self, **kinds: dict[str, Any]) -> None:
        """Hands the bot an update as it stands, also of a kind that nobody knows."""
        for kind, payload in kinds.items():
            self.updates.put(kind, payload)

    @property
    def unknown_fields(self) -> bool:
        """Whether updates carry fields that nobody knows."""
        return self.updates.unknown_fields

    @unknown_fields.setter
    def unknown_fields(self, carried: bool) -> None:
        self.updates.unknown_fields = carried

    def _known(self, user: User) -> User:
        self.users[user.id] = user
        return user

    def _filled(self, chat: Chat, members: Iterable[User], admins: Iterable[User], bot: bool) -> Chat:
        chat.members = {user.id: Standing.MEMBER for user in members}
        standing = Standing.OWNER
        for admin in admins:
            chat.members[admin.id] = standing
            standing = Standing.ADMINISTRATOR
        if bot:
            chat.members[self.bot.id] = Standing.MEMBER
        self.chats[chat.id] = chat
        return chat
