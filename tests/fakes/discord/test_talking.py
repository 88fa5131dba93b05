"""What people and the real discord.py say to each other over the stand-in."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from discord.http import Route

from tests.fakes.discord import Channel, CommandNotOffered, DiscordServer, Guild, Message, Upload, User
from tests.fakes.discord.conftest import Bot, until


async def test_login(server: DiscordServer, bot: Bot, guild: Guild) -> None:
    """The bot logs in, registers its commands, and sees its guilds with their channels."""
    assert bot.user is not None
    assert bot.user.id == server.bot.id
    assert {command["name"] for command in server.application.commands} == {
        "story",
        "say",
        "read",
        "manage",
        "Continue this",
    }
    assert server.application.creations[0] == 5
    seen = bot.get_guild(guild.id)
    assert seen is not None
    assert [channel.name for channel in seen.text_channels] == ["lobby", "stories"]


async def test_deferred_answer(bot: Bot, lobby: Channel, ada: User) -> None:
    """A command that is deferred and then edited stands in the channel, with its buttons."""
    interaction = await ada.slash(lobby, "story start", text="Once", seconds=10)

    message = await interaction.answered()

    assert message.content == "Once (word, 10 s)"
    assert [button.label for button in message.buttons] == ["the · 42 %", "Write"]
    assert interaction.kind == 5
    assert interaction.latency is not None
    assert lobby.messages == [message]


async def test_press(bot: Bot, lobby: Channel, ada: User) -> None:
    """A press updates the message that the button stands in."""
    ballot = await (await ada.slash(lobby, "story start", text="Once")).answered()

    press = await ada.press(ballot, "v:1")

    assert await press.answered() is ballot
    assert ballot.content == "1 votes"
    assert ballot.versions[-2:] == ["Once (word, 60 s)", "1 votes"]


async def test_modal(bot: Bot, lobby: Channel, ada: User) -> None:
    """A button opens a form, and what is sent in it is answered to that person only."""
    ballot = await (await ada.slash(lobby, "story start", text="Once")).answered()
    press = await (await ada.press(ballot, "Write")).acknowledged()

    sent = await ada.submit(press.modal, {"Word": "dragon"})

    answer = await sent.answered()
    assert answer.content == "You wrote dragon"
    assert ada.private(lobby) == [answer]
    assert answer not in lobby.messages


async def test_private_answer_and_followup(bot: Bot, lobby: Channel, ada: User) -> None:
    """A private answer is seen by its person, a public followup by everybody."""
    interaction = await ada.slash(lobby, "say", text="hello")

    await lobby.until("tiny: hello")

    assert [message.content for message in ada.private(lobby)] == ["hello"]
    assert [message.content for message in interaction.followups] == ["tiny: hello"]


async def test_autocompletion(bot: Bot, lobby: Channel, ada: User) -> None:
    """Suggestions come for what has been typed so far."""
    choices = await ada.autocomplete(lobby, "say", focused="model", model="g")

    assert [choice.value for choice in choices] == ["gpt2"]


async def test_context_menu(bot: Bot, lobby: Channel, ada: User) -> None:
    """A menu's command is given the whole message, also without the message-content intent."""
    said = await ada.say(lobby, "It was a dark night")

    interaction = await ada.context_menu(lobby, "Continue this", said)

    assert (await interaction.answered()).content == "It was a dark night and so on"


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("story", {}),
        ("story stop", {}),
        ("story start", {}),
        ("story start", {"text": "Once", "seconds": 4}),
        ("story start", {"text": "Once", "unit": "sentence"}),
        ("story start", {"text": "Once", "sekonds": 9}),
        ("story start", {"text": 1}),
        ("manage", {}),
        ("dance", {}),
    ],
)
async def test_what_a_client_refuses(
    bot: Bot, lobby: Channel, ada: User, command: str, options: dict[str, Any]
) -> None:
    """A client sends only what is registered, with the options that it declares, to whom it is shown."""
    with pytest.raises(CommandNotOffered):
        await ada.slash(lobby, command, **options)


async def test_admins(bot: Bot, server: DiscordServer, guild: Guild, lobby: Channel) -> None:
    """A command with default permissions is offered to those who hold them, in guilds only when it says so."""
    eve = guild.member(server.user("Eve"), "manage_guild")

    interaction = await eve.slash(lobby, "manage")

    assert (await interaction.answered()).content == "managed"
    with pytest.raises(CommandNotOffered):
        await eve.slash(server.dm(eve), "manage")


async def test_content_of_messages(bot: Bot, server: DiscordServer, lobby: Channel, ada: User) -> None:
    """Without the message-content intent the bot reads mentions, replies that ping, and direct messages only."""
    first = await lobby_message(bot, lobby, "hello")

    await ada.say(lobby, "to nobody")
    await ada.say(lobby, f"{server.bot.mention} to the bot")
    await ada.say(lobby, "a reply", reply_to=first)
    await ada.say(lobby, "a silent reply", reply_to=first, ping=False)
    await ada.say(server.dm(ada), "between us")

    await until(lambda: len(bot.heard) == 6)
    heard = [message.content for message in bot.heard]
    assert heard == ["hello", "", f"{server.bot.mention} to the bot", "a reply", "", "between us"]


