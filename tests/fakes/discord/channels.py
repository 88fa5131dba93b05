"""Channels, threads and direct channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tests.fakes.discord import permissions
from tests.fakes.discord.clock import moment
from tests.fakes.discord.faults import Json
from tests.fakes.discord.messages import Message
from tests.fakes.discord.watch import Watch
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.fakes.discord.guilds import Guild
    from tests.fakes.discord.server import DiscordServer
    from tests.fakes.discord.users import User

TEXT, DM, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 11, 12
GUILDS_INTENT: Final = 1 << 0

Look = Callable[[Message], object]


class Channel:
    """A place where messages stand: of a guild, a thread in it, or between one person and the bot."""

    def __init__(
        self,
        server: DiscordServer,
        name: str,
        *,
        type: int = TEXT,  # noqa: A002  # Discord's name for it
        guild: Guild | None = None,
        parent: Channel | None = None,
        recipient: User | None = None,
        owner: User | None = None,
        id: int | None = None,  # noqa: A002  # Discord's name for it
    ) -> None:
        self.server = server
        self.id = server.snowflakes.next() if id is None else id
        self.name = name
        self.type = type
        self.guild = guild
        self.parent = parent
        self.recipient = recipient
        self.owner = owner
        self.allowed = 0
        self.denied = 0
        self.archived = False
        self.archived_at: float | None = None  # when it was last closed
        self.locked = False
        self.deleted = False
        self.typing = 0
        self.threads: list[Channel] = []
        self.stored: dict[int, Message] = {}  # by id, private ones too, deleted ones not
        self.nonces: dict[str, Message] = {}
        self.watch = Watch()
        self.created = server.now()

    def __repr__(self) -> str:
        return f"<channel {self.name}>"

    @property
    def is_thread(self) -> bool:
        """Whether it hangs from another channel."""
        return self.type in (PUBLIC_THREAD, PRIVATE_THREAD)

    @property
    def messages(self) -> list[Message]:
        """What everybody there sees, oldest first."""
        return [message for message in self.stored.values() if message.private_for is None]

    def find(self, message: int) -> Message | None:
        """The message of that id, unless it is deleted."""
        return self.stored.get(message)

    def changed(self) -> None:
        """Wakes who waits for something in here."""
        self.watch.notify()
        self.server.watch.notify()

    async def until(self, look: Look | str, *, timeout: float = PATIENCE) -> Message:
        """The newest public message for which `look` holds, or that contains this text.

        Raises:
            AssertionError: there was none within `timeout` seconds.
        """
        return await self.seen(lambda: self.messages, look, timeout=timeout)

    async def seen(self, messages: Callable[[], list[Message]], look: Look | str, *, timeout: float) -> Message:
        """The newest of these messages for which `look` holds."""

        def holds(message: Message) -> object:
            return look in message.content if isinstance(look, str) else look(message)

        def find() -> Message | None:
            return next((message for message in reversed(messages()) if holds(message)), None)

        return await self.watch.until(find, timeout=timeout, complaint=lambda: f"{self} has {messages()[-5:]}")

    def permissions_of_bot(self) -> int:
        """What the bot may do here, as bits."""
        if self.guild is None:
            return permissions.DIRECT
        base = self.guild.everyone | self.guild.granted
        if base & permissions.ADMINISTRATOR:
            return permissions.EVERYTHING
        source = self.parent or self
        return (base & ~source.denied) | source.allowed

    def deny(self, *names: str) -> None:
        """Takes permissions from the bot here."""
        assert not self.is_thread, "a thread has the permissions of its channel"
        self.denied |= permissions.bits(names)
        self.allowed &= ~self.denied
        self._updated()

    def allow(self, *names: str) -> None:
        """Gives permissions to the bot here."""
        assert not self.is_thread, "a thread has the permissions of its channel"
        self.allowed |= permissions.bits(names)
        self.denied &= ~self.allowed
        self._updated()

    def thread(self, name: str, *, message: Message | None = None) -> Channel:
        """A public thread that a person opens here, from a message or without one."""
        assert self.guild is not None, "there are no threads in direct messages"
        return self.open_thread(name, message=message, owner=self.guild.owner)

    def open_thread(self, name: str, *, message: Message | None, owner: User, type: int = PUBLIC_THREAD) -> Channel:  # noqa: A002
        """A thread of this owner, announced to the bot."""
        thread = Channel(
            self.server,
            name,
            type=type,
            guild=self.guild,
            parent=self,
            owner=owner,
            id=None if message is None else message.id,
        )
        self.threads.append(thread)
        self.server.channels[thread.id] = thread
        if message is not None:
            message.thread = thread
        self._announce("THREAD_CREATE", thread.payload() | {"newly_created": True})
        return thread

    def archive(self) -> None:
        """Closes a thread; a message in it opens it again."""
        self.archived, self.archived_at = True, self.server.now()
        self._updated()

    def unarchive(self) -> None:
        """Opens a closed thread."""
        if self.archived:
            self.archived = False
            self._updated()

    def lock(self) -> None:
        """Closes a thread for all but moderators."""
        self.archived = self.locked = True
        self.archived_at = self.server.now()
        self._updated()

    def rename(self, name: str) -> None:
        """Gives it another name."""
        self.name = name
        self._updated()

    def delete(self) -> None:
        """Takes it away with all its messages."""
        self.deleted = True
        self.server.channels.pop(self.id, None)
        self.stored.clear()
        if self.is_thread and self.parent is not None:
            self.parent.threads.remove(self)
            gone = {"id": str(self.id), "parent_id": str(self.parent.id), "type": self.type}
            self._announce("THREAD_DELETE", gone | self._guild_id())
        elif self.guild is not None:
            for thread in list(self.threads):
                thread.delete()
            self.guild.channels.remove(self)
            self._announce("CHANNEL_DELETE", self.payload())

    def _updated(self) -> None:
        self._announce("THREAD_UPDATE" if self.is_thread else "CHANNEL_UPDATE", self.payload())

    def _announce(self, event: str, data: Json) -> None:
        self.server.gateway.dispatch(event, data, guild=self.guild, intent=GUILDS_INTENT)
        self.changed()

    def _guild_id(self) -> Json:
        return {} if self.guild is None else {"guild_id": str(self.guild.id)}

    def payload(self) -> Json:
        """As the API describes it."""
        last = next(reversed(self.stored), None)
        data: Json = {
            "id": str(self.id),
            "type": self.type,
            "last_message_id": None if last is None else str(last),
            "flags": 0,
        }
        if self.recipient is not None:
            return data | {"recipients": [self.recipient.payload()]}
        data |= {"name": self.name, "rate_limit_per_user": 0} | self._guild_id()
        return data | (self._of_thread() if self.is_thread else self._of_text())

    def _of_text(self) -> Json:
        overwrites = []
        if self.allowed or self.denied:
            bot = str(self.server.bot.id)
            overwrites = [{"id": bot, "type": 1, "allow": str(self.allowed), "deny": str(self.denied)}]
        return {
            "position": 0,
            "permission_overwrites": overwrites,
            "parent_id": None,
            "topic": None,
            "nsfw": False,
        }

    def _of_thread(self) -> Json:
        assert self.parent is not None
        assert self.owner is not None
        return {
            "parent_id": str(self.parent.id),
            "owner_id": str(self.owner.id),
            "message_count": len(self.stored),
            "total_message_sent": len(self.stored),
            "member_count": 1,
            "thread_metadata": {
                "archived": self.archived,
                "auto_archive_duration": 1440,
                "archive_timestamp": moment(self.archived_at or self.created),
                "locked": self.locked,
                "create_timestamp": moment(self.created),
            },
        }
