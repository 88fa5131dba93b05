"""Everything that Discord refuses, the stand-in refuses with the same status and code, and notes."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from discord.http import Route

from tests.fakes.discord import Channel, DiscordServer, Guild, User
from tests.fakes.discord.conftest import Bot
from tests.fakes.discord.faults import Refusal
from tests.fakes.discord.test_limits import SILENT, button, command, row


async def send(bot: Bot, channel: Channel, **body: Any) -> Any:
    """A message past all checks of the library."""
    route = Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)
    return await bot.http.request(route, json=body)


async def test_refusal_over_http(bot: Bot, server: DiscordServer, lobby: Channel) -> None:
    """A message of 2001 characters is a 400 with code 50035 and a fault, and nothing is posted."""
    with pytest.raises(discord.HTTPException) as refused:
        await send(bot, lobby, content="x" * 2001, **SILENT)

    assert (refused.value.status, refused.value.code) == (400, 50035)
    assert lobby.messages == []
    server.expected(400, 50035, "content")


async def test_empty_message(bot: Bot, server: DiscordServer, lobby: Channel) -> None:
    """A message with nothing but white space in it is a 400 with code 50006."""
    with pytest.raises(discord.HTTPException) as refused:
        await send(bot, lobby, content=" \n", **SILENT)

    assert refused.value.code == 50006
    server.expected(400, 50006)


async def test_half_a_character(bot: Bot, server: DiscordServer, lobby: Channel) -> None:
    """A lone surrogate is no JSON to Discord; a whole emoji is, escaped or not."""
    await send(bot, lobby, content="\U0001f600", **SILENT)

    with pytest.raises(discord.HTTPException) as refused:
        await send(bot, lobby, content="\ud83d", **SILENT)

    assert refused.value.code == 50109
    assert [message.content for message in lobby.messages] == ["\U0001f600"]
    server.expected(400, 50109)


async def test_ping_over_http(bot: Bot, server: DiscordServer, lobby: Channel) -> None:
    """A message that pings is posted, as on Discord, and is a fault."""
    await send(bot, lobby, content="hello @everyone")

    assert [message.content for message in lobby.messages] == ["hello @everyone"]
    server.expected(200, why="@everyone")


async def test_published_document(bot: Bot, server: DiscordServer, lobby: Channel) -> None:
    """A body that the published document does not allow is refused, however deep the flaw stands."""
    if not server.schema_checked:
        pytest.skip("Discord's OpenAPI document is not at hand, so that requests are checked against the limits only")

    with pytest.raises(discord.HTTPException) as refused:
        await send(bot, lobby, content="x", components=[row(button(style=99))], **SILENT)

    assert refused.value.code == 50035
    server.expected(400, 50035, "components.0.components.0.style")


async def test_unknown_route(bot: Bot, server: DiscordServer) -> None:
    """A path that the stand-in does not have is a 404 and a fault."""
    with pytest.raises(discord.NotFound):
        await bot.http.request(Route("GET", "/stickers/1"))

    server.expected(404)


async def test_permissions(bot: Bot, server: DiscordServer, guild: Guild) -> None:
    """Where the bot may not write, see, embed or attach, it is refused with 403."""
    silent, hidden = guild.channel("silent", deny=["send_messages"]), guild.channel("hidden", deny=["view_channel"])
    plain = guild.channel("plain", deny=["embed_links"])

    for channel, code in ((silent, 50013), (hidden, 50001), (plain, 50013)):
        with pytest.raises(discord.Forbidden) as refused:
            await send(bot, channel, content="x", embeds=[{"title": "x"}], **SILENT)
        assert refused.value.code == code

    assert len(server.expected(403)) == server.invalid_requests == 3


async def test_deleted_message(bot: Bot, server: DiscordServer, guild: Guild, lobby: Channel) -> None:
    """A change of a deleted message is a 404 with code 10008."""
    moderator = guild.member(server.user("Eve"), "manage_messages")
    sent = await bot.get_partial_messageable(lobby.id).send("Once")
    await moderator.delete(server.message(sent.id))

    with pytest.raises(discord.NotFound) as refused:
        await sent.edit(content="Twice")

    assert refused.value.code == 10008
    server.expected(404, 10008)


async def test_other_peoples_message(bot: Bot, server: DiscordServer, lobby: Channel, ada: User) -> None:
    """A message of somebody else cannot be changed."""
    said = await ada.say(lobby, "mine")

    with pytest.raises(discord.Forbidden) as refused:
        await bot.get_partial_messageable(lobby.id).get_partial_message(said.id).edit(content="yours")

    assert refused.value.code == 50005
    server.expected(403, 50005)


class Slow(Bot):
    """A bot that leaves every interaction to the test."""

    async def setup_hook(self) -> None:
        self.taken: asyncio.Queue[discord.Interaction] = asyncio.Queue()
        await self.tree.sync()
        self.tree.interaction_check = self.keep

    async def keep(self, interaction: discord.Interaction) -> bool:
        """Nothing else happens to it."""
        self.taken.put_nowait(interaction)
        return False


async def test_late_and_second_answers(server: DiscordServer, lobby: Channel, ada: User) -> None:
    """An answer after 3 s is a 404 with code 10062, a second one a 400 with code 40060."""
    bot = Slow()
    await bot.begin(server)
    await ada.slash(lobby, "say", text="late")
    late = await bot.taken.get()
    server.advance(3.1)

    with pytest.raises(discord.NotFound) as unknown:
        await late.response.defer()
    await ada.slash(lobby, "say", text="twice")
    twice = await bot.taken.get()
    await twice.response.defer()
    twice.response._response_type = None
    with pytest.raises(discord.HTTPException) as again:
        await twice.response.defer()

    assert (unknown.value.status, unknown.value.code) == (404, 10062)
    assert (again.value.status, again.value.code) == (400, 40060)
    server.expected(404, 10062)
    server.expected(400, 40060)
    await bot.end()


async def test_old_token(server: DiscordServer, lobby: Channel, ada: User) -> None:
    """An interaction's token opens its webhook for 15 minutes."""
    bot = Slow()
    await bot.begin(server)
    await ada.slash(lobby, "say", text="slow")
    interaction = await bot.taken.get()
    await interaction.response.defer()
    server.advance(901)

    with pytest.raises(discord.HTTPException) as refused:
        await interaction.edit_original_response(content="done")

    assert (refused.value.status, refused.value.code) == (401, 50027)
    server.expected(401, 50027)
    await bot.end()


