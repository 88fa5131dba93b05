"""A Discord server's channel as a stage, on the stand-in server."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from bot.app import Bot
from bot.commands.discovery import discover
from bot.commands.parser import is_command, parse
from bot.configuration import Configuration, DiscordKeys
from bot.conversation import Platform
from bot.values import Kind
from tests.fakes.discord import DiscordServer, Message
from tests.suite.stage import ADA, BEN, CLEO, Seen, Stage

COMMANDS: Final = discover()
MESSAGE_CONTENT: Final = 1 << 15  # Discord API v10, gateway intents
HIDDEN: Final = {0: 0xE000, 0x202E: 0xE001}  # from our parser, which stands in for a client that would not mind them
SHOWN: Final = {hidden: shown for shown, hidden in HIDDEN.items()}


class DiscordStage(Stage):
    """A channel in which the first of three may manage the server."""

    name = "discord"
    remote = True

    def __init__(self, home: Path, **more: Any) -> None:
        super().__init__(home, **more)
        self._stack = AsyncExitStack()
        self._actions: dict[tuple[int, str], str] = {}  # of every button that was ever seen

    async def enter(self) -> None:
        self.discord = await self._stack.enter_async_context(DiscordServer())
        guild = self.discord.guild("Writers", channels=["lobby"])
        self.channel = guild["lobby"]
        self.people = {name: self.discord.user(name) for name in (ADA, BEN, CLEO)}
        guild.member(self.people[ADA], "manage_guild")

    async def leave(self) -> None:
        """Ends the stand-in too."""
        await self._stack.aclose()

    @property
    def environment(self) -> dict[str, str]:
        """The settings as environment variables."""
        return {"PLANCHETTE_DISCORD__TOKEN": self.discord.token, "PLANCHETTE_DISCORD__API": self.discord.api}

    def configuration(self) -> Configuration:
        keys = DiscordKeys(token=SecretStr(self.discord.token), api=self.discord.api)
        return Configuration(home=self.home, discord=keys)

    def adapter(self, bot: Bot) -> Platform:
        from bot.platforms.discord import Discord

        return Discord(bot)

    async def ready(self) -> None:
        await self.discord.ready()
        await self.discord.until(lambda: bool(self.discord.application.commands))

    async def attentive(self) -> None:
        """The connection is made anew for it."""
        gateway = self.discord.gateway
        await self.discord.until(
            lambda: gateway.complete() and all(each.intents & MESSAGE_CONTENT for each in gateway.sessions.values())
        )

    async def says(self, person: str, line: str) -> None:
        who = self.people[person]
        if not is_command(line):
            await who.say(self.channel, line)
            return
        command, arguments = parse(line.translate(HIDDEN), COMMANDS)
        kinds = {parameter.name: parameter.kind for parameter in command.parameters}
        options = {name: _option(kinds[name], value) for name, value in arguments.items()}
        if [parameter.rest and parameter.required for parameter in command.parameters] == [True]:
            opened = await who.slash(self.channel, command.path)
            await opened.acknowledged()
            (field,) = opened.modal.fields
            await who.submit(opened.modal, {field.custom_id: options[command.parameters[0].name]})
        else:
            await who.slash(self.channel, command.path, anyway=True, **options)

    async def replies(self, person: str, seen: Seen, line: str) -> None:
        await self.people[person].say(self.channel, line, reply_to=seen.handle)

    async def pressed(self, person: str, seen: Seen, label: str) -> str:
        action = self._actions[seen.handle.id, label]
        answer = await (await self.people[person].press(seen.handle, action)).answered()
        assert answer.private_for is self.people[person]
        return plain(answer.content)

    async def messages(self, person: str = ADA) -> list[Seen]:
        everything = [*self.channel.messages, *self.people[person].private(self.channel)]
        ours = [message for message in everything if message.author == self.discord.bot]
        return [self._seen(message) for message in sorted(ours, key=lambda message: message.id)]

    def action(self, seen: Seen, label: str) -> str:
        """What a button sends."""
        return self._actions[seen.handle.id, label]

    def id_of(self, person: str) -> str:
        """What Discord calls somebody."""
        return str(self.people[person].id)

    @property
    def place(self) -> str:
        """What storage calls the channel."""
        return f"discord:{self.channel.id}"

    async def lose_connection(self) -> None:
        await self.discord.drop()

    def faults(self) -> list[Any]:
        return self.discord.faults

    def _seen(self, message: Message) -> Seen:
        self._actions |= {(message.id, button.label): button.custom_id for button in message.buttons}
        files = tuple((file.name, file.data) for file in message.attachments)
        labels = tuple(button.label for button in message.buttons)
        return Seen(plain(message.content), labels, files, message.private_for is not None, message)


def plain(content: str) -> str:
    """Markdown as it is read once nothing in it means anything."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", content)


def _option(kind: Kind, value: Any) -> Any:
    """A value as Discord's client sends it: what none of its numbers holds is typed as text."""
    from bot.platforms.discord.declaring import STRING, typed_as

    return kind.show(value).translate(SHOWN) if typed_as(kind) == STRING else value
