"""A small bot on the real discord.py, and the stand-in that it is connected to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fakes.discord import Channel, DiscordServer, Guild, User
from tests.patience import PATIENCE


class Form(discord.ui.Modal, title="Write the next word"):
    """A modal of one line."""

    word: discord.ui.TextInput[Form] = discord.ui.TextInput(label="Word", custom_id="word", max_length=20)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"You wrote {self.word.value}", ephemeral=True)


class Ballot(discord.ui.View):
    """Two buttons: one is counted in the message, one opens the form."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.votes = 0

    @discord.ui.button(label="the · 42 %", custom_id="v:1")
    async def vote(self, interaction: discord.Interaction, button: discord.ui.Button[Ballot]) -> None:
        self.votes += 1
        await interaction.response.edit_message(content=f"{self.votes} votes")

    @discord.ui.button(label="Write", custom_id="w:1")
    async def write(self, interaction: discord.Interaction, button: discord.ui.Button[Ballot]) -> None:
        await interaction.response.send_modal(Form())


class Bot(discord.AutoShardedClient):
    """Commands that use each way of answering."""

    def __init__(self, **options: Any) -> None:
        intents = options.pop("intents", discord.Intents(guilds=True, guild_messages=True, dm_messages=True))
        mentions = options.pop("allowed_mentions", discord.AllowedMentions.none())
        super().__init__(
            intents=intents, allowed_mentions=mentions, guild_ready_timeout=0.01, enable_debug_events=True, **options
        )
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.events: list[str] = []
        self.running: asyncio.Task[None] | None = None
        add_commands(self.tree)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """The stand-in takes 16 identifies at once; the library would wait 5 s before each but the first."""

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def on_socket_event_type(self, event: str) -> None:
        self.events.append(event)

    async def begin(self, server: DiscordServer) -> None:
        """Logs in, connects, and returns when it is ready."""
        await self.login(server.token)
        self.running = asyncio.create_task(self.connect())
        await server.ready()
        await self.wait_until_ready()

    async def end(self) -> None:
        """Closes, whatever state it is in."""
        await self.close()
        if self.running is not None:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)


def add_commands(tree: app_commands.CommandTree[Bot]) -> None:
    """`say`, `read`, `story start`, `manage`, and the menu «Continue this»."""
    story = app_commands.Group(name="story", description="A story that a channel writes")

    @story.command(name="start", description="Starts a story")
    @app_commands.choices(unit=[app_commands.Choice(name=unit, value=unit) for unit in ("word", "token")])
    async def start(
        interaction: discord.Interaction,
        text: str,
        seconds: app_commands.Range[int, 5, 600] = 60,
        unit: str = "word",
    ) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"{text} ({unit}, {seconds} s)", view=Ballot())

    @tree.command(name="say", description="Says something")
    async def say(interaction: discord.Interaction, text: str, model: str = "tiny") -> None:
        await interaction.response.send_message(text, ephemeral=True)
        await interaction.followup.send(f"{model}: {text}")

    @tree.command(name="read", description="Says what is in a file")
    async def read(interaction: discord.Interaction, file: discord.Attachment) -> None:
        await interaction.response.send_message((await file.read()).decode())

    @say.autocomplete("model")
    async def models(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        names = [name for name in ("tiny", "gpt2") if name.startswith(current)]
        return [app_commands.Choice(name=name, value=name) for name in names]

    @tree.command(name="manage", description="For admins")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def manage(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("managed")

    @tree.context_menu(name="Continue this")
    async def go_on(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{message.content} and so on")

    tree.add_command(story)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    """A stand-in that discord.py is pointed at; it must not have found fault with anything at the end."""
    async with DiscordServer() as server:
        point(monkeypatch, server)
        yield server
        assert server.faults == []


def point(monkeypatch: pytest.MonkeyPatch, server: DiscordServer) -> None:
    """Lets discord.py connect to this server."""
    monkeypatch.setattr(Route, "BASE", server.api)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))


@pytest.fixture
def guild(server: DiscordServer) -> Guild:
    """A guild with two channels."""
    return server.guild("Writers", channels=["lobby", "stories"], preferred_locale="de")


@pytest.fixture
def lobby(guild: Guild) -> Channel:
    """A channel of that guild."""
    return guild["lobby"]


@pytest.fixture
def ada(server: DiscordServer) -> User:
    """Somebody who speaks German."""
    return server.user("Ada", locale="de")


@pytest.fixture
async def bot(server: DiscordServer, guild: Guild) -> AsyncIterator[Bot]:
    """The bot, connected and ready."""
    bot = Bot()
    await bot.begin(server)
    yield bot
    await bot.end()


async def until(condition: Callable[[], object]) -> None:
    """Returns when the bot has come to know something."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # discord.py's caches tell nobody of a change
            await asyncio.sleep(0.005)
