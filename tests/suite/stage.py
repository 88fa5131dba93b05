"""A place on some platform, with people in it and the whole bot behind it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from bot.app import Bot
from bot.configuration import Configuration
from bot.conversation import Platform
from generators.completion import Generator
from generators.local import LocalGenerator, Shelf
from generators.registry import CombinedGenerator
from generators.scripted import Pace, Script, ScriptedGenerator
from tests.patience import PATIENCE

SCRIPT: Final = Script(
    token="word",
    texts=(
        "Once upon a time there was a lighthouse that kept bees.",
        "Once upon a time there lived a clock that ran on rain.",
        "Once upon a midnight there was a letter nobody had written.",
    ),
    order=3,
)
ADA: Final = "Ada"  # may manage the place wherever somebody may
BEN: Final = "Ben"
CLEO: Final = "Cleo"


@dataclass(frozen=True)
class Seen:
    """A message of the bot as a person sees it.

    Attributes:
        text: with nothing in it that only escapes.
        buttons: what they say, in order.
        files: name and content of each.
        private: whether nobody else sees it.
        handle: what the platform calls it.
    """

    text: str
    buttons: tuple[str, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    private: bool = False
    handle: Any = field(default=None, repr=False, compare=False)

    @property
    def candidates(self) -> tuple[str, ...]:
        """The buttons that vote."""
        return tuple(label for label in self.buttons if " · " in label)


class Stage(ABC):
    """What a test does on a platform, whichever it is.

    Attributes:
        name: of the platform.
        several: whether more than one person can be there.
        rights: whether some may manage the place and others may not.
        discreet: whether the bot can answer one person alone.
        remote: whether the platform is elsewhere, so that the connection to it can be lost.
    """

    name: ClassVar[str]
    several: ClassVar[bool] = True
    rights: ClassVar[bool] = True
    discreet: ClassVar[bool] = True
    remote: ClassVar[bool] = False

    def __init__(self, home: Path, script: Script = SCRIPT, pace: Pace | None = None) -> None:
        self.home = home
        self.script = script
        self.pace = pace
        self.bot: Bot
        self._serving: asyncio.Task[None] | None = None

    @abstractmethod
    def configuration(self) -> Configuration:
        """The operator's settings."""

    @abstractmethod
    def adapter(self, bot: Bot) -> Platform:
        """The platform's adapter."""

    @abstractmethod
    async def says(self, person: str, line: str) -> None:
        """Somebody types a line: a command as its platform takes it, or words."""

    @abstractmethod
    async def replies(self, person: str, seen: Seen, line: str) -> None:
        """Somebody answers a message of the bot."""

    @abstractmethod
    async def pressed(self, person: str, seen: Seen, label: str) -> str:
        """Somebody presses the button that says so; what they are told."""

    @abstractmethod
    async def messages(self, person: str = ADA) -> list[Seen]:
        """What the bot has said that this person can see, the oldest first."""

    async def ready(self) -> None:  # noqa: B027  # most are at once
        """Returns once people are heard."""

    async def attentive(self) -> None:  # noqa: B027  # most hear everything at once
        """Returns once what people say to each other counts as said after a log was turned on, or somebody agreed."""

    async def lose_connection(self) -> None:
        """The connection to the platform breaks, and can be made again."""
        raise NotImplementedError

    def faults(self) -> list[Any]:
        """What the platform has refused."""
        return []

    async def enter(self) -> None:  # noqa: B027  # most platforms are there
        """Builds the platform and its people."""

    async def leave(self) -> None:  # noqa: B027
        """Takes the platform down."""

    def generator(self) -> Generator:
        """What writes; with models in the home, those too."""
        scripted = ScriptedGenerator(self.script, pace=self.pace)
        own = Shelf(self.home / "models")
        return CombinedGenerator([scripted, LocalGenerator([own])]) if own.names() else scripted

    async def open(self) -> None:
        """Starts the bot on its home."""
        self.bot = await Bot.open(self.configuration(), generator=self.generator())
        platform = self.adapter(self.bot)
        self.bot.register(platform)
        await self.bot.resume()
        self._serving = asyncio.create_task(platform.run())
        await self.ready()

    async def close(self) -> None:
        """Ends the bot as the program does."""
        if self._serving is not None:
            self._serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._serving
            self._serving = None
            await self.bot.close()

    async def restart(self) -> None:
        """Ends the bot and starts it again on the same home."""
        await self.close()
        await self.open()

    async def until(
        self,
        wanted: str | Callable[[Seen], object],
        person: str = ADA,
        *,
        after: Seen | None = None,
        patience: float = PATIENCE,
    ) -> Seen:
        """The newest message that has this in its text, or for which this holds, once there is one.

        Args:
            after: an older message, which is not meant.
            patience: seconds.
        """
        holds = (lambda seen: wanted in seen.text) if isinstance(wanted, str) else wanted
        deadline = time.monotonic() + patience
        while True:
            if self._serving is not None and self._serving.done():
                await self._serving
            seen = await self.messages(person)
            for message in reversed(seen):
                if after is not None and message.handle == after.handle:
                    break
                if holds(message):
                    return message
            assert time.monotonic() < deadline, f"waited in vain for {wanted!r} on {self.name}; there is {seen}"
            await asyncio.sleep(0.02)

    async def ballot(self, *, after: Seen | None = None) -> Seen:
        """The newest ballot."""
        return await self.until(lambda seen: seen.candidates, after=after)

    async def votes(self, person: str, seen: Seen, number: int = 0) -> str:
        """Somebody votes for a candidate by its place on the ballot; what they are told."""
        return await self.pressed(person, seen, seen.candidates[number])
