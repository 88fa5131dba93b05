"""Interactions: commands, their completion, presses and forms."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import discord
import structlog

from bot.commands.declaration import Command
from bot.conversation import MayNotWrite, Message, Person, Place
from bot.languages import translator
from bot.platforms.discord import reading
from bot.platforms.discord.asked import PREFIX, Asked
from bot.platforms.discord.body import Form, Json, bodies, entered, pressed
from bot.platforms.discord.connection import Connection
from bot.platforms.discord.continuing import continuation
from bot.platforms.discord.dealing import Dealing
from bot.platforms.discord.declaring import MESSAGE_MENU, asks_for_text
from bot.platforms.discord.errors import NotOnThisServer
from bot.platforms.discord.heard import HeardCommand
from bot.platforms.discord.people import asking, lacking, place_of
from bot.platforms.discord.wire import CHOICES, MESSAGE, MODAL
from generators.errors import UserError
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.app import Bot

SUGGESTIONS: Final = 25  # Discord API v10, interaction callback
SUGGESTION: Final = 100  # characters of each
COMMAND: Final = "/"  # begins the name of a form that a command opened

Interaction: TypeAlias = discord.Interaction[discord.AutoShardedClient]

log = structlog.get_logger(__name__)


class Interactions:
    """Answers what people do with the bot's commands and buttons."""

    def __init__(self, bot: Bot, dealing: Dealing, connection: Connection) -> None:
        self._bot = bot
        self._dealing = dealing
        self._connection = connection
        self._allowed = bot.configuration.discord.guilds

    async def deal(self, interaction: Interaction) -> None:
        """Answers one; what a person did wrong is one private sentence, and changes nothing."""
        person = asking(interaction)
        try:
            self._demand_server(interaction)
            match interaction.type:
                case discord.InteractionType.autocomplete:
                    await self._suggest(interaction)
                case discord.InteractionType.application_command:
                    await self._command(interaction, person)
                case discord.InteractionType.component:
                    await self._press(interaction, person)
                case discord.InteractionType.modal_submit:
                    await self._form(interaction, person)
        except (UserError, StorageError) as fault:
            if interaction.type is discord.InteractionType.autocomplete:  # which can say nothing but values
                await self._offer(interaction, [])
                return
            await self._tell(interaction, fault.sentence(translator(person.language)))
        except discord.HTTPException as fault:  # too late, most likely: the person is told by Discord
            log.warning("an interaction was not answered", reason=str(fault))

    def _demand_server(self, interaction: Interaction) -> None:
        guild = interaction.guild_id
        if guild is not None and self._allowed is not None and str(guild) not in self._allowed:
            raise NotOnThisServer(str(guild))

    async def _suggest(self, interaction: Interaction) -> None:
        """Offers values of the option that somebody is typing."""
        path, options = reading.named(_data(interaction))
        typed = next((option for option in options if option.get("focused")), None)
        command = self._dealing.commands.get(path)
        parameter = None if command is None or typed is None else command.parameter(typed["name"])
        offered: list[str] = []
        if parameter is not None and typed is not None and parameter.kind.suggest is not None:
            offered = await parameter.kind.suggest.offer(self._bot, self._place(interaction), str(typed["value"]))
        fitting = [value for value in offered if 0 < len(value) <= SUGGESTION][:SUGGESTIONS]
        await self._offer(interaction, fitting)

    async def _offer(self, interaction: Interaction, values: list[str]) -> None:
        await self._respond(interaction, CHOICES, {"choices": [{"name": value, "value": value} for value in values]})

    async def _command(self, interaction: Interaction, person: Person) -> None:
        data, place = _data(interaction), self._place(interaction)
        self._demand_voice(interaction, place)
        if data.get("type") == MESSAGE_MENU:
            target = data["resolved"]["messages"][str(data["target_id"])]
            path, given = await continuation(self._bot, place, target, self._connection.me)
            file = None
        else:
            path, options = reading.named(data)
            given, file = reading.texts(options), reading.file(data, options)
        command = self._dealing.commands.get(path)
        if command is not None and asks_for_text(command):
            await self._respond(interaction, MODAL, self._form_of(command, person).json)
        else:
            await self._take(interaction, HeardCommand(person, place, path, given, _reference(interaction), file))

    async def _take(self, interaction: Interaction, heard: HeardCommand) -> None:
        """Stores a command and carries it out; meanwhile Discord is told that it is in hand."""
        began = time.monotonic()
        self._dealing.command_of(heard)  # what is wrong with it is told at once
        item = await self._dealing.store(interaction.id, heard)
        if item is None:
            return
        asked = self._dealing.asked(item, heard, interaction.id, interaction.token)
        deferring = asyncio.create_task(asked.defer_in_time(time.monotonic() - began))
        try:
            await self._dealing.command(item, heard, asked)
        finally:
            deferring.cancel()

    async def _press(self, interaction: Interaction, person: Person) -> None:
        """Counts a press, or opens the form that its button asks for."""
        action, asks = pressed(str(_data(interaction)["custom_id"]))
        if asks:
            await self._respond(interaction, MODAL, Form(action, asks, asks).json)
            return
        await self._pressed(interaction, person, action)

    async def _pressed(self, interaction: Interaction, person: Person, action: str, text: str = "") -> None:
        """Has the bot do what a button says; a line that the model has to score may take longer than Discord waits."""
        asked = Asked(self._connection.wire, interaction.id, interaction.token, answered=lambda: None)
        deferring = asyncio.create_task(asked.defer_in_time(0.0, private=True))
        try:
            notice = await self._bot.press(action, person=person, place=self._place(interaction), text=text)
            await asked.say(bodies(Message(notice.text))[0], private=True)
        finally:
            deferring.cancel()

    async def _form(self, interaction: Interaction, person: Person) -> None:
        """Takes what was written in a form: a button's line, or a command's text."""
        data, place = _data(interaction), self._place(interaction)
        name, text = str(data["custom_id"]), entered(data)
        if not name.startswith(COMMAND):
            await self._pressed(interaction, person, name, text)
            return
        self._demand_voice(interaction, place)
        path = name.removeprefix(COMMAND)
        command = self._dealing.commands.get(path)
        given = {} if command is None or command.rest is None else {command.rest.name: text}
        await self._take(interaction, HeardCommand(person, place, path, given, _reference(interaction)))

    def _form_of(self, command: Command, person: Person) -> Form:
        translate, text = translator(person.language), command.parameters[0]
        longest = text.kind.rest or 0
        name, label = translate(command.description), translate(text.description)
        return Form(COMMAND + command.path, name, label[:1].upper() + label[1:], longest, tall=True)

    def _place(self, interaction: Interaction) -> Place:
        return place_of(interaction.channel or discord.Object(_channel(interaction)), interaction.guild_id)

    def _demand_voice(self, interaction: Interaction, place: Place) -> None:
        """A command in a channel where the bot may not speak does nothing.

        Raises:
            MayNotWrite: it may not.
        """
        if place.guild is not None:
            needs = lacking(interaction.app_permissions, thread=place.channel is not None)
            if needs:
                raise MayNotWrite(needs)

    async def _tell(self, interaction: Interaction, sentence: str) -> None:
        await self._respond(interaction, MESSAGE, bodies(Message(sentence))[0].private)

    async def _respond(self, interaction: Interaction, kind: int, told: Any) -> None:
        await self._connection.wire().respond(interaction.id, interaction.token, kind, told)


def _data(interaction: Interaction) -> Json:
    return dict(interaction.data or {})


def _reference(interaction: Interaction) -> str:
    return f"{PREFIX}{interaction.id}:{interaction.token}"


def _channel(interaction: Interaction) -> int:
    return interaction.channel_id or 0
