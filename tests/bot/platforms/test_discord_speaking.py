"""Messages on Discord: posted once, changed, split, and refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.conversation import Attachment, Button, MayNotWrite, Message, NoThreads, Place
from bot.platforms.discord import Discord
from tests.bot.platforms.discording import Playing, playing

BALLOT = Message("Round 1", (Button("bees · 10 %", "v:1:1"), Button("clocks · 9 %", "v:1:2")))
PARAGRAPH = "A lighthouse kept bees. " * 70


@pytest.fixture
async def stage(home: Path) -> AsyncIterator[Playing]:
    """The bot, connected."""
    async with playing(home) as playing_:
        yield playing_


def here(stage: Playing) -> Place:
    """The stage's channel."""
    return Place("discord", str(stage.channel.id), guild=str(stage.guild.id))


def discord(stage: Playing) -> Discord:
    """The adapter."""
    adapter = stage.bot.outboxes["discord"].platform
    assert isinstance(adapter, Discord)
    return adapter


async def test_as_long_as_it_takes(stage: Playing) -> None:
    """A long text fills several messages, and grows and shrinks with its edits; buttons stay on the last."""
    place = here(stage)
    posted = await discord(stage).post(place, Message(PARAGRAPH + "\n\n" + PARAGRAPH, BALLOT.buttons))
    assert len(posted.split(",")) == 2
    assert [len(message.buttons) for message in stage.channel.messages] == [0, 2]

    longer = await discord(stage).edit(place, posted, Message("\n\n".join([PARAGRAPH] * 3), BALLOT.buttons))
    assert longer is not None
    assert [len(message.buttons) for message in stage.channel.messages] == [0, 0, 2]

    shorter = await discord(stage).edit(place, longer, BALLOT)
    assert shorter == posted.split(",")[0]
    assert [message.content for message in stage.channel.messages] == ["Round 1"]
    assert len(stage.channel.messages[0].buttons) == 2


async def test_only_what_changed(stage: Playing) -> None:
    """Parts of a long text that stay as they are are not sent again."""
    place = here(stage)
    posted = await discord(stage).post(place, Message(f"{PARAGRAPH}\n\n{PARAGRAPH}and then"))

    await discord(stage).edit(place, posted, Message(f"{PARAGRAPH}\n\n{PARAGRAPH}and then it rained"))

    assert [len(message.versions) for message in stage.channel.messages] == [1, 2]


async def test_a_ballot_is_posted_once(stage: Playing) -> None:
    """A ballot that was posted in the moment of a crash is found again instead of posted twice."""
    first = await discord(stage).post(here(stage), BALLOT)

    again = await discord(stage).post(here(stage), BALLOT)

    assert again == first
    assert len(stage.channel.messages) == 1


async def test_a_ballot_that_has_changed(stage: Playing) -> None:
    """A ballot that is posted again says what it is to say, also where it said something else meanwhile."""
    first = await discord(stage).post(here(stage), BALLOT)
    await discord(stage).edit(here(stage), first, Message("This ballot has moved."))

    again = await discord(stage).post(here(stage), BALLOT)

    assert again == first
    (shown,) = stage.channel.messages
    assert (shown.content, len(shown.buttons)) == ("Round 1", 2)


async def test_a_ballot_that_was_deleted(stage: Playing) -> None:
    """A ballot that somebody deleted is posted anew."""
    first = await discord(stage).post(here(stage), BALLOT)
    stage.guild.member(stage.ada, "manage_guild", "manage_messages")
    await stage.ada.delete(stage.channel.messages[0])
    await (await stage.ada.slash(stage.channel, "status")).answered()  # by now the bot has heard of it

    again = await discord(stage).post(here(stage), BALLOT)

    assert again != first
    assert [message.content for message in stage.channel.messages] == ["Round 1"]


async def test_two_alike(stage: Playing) -> None:
    """Two messages without buttons that say the same are two."""
    await discord(stage).post(here(stage), Message("yes"))

    await discord(stage).post(here(stage), Message("yes"))

    assert [message.content for message in stage.channel.messages] == ["yes", "yes"]


async def test_files(stage: Playing) -> None:
    """Pictures and exports go along as attachments."""
    message = Message("see", picture=b"png", attachments=(Attachment("story.md", "text/markdown", b"# Once"),))

    await discord(stage).post(here(stage), message)

    (shown,) = stage.channel.messages
    assert [(file.name, file.data) for file in shown.attachments] == [("picture.png", b"png"), ("story.md", b"# Once")]