async def test_deferral_and_its_promise(server: DiscordServer, lobby: Channel, ada: User) -> None:
    """The first followup after a private deferral is what it promised: private, whatever the followup says."""
    bot = Slow()
    await bot.begin(server)
    act = await ada.slash(lobby, "say", text="x")
    interaction = await bot.taken.get()
    await interaction.response.defer(ephemeral=True)

    await interaction.followup.send("for you")
    await interaction.followup.send("for all")

    assert (await act.answered()).content == "for you"
    assert [message.content for message in ada.private(lobby)] == ["for you"]
    assert [message.content for message in lobby.messages] == ["for all"]
    await bot.end()


async def flood(bot: Bot, server: DiscordServer, method: str, path: str, count: int) -> list[int]:
    """The statuses of so many requests at once, past the library's own pacing."""
    headers = {"Authorization": f"Bot {server.token}"}
    session = bot.http._HTTPClient__session

    async def one() -> int:
        async with session.request(method, server.api + path, json={"content": "x", **SILENT}, headers=headers) as got:
            return int(got.status)

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def test_bucket(bot: Bot, server: DiscordServer, lobby: Channel) -> None:
    """A sixth message in a channel within 5 s is a 429, and a fault; afterwards there is room again."""
    statuses = await flood(bot, server, "POST", f"/channels/{lobby.id}/messages", 6)
    server.advance(5)
    later = await flood(bot, server, "POST", f"/channels/{lobby.id}/messages", 1)

    assert sorted(statuses) == [200] * 5 + [429]
    assert later == [200]
    server.expected(429)


async def test_global_rate(bot: Bot, server: DiscordServer) -> None:
    """Over 50 requests in a second are a global 429."""
    server.advance(1)
    answers = await asyncio.gather(*(flood(bot, server, "GET", "/users/@me", 10) for _ in range(6)))

    statuses = [status for group in answers for status in group]
    assert statuses.count(429) == 10
    server.expected(429)


async def test_daily_commands(bot: Bot, server: DiscordServer, guild: Guild) -> None:
    """More than 200 new commands a day in a guild are refused."""
    guild_id = guild.id
    for day in range(2):
        server.application.overwrite(guild_id, [command(name=f"d{day}c{number}") for number in range(100)])

    with pytest.raises(Refusal) as refused:
        server.application.overwrite(guild_id, [command(name="one-more")])

    assert refused.value.code == 30034


async def test_commands_keep_their_ids(bot: Bot, server: DiscordServer) -> None:
    """Registering the same commands again creates nothing."""
    before = [registered["id"] for registered in server.application.commands]

    await bot.tree.sync()

    assert [registered["id"] for registered in server.application.commands] == before
    assert server.application.creations[0] == len(before)
