"""What came in is stored, carried out in its turn, and taken up again after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.declaration import Command
from bot.commands.faults import UnknownCommand
from bot.conversation import Message
from bot.languages import translator
from bot.names import nearest
from bot.platforms.discord import reading
from bot.platforms.discord.asked import Asked, read
from bot.platforms.discord.connection import Connection
from bot.platforms.discord.enclosing import enclosed
from bot.platforms.discord.heard import HeardCommand, HeardMessage, stored
from bot.platforms.discord.people import PLATFORM
from bot.platforms.discord.speaking import Speaking
from bot.platforms.turns import Turns
from generators.errors import UserError
from storage import inbox

if TYPE_CHECKING:
    from bot.app import Bot

NOT_MEANT: Final = "This message takes no replies now; /story show tells where the story stands."

log = structlog.get_logger(__name__)


class Dealing:
    """Has the bot do what people ask, one line after another."""

    def __init__(self, bot: Bot, speaking: Speaking, connection: Connection) -> None:
        self._bot = bot
        self._speaking = speaking
        self._connection = connection
        self._turns = Turns()
        self.commands = {command.path: command for command in bot.commands.all}

    async def store(self, update: int, heard: HeardCommand | HeardMessage) -> int | None:
        """Stores what came in, before Discord hears of it; None where it came in before.

        Raises:
            StorageError: it cannot be stored.
        """

        async def receive(connection: AsyncConnection) -> int | None:
            return await inbox.receive(connection, PLATFORM, update, heard.payload(), datetime.now(UTC))

        return await self._bot.database.write(receive)

    async def left(self) -> AsyncIterator[tuple[int, HeardCommand | HeardMessage]]:
        """What was in hand when the bot last stopped, and is not another process's."""
        for item in await self._bot.database.read(partial(inbox.pending, platform=PLATFORM)):
            heard = stored(item.payload)
            if self._bot.share.has(heard.place):
                yield item.id, heard

    async def resumed(self, item: int, heard: HeardCommand | HeardMessage) -> None:
        """Carries out what an earlier process had in hand."""
        if isinstance(heard, HeardMessage):
            await self.message(item, heard)
        elif (named := read(heard.asked)) is not None:
            await self.command(item, heard, self.asked(item, heard, *named, known=False))

    def asked(self, item: int, heard: HeardCommand, id_: int, token: str, *, known: bool = True) -> Asked:
        """The interaction that takes the answers to a command."""
        answered = partial(self._turns.answered, heard.place.key, item)
        return Asked(self._connection.wire, id_, token, known=known, answered=answered)

    def command_of(self, heard: HeardCommand) -> tuple[Command, dict[str, object]]:
        """The command and its arguments.

        Raises:
            UserError: there is no such command any more, or it does not take these arguments.
        """
        command = self.commands.get(heard.path)
        if command is None:
            raise UnknownCommand(heard.path, nearest(heard.path, list(self.commands)))
        return command, reading.arguments(command, heard.given)

    async def command(self, item: int, heard: HeardCommand, asked: Asked) -> None:
        """Carries out a command in its turn."""
        person, place = heard.person, heard.place
        self._speaking.take(asked)
        try:
            async with self._turns.turn(place.key, person.key, item):
                try:
                    command, given = self.command_of(heard)
                except UserError as fault:  # it was stored by another version
                    told = Message(fault.sentence(translator(person.language)))
                    await self._speaking.post(place, told, person, asked.reference)
                    await self._bot.database.write(partial(inbox.done, item=item))
                    return
                files = () if heard.file is None else (enclosed(self._connection, heard.file),)
                await self._bot.run(
                    command, given, person=person, place=place, origin=item, reply_to=asked.reference, files=files
                )
            await asked.close()
        finally:
            self._speaking.drop(asked)

    async def message(self, item: int, heard: HeardMessage) -> None:
        """Hands a reply to the bot, or what else was said to it; who answered a ballot in vain is told so."""
        person, place, text = heard.person, heard.place, heard.text
        async with self._turns.turn(place.key, person.key, item):
            if heard.answered is None:
                await self._bot.talked_to(text, person=person, place=place, message=heard.message, origin=item)
                return
            meant = await self._bot.reply(
                text,
                person=person,
                place=place,
                message=heard.answered,
                buttons=heard.buttons,
                origin=item,
                asked=heard.message,
            )
            if heard.buttons and not meant:
                told = Message(translator(person.language)(NOT_MEANT))
                await self._bot.outboxes[PLATFORM].post(place, told, private_for=person)