async def test_files(bot: Bot, server: DiscordServer, lobby: Channel, ada: User) -> None:
    """Files go both ways, byte for byte."""
    place = bot.get_partial_messageable(lobby.id)
    await place.send(file=discord.File(__file__, filename="story.md"))
    await ada.say(server.dm(ada), "", files=[Upload("log.json", b"[1, 2]")])

    sent = await lobby.until(lambda message: message.attachments)
    await until(lambda: len(bot.heard) == 2)

    with open(__file__, "rb") as own:  # noqa: ASYNC230, PTH123
        assert sent.attachments[0].data == own.read()
    assert await bot.heard[1].attachments[0].read() == b"[1, 2]"


async def test_file_of_a_command(bot: Bot, lobby: Channel, ada: User) -> None:
    """A command is given a file, which nobody else sees, and a client offers to choose one and nothing else."""
    interaction = await ada.slash(lobby, "read", file=Upload("tales.txt", b"a lamp"))

    assert (await interaction.answered()).content == "a lamp"
    with pytest.raises(CommandNotOffered):
        await ada.slash(lobby, "read")
    with pytest.raises(CommandNotOffered):
        await ada.slash(lobby, "read", file="tales.txt")


async def test_files_expire(bot: Bot, server: DiscordServer, lobby: Channel, ada: User) -> None:
    """The address of a file is good for a day, and a download can fail before that."""
    said = await ada.say(server.dm(ada), "", files=[Upload("log.txt", b"x")])
    await until(lambda: bot.heard)
    file = bot.heard[0].attachments[0]

    server.fail_next("GET", "/attachments/*/*", status=503)
    with pytest.raises(discord.HTTPException) as failed:
        await file.read()
    server.advance(86_401)
    with pytest.raises(discord.NotFound):
        await file.read()

    assert failed.value.status == 503
    assert [request.status for request in server.requests_to("GET", "/attachments/*/*")] == [503, 404]
    assert said.attachments[0].data == b"x"


async def test_threads(bot: Bot, server: DiscordServer, guild: Guild, lobby: Channel) -> None:
    """Threads are opened by both sides, archived, and gone with their channel."""
    message = await lobby_message(bot, lobby, "A story")
    seen = bot.get_guild(guild.id)
    assert seen is not None
    own = await (await seen.text_channels[0].fetch_message(message.id)).create_thread(name="Story")
    other = lobby.thread("Talk")
    await until(lambda: {thread.name for thread in seen.threads} == {"Story", "Talk"})

    await own.send("inside")
    other.archive()
    lobby.delete()

    await until(lambda: not seen.threads and len(seen.text_channels) == 1)
    assert own.id not in server.channels


async def test_guild_leaves(bot: Bot, guild: Guild) -> None:
    """A guild that removes the bot is gone for it, one with an outage comes back."""
    guild.outage()
    await until(lambda: bot.get_guild(guild.id) is not None and bot.get_guild(guild.id).unavailable)
    guild.recover()
    await until(lambda: bot.get_guild(guild.id) is not None and not bot.get_guild(guild.id).unavailable)

    guild.remove()

    await until(lambda: bot.get_guild(guild.id) is None)


async def test_nonce(bot: Bot, lobby: Channel) -> None:
    """A message with a nonce is posted once, however often it is sent."""
    place = bot.get_partial_messageable(lobby.id)

    first = await place.send("Round 1", nonce="round-1")
    second = await place.send("Round 1", nonce="round-1")

    assert first.id == second.id
    assert len(lobby.messages) == 1


async def lobby_message(bot: Bot, lobby: Channel, text: str) -> Message:
    """A message of the bot, as people see it."""
    await bot.get_partial_messageable(lobby.id).send(text)
    return await lobby.until(text)


async def test_archived_threads(server: DiscordServer, bot: Bot, lobby: Channel, ada: User) -> None:
    """Closed threads are told by when they were closed, the last first, and those before a moment on request."""
    threads = [lobby.thread(name) for name in ("one", "two", "three")]
    for thread in threads:
        server.advance(60)
        thread.archive()

    newest = await bot.http.get_public_archived_threads(lobby.id, limit=2)
    before = newest["threads"][-1]["thread_metadata"]["archive_timestamp"]
    route = Route("GET", "/channels/{channel_id}/threads/archived/public", channel_id=lobby.id)
    rest: Any = await bot.http.request(route, params={"before": before, "limit": 2})

    assert [thread["name"] for thread in newest["threads"]] == ["three", "two"]
    assert newest["has_more"] is True
    assert ([thread["name"] for thread in rest["threads"]], rest["has_more"]) == (["one"], False)


async def test_what_was_said(server: DiscordServer, bot: Bot, lobby: Channel, ada: User) -> None:
    """The history comes a hundred messages at a time, without their text where that intent is not switched on."""
    said = [await ada.say(lobby, f"line {number}") for number in range(150)]

    page = await bot.http.logs_from(lobby.id, 100, after=said[9].id)

    assert [int(message["id"]) for message in page] == [message.id for message in reversed(said[10:110])]
    assert {message["content"] for message in page} == {""}


async def test_many_deleted(server: DiscordServer, bot: Bot, guild: Guild, lobby: Channel, ada: User) -> None:
    """Messages that a moderator deletes at once are told of in one event."""
    guild.member(ada, "manage_messages")
    said = [await ada.say(lobby, f"line {number}") for number in range(3)]

    await ada.delete_many(said[:2])

    await until(lambda: "MESSAGE_DELETE_BULK" in bot.events)
    assert lobby.messages == [said[2]]
