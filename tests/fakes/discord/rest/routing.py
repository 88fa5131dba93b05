"""Routes as Discord's document names them, and what a handler is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.fakes.discord import permissions
from tests.fakes.discord.faults import Refusal
from tests.fakes.discord.messages import Message, Upload
from tests.fakes.discord.rates import Bucket

if TYPE_CHECKING:
    from tests.fakes.discord.channels import Channel
    from tests.fakes.discord.guilds import Guild
    from tests.fakes.discord.server import DiscordServer

YES: Final = ("1", "true", "True")  # what a boolean in a query looks like


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose body has been read and found to be what the document allows."""

    server: DiscordServer
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: Sequence[Upload]

    def id(self, name: str) -> int:
        """An id of the path.

        Raises:
            Refusal: 50035, it is no number.
        """
        try:
            return int(self.params[name])
        except ValueError:
            why = f'Value "{self.params[name]}" is not snowflake.'
            raise Refusal(400, 50035, "Invalid Form Body", errors={name: why}) from None

    def channel(self) -> Channel:
        """The channel of the path, which the bot sees.

        Raises:
            Refusal: 10003, there is none; 50001, the bot does not see it.
        """
        channel = self.server.channels.get(self.id("channel_id"))
        if channel is None:
            raise Refusal(404, 10003, "Unknown Channel")
        if not channel.permissions_of_bot() & permissions.VIEW:
            raise Refusal(403, 50001, "Missing Access")
        return channel

    def message(self) -> Message:
        """The public message of the path.

        Raises:
            Refusal: 10008, there is none, or none any more.
        """
        message = self.channel().find(self.id("message_id"))
        if message is None or message.private_for is not None:
            raise Refusal(404, 10008, "Unknown Message")
        return message

    def guild(self) -> Guild:
        """The guild of the path.

        Raises:
            Refusal: 10004, the bot is not in it.
        """
        guild = self.server.guilds.get(self.id("guild_id"))
        if guild is None:
            raise Refusal(404, 10004, "Unknown Guild")
        return guild


def need(channel: Channel, permission: int) -> None:
    """Refuses what the bot may not do in a channel.

    Raises:
        Refusal: 50013.
    """
    if permission & ~channel.permissions_of_bot():
        raise Refusal(403, 50013, "Missing Permissions")


Handler = Callable[[Call], object]  # what it returns is sent as JSON; None is an answer 204


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, with the rate limit that it shares with nobody or with others of the same bucket."""

    method: str
    template: str
    handler: Handler
    bucket: Bucket
    major: str | None
    authorised: bool


ROUTES: Final[list[Route]] = []


def route(
    method: str,
    template: str,
    *,
    bucket: Bucket | None = None,
    major: str | None = None,
    authorised: bool = True,
) -> Callable[[Handler], Handler]:
    """Registers a handler.

    Args:
        bucket: its rate limit; without one it has a wide one of its own.
        major: the part of the path that each has a bucket of.
        authorised: whether it needs the bot's token; answers to interactions do not, nor do they count globally.
    """

    def register(handler: Handler) -> Handler:
        shared = bucket or Bucket(f"{method} {template}", 50, 1.0)
        ROUTES.append(Route(method, template, handler, shared, major, authorised))
        return handler

    return register