async def test_reply_without_a_ping(stage: Playing) -> None:
    """An answer to a message refers to it, and pings nobody; that it may be gone is no fault."""
    said = await stage.ben.say(stage.channel, "hello")

    await discord(stage).post(here(stage), Message("hello @everyone"), reply_to=str(said.id))
    await stage.ben.delete(said)
    await discord(stage).post(here(stage), Message("are you there"), reply_to=str(said.id))

    assert [message.reply_to for message in stage.channel.messages] == [said.id, None]


async def test_gone(stage: Playing) -> None:
    """A message that somebody deleted cannot be changed any more, which is no fault."""
    posted = await discord(stage).post(here(stage), Message("hello"))
    stage.guild.member(stage.ada, "manage_messages")
    await stage.ada.delete(stage.channel.messages[0])

    changed = await discord(stage).edit(here(stage), posted, Message("hello again"))

    assert changed is None
    stage.discord.expected(404)


async def test_may_not_write(stage: Playing) -> None:
    """Where the bot may not write, it is said what it lacks."""
    stage.channel.deny("send_messages")

    with pytest.raises(MayNotWrite):
        await discord(stage).post(here(stage), Message("hello"))

    stage.discord.expected(403)


async def test_no_such_channel(stage: Playing) -> None:
    """In a channel that is gone nobody can write."""
    place = here(stage)
    stage.channel.delete()

    with pytest.raises(MayNotWrite):
        await discord(stage).post(place, Message("hello"))

    stage.discord.expected(404)


async def test_a_story_in_its_thread(stage: Playing) -> None:
    """`/story start thread=true` opens a thread, in which the story stands and the channel's settings hold."""
    await (await stage.ada.slash(stage.channel, "settings", name="candidates", value="3", scope="here")).answered()

    await stage.ada.slash(stage.channel, "story start", text="Once upon a *time*", thread=True)

    await stage.discord.until(lambda: stage.channel.threads)
    (thread,) = stage.channel.threads
    ballot = await thread.until(lambda message: message.buttons)
    votes = [button for button in ballot.buttons if (button.custom_id or "").startswith("v:")]
    assert thread.name == "Once upon a *time*"
    assert len(votes) == 3
    pressed = await (await stage.ben.press(ballot, votes[0].custom_id or "")).answered()
    assert "You voted for" in pressed.content


async def test_commands_in_a_thread(stage: Playing) -> None:
    """In a thread that people opened, the channel's settings hold and stories run."""
    await (await stage.ada.slash(stage.channel, "temperature", value="0.5")).answered()
    thread = stage.channel.thread("ours")

    told = await (await stage.ben.slash(thread, "temperature")).answered()

    assert "0.5" in told.content


async def test_no_threads(stage: Playing) -> None:
    """Neither in a thread nor in a direct channel can a thread be opened."""
    thread = stage.channel.thread("ours")
    inside = Place("discord", str(thread.id), str(stage.channel.id), str(stage.guild.id))

    for place in (inside, Place("discord", str(stage.direct(stage.ada).id))):
        with pytest.raises(NoThreads):
            await discord(stage).thread(place, "another")


async def test_no_right_to_threads(stage: Playing) -> None:
    """Where the bot may not open threads, whoever wants one is told so alone."""
    stage.channel.deny("create_public_threads")

    told = await (await stage.ada.slash(stage.channel, "story start", text="Once", thread=True)).answered()

    assert told.private_for is stage.ada
    assert stage.channel.messages == []
    stage.discord.expected(403)


async def test_an_old_thread(stage: Playing) -> None:
    """A thread that has been archived is opened again by what is posted in it."""
    thread = stage.channel.thread("ours")
    place = Place("discord", str(thread.id), str(stage.channel.id), str(stage.guild.id))
    posted = await discord(stage).post(place, Message("hello"))
    thread.archive()

    assert await discord(stage).edit(place, posted, Message("hello again")) is None
    await discord(stage).post(place, Message("here I am"))

    assert not thread.archived
    stage.discord.expected(400)


async def test_counted_and_not(stage: Playing) -> None:
    """Answers to interactions are outside the rate that Discord counts, all else is inside."""
    adapter, place = discord(stage), here(stage)
    interaction = await stage.ada.slash(stage.channel, "status")

    answering = adapter.limits(place, f"interaction:{interaction.id}:{interaction.token}")

    assert answering.per_second is None
    assert adapter.limits(place).per_second == 40
    assert adapter.limits(place, "1234").per_second == 40
