"""The stand-in's own answers, held against Discord's published document."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from discord.http import Route

from tests.fakes.discord import Channel, DiscordServer, Guild, User
from tests.fakes.discord.conftest import Bot
from tests.fakes.discord.limits.command import LOCALES
from tests.fakes.discord.schema import DOCUMENT, published
from tests.fakes.discord.test_limits import SILENT, button, command, row

READ: Final = (
    "/gateway/bot",
    "/users/@me",
    "/users/@me/guilds",
    "/users/{user_id}",
    "/applications/@me",
    "/oauth2/applications/@me",
    "/applications/{application_id}/commands",
    "/guilds/{guild_id}",
    "/guilds/{guild_id}/channels",
    "/guilds/{guild_id}/roles",
    "/guilds/{guild_id}/members/{user_id}",
    "/guilds/{guild_id}/threads/active",
    "/channels/{channel_id}/threads/archived/public",
    "/channels/{channel_id}",
    "/channels/{channel_id}/messages",
    "/channels/{channel_id}/messages/{message_id}",
)
WRITTEN: Final[dict[tuple[str, str], Any]] = {
    ("POST", "/users/@me/channels"): {},
    ("POST", "/applications/{application_id}/commands"): command(name="new"),
    ("PUT", "/applications/{application_id}/guilds/{guild_id}/commands"): [command()],
    ("POST", "/channels/{channel_id}/messages"): {"embeds": [{"title": "x"}], "components": [row(button())], **SILENT},
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): {"content": "changed", **SILENT},
    ("POST", "/channels/{channel_id}/threads"): {"name": "Story", "type": 11},
    ("POST", "/channels/{channel_id}/messages/{message_id}/threads"): {"name": "Story"},
}


@pytest.fixture
async def ids(bot: Bot, server: DiscordServer, guild: Guild, lobby: Channel, ada: User) -> dict[str, int]:
    """What the paths name, in a world where something has happened."""
    interaction = await ada.slash(lobby, "story start", text="Once")
    await interaction.answered()
    said = await ada.say(lobby, f"{server.bot.mention} hello", reply_to=interaction.original)
    sent = server.desk.post(lobby, {"content": "an answer", **SILENT}, [], reply_to=said.id)
    lobby.thread("Talk")
    lobby.thread("What was said").archive()
    return {
        "application_id": server.application.id,
        "guild_id": guild.id,
        "channel_id": lobby.id,
        "user_id": ada.id,
        "message_id": sent.id,
    }


@pytest.mark.parametrize("template", READ)
async def test_what_is_read(bot: Bot, ids: dict[str, int], template: str) -> None:
    """What the stand-in tells has every field that the document promises."""
    answer = await bot.http.request(Route("GET", template, **ids))

    assert flaws("GET", template, answer) == []


@pytest.mark.parametrize(("method", "template"), WRITTEN)
async def test_what_is_written(bot: Bot, ids: dict[str, int], method: str, template: str) -> None:
    """What was made or changed is told as the document promises."""
    body = WRITTEN[method, template]
    if template == "/users/@me/channels":
        body = {"recipient_id": str(ids["user_id"])}

    answer = await bot.http.request(Route(method, template, **ids), json=body)

    assert flaws(method, template, answer) == []


def flaws(method: str, template: str, answer: Any) -> list[str]:
    """What the document finds wrong with an answer; skips where it is not at hand."""
    document = published()
    if document is None:
        pytest.skip("Discord's OpenAPI document is not at hand")
    return document.flaws(method, template, answer)


def test_locales() -> None:
    """The languages are those of the document."""
    if not DOCUMENT.is_file():
        pytest.skip("Discord's OpenAPI document is not at hand")

    schemas = json.loads(DOCUMENT.read_text("utf-8"))["components"]["schemas"]

    assert {each["const"] for each in schemas["AvailableLocalesEnum"]["oneOf"]} == LOCALES
