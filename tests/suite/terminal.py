"""The terminal as a stage: one person types, and reads what is printed."""

from __future__ import annotations

import asyncio
import io

from rich.console import Console

from bot.app import Bot
from bot.configuration import Configuration
from bot.conversation import Message, Person, Place, Platform
from bot.platforms.terminal import Terminal, printable
from tests.suite.stage import ADA, Seen, Stage


class Typing:
    """Lines that a person types one by one."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._asked = asyncio.Event()

    async def next(self) -> str | None:
        """The next line; asking for it says that the one before is dealt with."""
        self._asked.set()
        line = await self._lines.get()
        self._asked.clear()
        return line

    async def type(self, line: str) -> None:
        """Types a line, and returns when the next is asked for."""
        await self._asked.wait()
        self._asked.clear()
        self._lines.put_nowait(line)
        await self._asked.wait()


class Watched(Terminal):
    """A terminal somebody takes notes at: which message says what by now."""

    def __init__(self, bot: Bot, typing: Typing) -> None:
        self.out = io.StringIO()
        console = Console(file=self.out, highlight=False, markup=False, emoji=False, soft_wrap=True)
        super().__init__(bot, lines=typing, console=console)
        self.said: dict[str, Seen] = {}

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        posted = await super().post(place, message, private_for=private_for, reply_to=reply_to)
        self.said[posted] = _seen(posted, message)
        return posted

    async def edit(self, place: Place, posted: str, message: Message) -> str | None:
        self.said[posted] = _seen(posted, message)
        return await super().edit(place, posted, message)


class TerminalStage(Stage):
    """Somebody's own terminal."""

    name = "terminal"
    several = False
    rights = False
    discreet = False

    def configuration(self) -> Configuration:
        return Configuration(home=self.home)

    def adapter(self, bot: Bot) -> Platform:
        self._typing = Typing()
        self._screen = Watched(bot, self._typing)
        return self._screen

    async def says(self, person: str, line: str) -> None:
        await self._typing.type(line)

    async def replies(self, person: str, seen: Seen, line: str) -> None:
        await self._typing.type(line)

    async def pressed(self, person: str, seen: Seen, label: str) -> str:
        before = len(self._screen.out.getvalue())
        await self._typing.type(str(seen.buttons.index(label) + 1))
        return self._screen.out.getvalue()[before:]

    async def messages(self, person: str = ADA) -> list[Seen]:
        return list(self._screen.said.values())


def _seen(posted: str, message: Message) -> Seen:
    files = tuple((file.name, file.data) for file in message.attachments)
    labels = tuple(button.label for button in message.plain_buttons)
    return Seen(printable(message.text), labels, files, False, posted)
