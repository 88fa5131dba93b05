"""What a bot does when places of it are gone, move, or lose their messages."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy.exc import IntegrityError

from bot.app import Bot
from bot.conversation import Person, Place
from storage import settings, stories
from tests.bot.conftest import ADA, LOBBY, THREAD, Say
from tests.fakes.platform import FakePlatform

CHANNEL = Place("web", "channel", guild="guild")
NEW = Place("web", "new")
TOPIC = Place("web", "lobby:7", channel="lobby")


async def begin(bot: Bot, say: Say, *places: Place) -> None:
    """A story and a relay in each of some places."""
    for place in places:
        await say("/story start Once upon", place=place)
        await say("/relay start", place=place)
    await settled(bot)


async def settled(bot: Bot) -> None:
    await bot.tables.settled()
    await bot.games.settled()


async def running(bot: Bot) -> list[str]:
    """Where something runs, as stored."""
    return sorted(story.place for story in await bot.database.read(stories.all_running))


async def set_at(bot: Bot, place: str) -> dict[str, str]:
    return (await bot.database.read(lambda conn: settings.values(conn, [place])))[place]


async def test_a_place_that_is_gone(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """What runs in a channel that is gone and in its threads ends without a word; other places go on."""
    await begin(bot, say, LOBBY, THREAD)
    await say("/settings temperature 0.5", place=THREAD)
    assert await set_at(bot, THREAD.key) != {}
    said = len(platform.said)

    await bot.place_gone(CHANNEL)
    await settled(bot)

    assert len(platform.said) == said
    assert await running(bot) == [LOBBY.key]
    assert bot.tables.running_on("web") + bot.games.running_on("web") == 2
    assert await set_at(bot, THREAD.key) == {}


async def test_a_guild_that_is_gone(bot: Bot, say: Say) -> None:
    """All of a guild is forgotten, with what was set for itself and in channels where nothing was played."""
    await begin(bot, say, LOBBY, THREAD)
    for scope in ("here", "channel", "guild"):
        await say(f"/settings temperature 0.5 scope={scope}", place=Place("web", "quiet", "hall", "guild"))
    assert await set_at(bot, "web:guild") != {}

    await bot.guild_gone("web", "guild", ["quiet", "hall"])

    assert await running(bot) == [LOBBY.key]
    for place in ("web:quiet", "web:hall", "web:guild"):
        assert await set_at(bot, place) == {}


async def test_a_place_that_comes_back(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """Where the bot was sent away and invited again, a story can begin."""
    await begin(bot, say, THREAD)
    await bot.place_gone(CHANNEL)

    await say("/story start Once upon", place=THREAD)
    await settled(bot)

    assert await running(bot) == [THREAD.key]
    assert "Round 1: vote until" in platform.newest(THREAD).text


async def test_a_place_that_moved(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """What ran at a place goes on at its new one, with its votes and settings, and is shown there."""
    await say("/settings temperature 0.5")
    await begin(bot, say, LOBBY, TOPIC)
    ballot = next(said for said in platform.of(LOBBY) if "Round 1" in said.text)
    await bot.press(ballot.buttons[0].action, person=ADA, place=LOBBY)
    before = len(platform.of(LOBBY))

    await bot.place_moved("web", "lobby", "new")
    await settled(bot)

    assert await running(bot) == ["web:new", "web:new:7"]
    assert len(platform.of(LOBBY)) == before
    (moved,) = (said for said in platform.of(NEW) if "Round 1" in said.text)
    assert moved.buttons == ballot.buttons
    assert "1 vote" in moved.text
    (topic,) = (said for said in platform.of(Place("web", "new:7")) if "Round 1" in said.text)
    assert topic.place.channel == "new"
    assert await bot.temperature(NEW) == 0.5
    notice = await bot.press(moved.buttons[1].action, person=Person("web", "Ben", "Ben"), place=NEW)
    assert notice.text.startswith("You voted for")


async def test_a_move_that_is_told_twice(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """A second word of the same move changes nothing."""
    await begin(bot, say, LOBBY)
    await bot.place_moved("web", "lobby", "new")
    await settled(bot)

    await bot.place_moved("web", "lobby", "new")
    await settled(bot)

    assert await running(bot) == ["web:new"]
    assert bot.tables.running_on("web") == 1


async def test_a_move_that_cannot_be_stored(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """Where the move cannot be stored, what runs goes on where it is."""
    await begin(bot, say, LOBBY)
    path = bot.configuration.home / "planchette.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TRIGGER full BEFORE UPDATE OF place ON stories BEGIN SELECT RAISE(FAIL, 'no'); END")

    with pytest.raises(IntegrityError):
        await bot.place_moved("web", "lobby", "new")
    await settled(bot)

    assert bot.tables.running_on("web") + bot.games.running_on("web") == 2


async def test_files_of_a_move_that_cannot_be_stored(bot: Bot, say: Say) -> None:
    """Whatever happens to a move, the files that a place gave are where it is."""
    bot.uploads.keep("web:lobby", "tales.txt", b"a marvellous lamp")
    await say("/settings temperature 0.5")
    path = bot.configuration.home / "planchette.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON settings BEGIN SELECT RAISE(FAIL, 'no'); END")
    with pytest.raises(IntegrityError):
        await bot.place_moved("web", "lobby", "new")
    before = bot.uploads.names("web:lobby")
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TRIGGER full")

    await bot.place_moved("web", "lobby", "new")

    assert before == bot.uploads.names("web:new") == ["tales.txt"]
    assert bot.uploads.names("web:lobby") == []


async def test_files_of_a_place_that_cannot_be_forgotten(bot: Bot, say: Say) -> None:
    """The files of a place that is gone go first: whatever happens then, none is left of whom nobody knows."""
    bot.uploads.keep("web:lobby", "tales.txt", b"a marvellous lamp")
    await say("/settings temperature 0.5")
    with closing(sqlite3.connect(bot.configuration.home / "planchette.db")) as other:
        other.execute("CREATE TRIGGER full BEFORE DELETE ON settings BEGIN SELECT RAISE(FAIL, 'no'); END")

    with pytest.raises(IntegrityError):
        await bot.place_gone(LOBBY)

    assert bot.uploads.names("web:lobby") == []


async def test_a_deleted_message(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """A deleted ballot is posted again; any other deleted message is nobody's business."""
    await say("/story start Once upon")
    await settled(bot)
    ballot = platform.newest(LOBBY)

    for message in (ballot.id, "1", "no number"):
        await bot.message_deleted(LOBBY, message)
    await settled(bot)

    assert platform.newest(LOBBY).id != ballot.id
    assert platform.newest(LOBBY).buttons == ballot.buttons
    assert sum(said.buttons == ballot.buttons for said in platform.said) == 2
