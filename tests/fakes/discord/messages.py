"""Messages, as people see them and as the API describes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tests.fakes.discord.clock import moment
from tests.fakes.discord.faults import Json

if TYPE_CHECKING:
    from tests.fakes.discord.channels import Channel
    from tests.fakes.discord.interactions import Interaction
    from tests.fakes.discord.users import User

EPHEMERAL: Final = 1 << 6
LOADING: Final = 1 << 7
COMPONENTS_V2: Final = 1 << 15
DEFAULT, REPLY, SLASH, CONTEXT_MENU = 0, 19, 20, 23  # types of messages
BUTTON: Final = 2

MENTION: Final = re.compile(r"<@!?(\d+)>")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sends."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a message or of a command's option, and where it can be fetched until `ends`."""

    id: int
    name: str
    data: bytes
    content_type: str
    url: str
    ends: float

    def payload(self) -> Json:
        """As the API describes it."""
        return {
            "id": str(self.id),
            "filename": self.name,
            "size": len(self.data),
            "url": self.url,
            "proxy_url": self.url,
            "content_type": self.content_type,
        }


@dataclass(frozen=True, slots=True)
class Button:
    """A button as a person sees it; `row` counts from 0."""

    label: str
    custom_id: str | None
    style: int
    disabled: bool
    row: int
    url: str | None
    emoji: Json | None


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component of a message or modal, outer ones first."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        inner = [component[key] for key in ("accessory", "component") if component.get(key)]
        yield from walk(inner)


@dataclass(eq=False, slots=True)
class Message:
    """A message of a person or of the bot."""

    id: int
    channel: Channel
    author: User
    created: float
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    type: int = DEFAULT
    private_for: User | None = None
    edited_at: float | None = None
    deleted: bool = False
    reply_to: int | None = None
    mentions: list[User] = field(default_factory=list)
    nonce: str | None = None
    interaction: Interaction | None = None
    thread: Channel | None = None
    versions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.versions.append(self.content)

    def __repr__(self) -> str:
        return f"<{self.author.name}: {self.content[:80]!r}{' and buttons' if self.buttons else ''}>"

    @property
    def edited(self) -> datetime | None:
        """When it was last changed."""
        return None if self.edited_at is None else datetime.fromtimestamp(self.edited_at, UTC)

    @property
    def loading(self) -> bool:
        """Whether it only says that the bot is thinking."""
        return bool(self.flags & LOADING)

    @property
    def buttons(self) -> list[Button]:
        """Its buttons, row by row."""
        return [
            Button(
                part.get("label") or "",
                part.get("custom_id"),
                part["style"],
                bool(part.get("disabled")),
                row,
                part.get("url"),
                part.get("emoji"),
            )
            for row, outer in enumerate(self.components)
            for part in walk([outer])
            if part["type"] == BUTTON
        ]

    def anything(self) -> bool:
        """Whether there is something to see in it."""
        return not self.loading and bool(self.content or self.embeds or self.components or self.attachments)

    def payload(self, *, readable: bool = True) -> Json:
        """As the API describes it; what a person wrote is left out where it is not `readable`."""
        data: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": self.type,
            "author": self.author.payload(),
            "content": self.content if readable else "",
            "timestamp": moment(self.created),
            "edited_timestamp": None if self.edited_at is None else moment(self.edited_at),
            "tts": False,
            "pinned": False,
            "mention_everyone": False,
            "mentions": [user.payload() for user in self.mentions],
            "mention_roles": [],
            "attachments": [attachment.payload() for attachment in self.attachments] if readable else [],
            "embeds": self.embeds if readable else [],
            "components": self.components if readable else [],
            "flags": self.flags,
        }
        if self.nonce is not None:
            data["nonce"] = self.nonce
        if self.thread is not None:
            data["thread"] = self.thread.payload()
        if self.interaction is not None:
            data |= self._of_interaction(self.interaction)
        if self.reply_to is not None:
            data |= self._of_reply(self.reply_to)
        return data

    def _of_interaction(self, interaction: Interaction) -> Json:
        application = str(self.channel.server.application.id)
        return {
            "application_id": application,
            "webhook_id": application,
            "interaction_metadata": interaction.metadata(),
        }

    def _of_reply(self, reply_to: int) -> Json:
        reference: Json = {"type": 0, "message_id": str(reply_to), "channel_id": str(self.channel.id)}
        if self.channel.guild is not None:
            reference["guild_id"] = str(self.channel.guild.id)
        target = self.channel.find(reply_to)
        if target is None:
            return {"message_reference": reference, "referenced_message": None}
        readable = self.channel.server.readable(target)
        replied = target.payload(readable=readable)
        replied.pop("referenced_message", None)  # Discord shows one message back, no further
        return {"message_reference": reference, "referenced_message": replied}
