"""The words that platforms share; no platform's own type crosses this line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes, presses or reads.

    Attributes:
        platform: `web`, `terminal`, `discord`, `telegram`.
        id: stable on that platform.
        name: as others see it now.
        admin: whether the platform lets them manage this place.
    """

    platform: str
    id: str
    name: str
    admin: bool = False

    @property
    def key(self) -> str:
        """Names the person in storage."""
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where people write: a thread, a channel, a room, a private chat.

    Attributes:
        platform: as in `Person`.
        id: stable on that platform.
        channel: the channel that a thread hangs under.
        guild: the server that the channel belongs to.
    """

    platform: str
    id: str
    channel: str | None = None
    guild: str | None = None

    @property
    def key(self) -> str:
        """Names the place in storage."""
        return f"{self.platform}:{self.id}"

    @property
    def chain(self) -> tuple[str, ...]:
        """Keys in the order in which settings are looked up: thread, channel, guild."""
        return tuple(f"{self.platform}:{id_}" for id_ in (self.id, self.channel, self.guild) if id_ is not None)


class Button(NamedTuple):
    """Something to press: what it says, and what comes back (at most 64 bytes)."""

    label: str
    action: str


class Attachment(NamedTuple):
    """A file that goes with a message."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What the bot says. `picture` is a PNG."""

    text: str
    buttons: tuple[Button, ...] = ()
    picture: bytes | None = None
    attachments: tuple[Attachment, ...] = ()


class Notice(NamedTuple):
    """What only the person who pressed is told."""

    text: str


class Platform(Protocol):
    """An adapter: it translates, obeys its platform's limits, and knows no rules of any game."""

    @property
    def name(self) -> str: ...

    @property
    def edit_seconds(self) -> float:
        """The least time between two edits of one message."""
        ...

    @property
    def keeps_messages(self) -> bool:
        """Whether its messages outlive the process."""
        ...

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        """Posts a message and returns its id on the platform, once it is sure to stay."""
        ...

    async def edit(self, place: Place, posted: str, message: Message) -> None:
        """Changes a posted message; one that is gone is no error."""
        ...

    async def run(self) -> None:
        """Serves until it is cancelled."""
        ...
