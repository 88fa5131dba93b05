"""The whole bot on a stand-in for Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.configuration import Configuration
from tests.fakes.discord import Channel, User
from tests.suite.discord import DiscordStage
from tests.suite.stage import ADA, BEN


class Playing(DiscordStage):
    """A channel with Ada, who may manage the server, and Ben.

    Args:
        allowed: the operator's list of servers; the stage's own server is added to it.
    """

    def __init__(self, home: Path, *, allowed: bool = False, **more: Any) -> None:
        super().__init__(home, **more)
        self._allowed = allowed

    def configuration(self) -> Configuration:
        made = super().configuration()
        if not self._allowed:
            return made
        keys = made.discord.model_copy(update={"guilds": (str(self.guild.id),)})
        return made.model_copy(update={"discord": keys})

    @property
    def guild(self) -> Any:
        """The server."""
        return self.channel.guild

    @property
    def ada(self) -> User:
        """Somebody who may manage the server."""
        return self.people[ADA]

    @property
    def ben(self) -> User:
        """Somebody who may not."""
        return self.people[BEN]

    def direct(self, person: User) -> Channel:
        """The channel that somebody shares with the bot alone."""
        return self.discord.dm(person)


@asynccontextmanager
async def playing(home: Path, **more: Any) -> AsyncIterator[Playing]:
    """The bot, connected; at its end Discord must have refused nothing that was not expected."""
    stage = Playing(home, **more)
    await stage.enter()
    await stage.open()
    try:
        yield stage
    finally:
        await stage.close()
        await stage.leave()
    assert stage.faults() == []
