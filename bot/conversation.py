"""The words that platforms share; no platform's own type crosses this line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from generators.errors import Translate, UserError, english


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes, presses or reads.

    Attributes:
        platform: `web`, `terminal`, `discord`, `telegram`.
        id: stable on that platform.
        name: as others see it now.
        admin: whether the platform lets them manage this place.
        language: what they read, as the platform names it (BCP 47: `de`, `zh-CN`, `pt-BR`).
    """

    platform: str
    id: str
    name: str
    admin: bool = False
    language: str = "en"

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
    """Something to press: what it says, and what comes back (at most 64 bytes).

    `asks` names a line of text that a press asks for first; platforms without forms leave such a button out.
    """

    label: str
    action: str
    asks: str = ""


class Attachment(NamedTuple):
    """A file that goes with a message."""

    name: str
    media_type: str
    data: bytes


class Fleeting(Attachment):
    """A file for whoever asked for it, that a platform of ours shows for a while and keeps nowhere."""

    __slots__ = ()


class Enclosed(NamedTuple):
    """A file that came with a line, and is fetched only where it is wanted.

    Attributes:
        name: as it was sent.
        size: in bytes, as the platform says.
        fetch: what is in it; raises UserError where it cannot be had.
    """

    name: str
    size: int
    fetch: Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Message:
    """What the bot says. `picture` is a PNG."""

    text: str
    buttons: tuple[Button, ...] = ()
    picture: bytes | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def plain_buttons(self) -> tuple[Button, ...]:
        """Those that ask for nothing, for platforms without forms."""
        return tuple(button for button in self.buttons if not button.asks)


class Notice(NamedTuple):
    """What only the person who pressed is told."""

    text: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast a platform takes messages and edits.

    Attributes:
        edit_seconds: the least time between two edits of one message.
        per_second: of all places together; None where nothing is counted.
        per_minute: of one place.
    """

    edit_seconds: float
    per_second: float | None = None
    per_minute: float | None = None


class Platform(Protocol):
    """An adapter: it translates, obeys its platform's limits, and knows no rules of any game.

    What a message is called on the platform is opaque; a text that fills several messages is called by all of their
    ids, with commas between (see `parts`).
    """

    @property
    def name(self) -> str: ...

    @property
    def keeps_messages(self) -> bool:
        """Whether its messages outlive the process."""
        ...

    def limits(self, place: Place, reply_to: str | None = None) -> Limits:
        """How fast a place takes messages; some answers (`reply_to`) are not counted."""
        ...

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        """Posts a message and returns its id on the platform, once it is sure to stay.

        Raises:
            MayNotWrite: the bot is not allowed to write there, or the place is gone.
        """
        ...

    async def edit(self, place: Place, posted: str, message: Message) -> str | None:
        """Changes a posted message and returns its id, which a longer text may change; None for one that is gone."""
        ...

    async def thread(self, place: Place, title: str) -> Place:
        """Opens a thread under a place.

        Raises:
            NoThreads: there are none on this platform, or the bot may not open one here.
        """
        ...

    async def run(self) -> None:
        """Serves until it is cancelled; an outage of the platform is waited for.

        Raises:
            UserError: it can never work as it is set up, such as with a wrong token.
        """
        ...


@runtime_checkable
class Indiscreet(Protocol):
    """A platform on which nobody can be told something alone where others are."""

    def alone_with(self, person: Person) -> Place:
        """Where the bot can; that place need not be open to it."""
        ...


def parts(posted: str) -> tuple[str, ...]:
    """The platform's own ids of the messages that a post fills, first to last."""
    return tuple(posted.split(","))


@dataclass(eq=False)
class MayNotWrite(UserError):
    """The bot is not allowed to write in a place; `needs` names what it lacks there, with commas, if that is known."""

    needs: str = ""

    def sentence(self, translate: Translate = english) -> str:
        if self.needs:
            needs = ", ".join(translate(name) for name in self.needs.split(", "))
            return translate("I may not write in this place; an admin has to allow me: {needs}.", needs=needs)
        return translate("I may not write in this place; an admin has to allow it.")


@dataclass(eq=False)
class NoThreads(UserError):
    """A thread was asked for where none can be opened."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("No thread can be opened here; leave thread= out, or ask an admin to let me open threads.")
