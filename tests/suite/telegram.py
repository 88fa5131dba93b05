"""A Telegram group as a stage, on the stand-in server."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app import Bot
from bot.configuration import Configuration, TelegramKeys
from bot.conversation import Platform
from tests.fakes.telegram import Message, TelegramServer
from tests.suite.stage import ADA, BEN, CLEO, Seen, Stage


class TelegramStage(Stage):
    """A group of three; the first of them is its owner."""

    name = "telegram"
    discreet = False
    remote = True

    def __init__(self, home: Path, **more: Any) -> None:
        super().__init__(home, **more)
        self._stack = AsyncExitStack()

    async def enter(self) -> None:
        self.telegram = await self._stack.enter_async_context(TelegramServer())
        self.people = {name: self.telegram.user(name) for name in (ADA, BEN, CLEO)}
        everybody = list(self.people.values())
        self.chat = self.telegram.group("Night shift", members=everybody, admins=everybody[:1])

    async def leave(self) -> None:
        """Ends the stand-in too."""
        await self._stack.aclose()

    @property
    def environment(self) -> dict[str, str]:
        """The settings as environment variables."""
        token, api = self.telegram.token, self.telegram.base_url.removesuffix("/bot")
        return {"PLANCHETTE_TELEGRAM__TOKEN": token, "PLANCHETTE_TELEGRAM__API": api}

    def configuration(self) -> Configuration:
        token, api = self.telegram.token, self.telegram.base_url.removesuffix("/bot")
        return Configuration(home=self.home, telegram=TelegramKeys(token=SecretStr(token), api=api))

    def adapter(self, bot: Bot) -> Platform:
        from bot.platforms.telegram import Telegram

        return Telegram(bot)

    async def attentive(self) -> None:
        """The second ends: Telegram gives no parts of one, so what is said in it counts as said at its beginning."""
        await asyncio.sleep(1 - time.time() % 1)

    async def says(self, person: str, line: str) -> None:
        await self.people[person].says(self.chat, line)

    async def replies(self, person: str, seen: Seen, line: str) -> None:
        await self.people[person].says(self.chat, line, reply_to=seen.handle)

    async def pressed(self, person: str, seen: Seen, label: str) -> str:
        answer = await self.people[person].presses(seen.handle, label)
        return answer.text or ""

    async def messages(self, person: str = ADA) -> list[Seen]:
        return [_seen(message) for message in self.chat.said]

    def action(self, seen: Seen, label: str) -> str:
        """What a button sends."""
        (data,) = {button.data for button in seen.handle.buttons if button.text == label}
        return str(data)

    def id_of(self, person: str) -> str:
        """What Telegram calls somebody."""
        return str(self.people[person].id)

    @property
    def place(self) -> str:
        """What storage calls the group."""
        return f"telegram:{self.chat.id}"

    async def lose_connection(self) -> None:
        async with self.telegram.down():
            pass

    def faults(self) -> list[Any]:
        return self.telegram.faults


def _seen(message: Message) -> Seen:
    labels = tuple(button.text for button in message.buttons)
    files = () if message.document is None else ((message.document.name, message.document.data),)
    return Seen(message.text, labels, files, False, message)
