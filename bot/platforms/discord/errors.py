"""What Discord can refuse, as sentences, and by its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import discord

from bot.conversation import MayNotWrite
from generators.errors import Translate, UserError, english

# Discord API v10, topics, opcodes and status codes: JSON error codes.
UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008
UNKNOWN_WEBHOOK: Final = 10015
UNKNOWN_INTERACTION: Final = 10062
INVALID_WEBHOOK_TOKEN: Final = 50027
THREAD_ARCHIVED: Final = 50083
ALREADY_ACKNOWLEDGED: Final = 40060

TOO_LATE: Final = frozenset({UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, INVALID_WEBHOOK_TOKEN})
GONE: Final = frozenset({UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, THREAD_ARCHIVED})  # what can be edited no more

AUTHENTICATION_FAILED: Final = 4004  # the gateway's close codes, in the same place
SHARDING_REQUIRED: Final = 4011
INTENTS_REFUSED: Final = frozenset({4013, 4014})


@dataclass(eq=False)
class WrongToken(UserError):
    """Discord does not know the token, or knows it no more."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Discord does not accept the token in discord.token; make a new one on the page «Bot» of your application "
            "at https://discord.com/developers/applications."
        )


@dataclass(eq=False)
class IntentsRefused(UserError):
    """Discord does not let the application hear what the bot listens to."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Discord refuses the intents of the application that discord.token belongs to; look at the page «Bot» at "
            "https://discord.com/developers/applications, or make a new application."
        )


@dataclass(eq=False)
class TooFewShards(UserError):
    """The bot is on more servers than the shards take that the operator has divided Discord into."""

    shards: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Discord wants the servers of this bot on more shards than discord.shards says, which is {shards}; divide "
            "them into a higher number, the same for all processes, or take discord.shards out.",
            shards=self.shards,
        )


@dataclass(eq=False)
class NotOnThisServer(UserError):
    """A server that is not on the operator's list."""

    guild: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "This bot does not work on this server; whoever runs it can add {guild} to discord.guilds.",
            guild=self.guild,
        )


@contextmanager
def writing(needs: str) -> Iterator[None]:
    """Says MayNotWrite where Discord refuses a message for good; `needs` names what the bot lacks in the place."""
    try:
        yield
    except discord.HTTPException as fault:
        refused = isinstance(fault, discord.Forbidden) or fault.code in (UNKNOWN_CHANNEL, THREAD_ARCHIVED)
        if not refused:
            raise
        raise MayNotWrite(needs) from fault
