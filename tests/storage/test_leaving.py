"""Places that are gone, and places that have another id now."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import (
    audit,
    channel_models,
    consents,
    contributions,
    games,
    inbox,
    jobs,
    logs,
    posts,
    rounds,
    settings,
    stories,
    texts,
    turns,
)
from storage.below import guilds_of, places_of
from storage.channel_models import ChannelModel
from storage.consents import Consent
from storage.database import Database
from storage.forgetting import forget
from storage.jobs import Job
from storage.logs import Log
from storage.moving import move
from storage.posts import Post
from storage.texts import Text
from storage.turns import Turn
from storage.vault import Vault
from tests.storage.builders import ADA, BOB, NOON, after, ask, given_by, start

GROUP, TOPIC, OTHER = "telegram:-1", "telegram:-1:7", "telegram:-12"
NEW, NEW_TOPIC = "telegram:-100", "telegram:-100:7"
EVERYWHERE = (GROUP, TOPIC, OTHER)


def text_of(place: str, message: str = "5") -> Text:
    return Text("tales", "3", (1,), (2,), f" at {place}", {"n": 1, "message": message}, NOON)


async def furnish(conn: AsyncConnection, place: str, **where: Any) -> None:
    """One of everything at a place."""
    story = await start(conn, place, **where)
    await ask(conn, story, 0)
    await stories.set_message(conn, story.id, "5")
    game = await games.create(conn, place=place, kind="relay", state={"at": place}, deadline=None, at=NOON, **where)
    await games.set_message(conn, game.id, "6")
    await settings.put(conn, place, "temperature", "0.5")
    await texts.put(conn, place, text_of(place))
    await turns.add(conn, Turn(place, ADA, f"hello {place}", "8", "5", NOON))
    await audit.record(conn, place, ADA, "set", {}, NOON)


@pytest.fixture
async def furnished(database: Database) -> Database:
    """A group with a topic, and another group."""

    async def all_of_it(conn: AsyncConnection) -> None:
        await furnish(conn, GROUP)
        await furnish(conn, TOPIC, channel="-1")
        await furnish(conn, OTHER)

    await database.write(all_of_it)
    return database


async def found(database: Database, place: str) -> dict[str, Any]:
    """What there is at a place."""

    async def look(conn: AsyncConnection) -> dict[str, Any]:
        story = await stories.running(conn, place)
        return {
            "story": None if story is None else (story.channel, story.message),
            "round": story is not None and await rounds.current(conn, story.id) is not None,
            "games": [(game.channel, game.message) for game in await games.all_at(conn, place)],
            "settings": (await settings.values(conn, [place]))[place],
            "text": await texts.last(conn, place),
        }

    return await database.read(look)


NOTHING: dict[str, Any] = {"story": None, "round": False, "games": [], "settings": {}, "text": None}


async def test_forgetting_a_group(furnished: Database) -> None:
    """A place that is gone leaves nothing that runs and nothing that was set, nor do its topics; others stay."""
    places = await furnished.read(lambda conn: places_of(conn, "telegram", ["-1"]))

    await furnished.write(lambda conn: forget(conn, places, after(9)))

    assert await found(furnished, GROUP) == await found(furnished, TOPIC) == NOTHING
    assert (await found(furnished, OTHER))["story"] == (None, "5")
    ended = await furnished.read(lambda conn: stories.latest(conn, GROUP))
    assert ended is not None
    assert (ended.state, ended.ended) == ("ended", after(9))
    assert [game.place for game in await furnished.read(games.unfinished)] == [OTHER]
    assert len(await furnished.read(lambda conn: audit.entries(conn, GROUP))) == 1


async def test_forgetting_talk(furnished: Database) -> None:
    """What was said in a place that is gone is in no conversation any more."""
    places = await furnished.read(lambda conn: places_of(conn, "telegram", ["-1"]))

    await furnished.write(lambda conn: forget(conn, places, after(9)))

    said = await furnished.write(lambda conn: turns.add(conn, Turn(GROUP, ADA, "again", "9", None, after(10))))
    assert [turn.text for turn in said] == ["again"]


async def test_forgetting_threads(database: Database) -> None:
    """Threads whose ids say nothing of their channel are known by what was played in them."""
    await database.write(lambda conn: furnish(conn, "discord:40", channel="4", guild="1"))

    places = await database.read(lambda conn: places_of(conn, "discord", ["4"]))
    await database.write(lambda conn: forget(conn, places, after(9)))

    assert await found(database, "discord:40") == NOTHING


async def test_forgetting_a_guild(database: Database) -> None:
    """With a guild go its channels, as far as they are known, and what was set for the guild itself."""

    async def guilds(conn: AsyncConnection) -> None:
        await furnish(conn, "discord:4", guild="1")
        await furnish(conn, "discord:40", channel="4", guild="1")
        await furnish(conn, "discord:9", guild="2")
        await settings.put(conn, "discord:1", "length", "30")
        await settings.put(conn, "discord:5", "length", "40")

    await database.write(guilds)

    places = await database.read(lambda conn: places_of(conn, "discord", ["5"], "1"))
    await database.write(lambda conn: forget(conn, places, after(9)))

    for gone in ("discord:1", "discord:4", "discord:40", "discord:5"):
        assert await found(database, gone) == NOTHING
    assert (await found(database, "discord:9"))["settings"] == {"temperature": "0.5"}


async def test_moving(furnished: Database) -> None:
    """All of a group and its topics moves along; messages of before are named no more."""
    other = await found(furnished, OTHER)

    await furnished.write(lambda conn: move(conn, "telegram", "-1", "-100", after(9)))

    moved, topic = await found(furnished, NEW), await found(furnished, NEW_TOPIC)
    assert (moved["story"], moved["round"], moved["games"]) == ((None, None), True, [(None, None)])
    assert (topic["story"], topic["round"], topic["games"]) == (("-100", None), True, [("-100", None)])
    assert moved["settings"] == topic["settings"] == {"temperature": "0.5"}
    assert moved["text"] is not None
    assert (moved["text"].text, moved["text"].request) == (" at telegram:-1", {"n": 1})
    assert await found(furnished, GROUP) == await found(furnished, TOPIC) == NOTHING
    assert await found(furnished, OTHER) == other
    assert len(await furnished.read(lambda conn: audit.entries(conn, NEW))) == 1


async def test_moving_talk(furnished: Database) -> None:
    """A conversation goes on in the new place, where messages are numbered anew."""
    await furnished.write(lambda conn: move(conn, "telegram", "-1", "-100", after(9)))

    said = await furnished.write(lambda conn: turns.add(conn, Turn(NEW, ADA, "again", "8", None, after(10))))

    assert [turn.text for turn in said] == ["hello telegram:-1", "again"]


async def test_moving_to_where_something_is(furnished: Database) -> None:
    """What runs at the old place goes on in place of what runs at the new one, whose settings and text stay."""

    async def settled(conn: AsyncConnection) -> None:
        await furnish(conn, NEW)
        await settings.put(conn, NEW, "temperature", "1")
        await settings.put(conn, GROUP, "length", "30")

    await furnished.write(settled)
    story = await furnished.read(lambda conn: stories.running(conn, GROUP))

    await furnished.write(lambda conn: move(conn, "telegram", "-1", "-100", after(9)))

    moved = await found(furnished, NEW)
    now = await furnished.read(lambda conn: stories.running(conn, NEW))
    assert story is not None
    assert now is not None
    assert now.id == story.id
    assert moved["settings"] == {"temperature": "1", "length": "30"}
    assert moved["text"] is not None
    assert moved["text"].text == " at telegram:-100"
    assert [game.state for game in await furnished.read(lambda conn: games.all_at(conn, NEW))] == [{"at": GROUP}]


async def test_moving_what_came_in(database: Database) -> None:
    """What came in from the old place is dealt with in the new one, whatever else stands in it."""
    heard = {"chat": {"id": -1, "names": ["-1", "-12", -12]}, "by": 1, "old": True}

    async def receive(conn: AsyncConnection) -> None:
        await inbox.receive(conn, "telegram", 1, heard, NOON)
        await inbox.receive(conn, "discord", 1, heard, NOON)

    await database.write(receive)

    await database.write(lambda conn: move(conn, "telegram", "-1", "-100", after(9)))

    (item,) = await database.read(lambda conn: inbox.pending(conn, "telegram"))
    (other,) = await database.read(lambda conn: inbox.pending(conn, "discord"))
    assert item.payload == {"chat": {"id": -100, "names": ["-100", "-12", -12]}, "by": 1, "old": True}
    assert other.payload == heard


async def test_moving_twice(furnished: Database) -> None:
    """A move that is told again changes nothing."""
    await furnished.write(lambda conn: move(conn, "telegram", "-1", "-100", after(9)))
    moved = await found(furnished, NEW)

    await furnished.write(lambda conn: move(conn, "telegram", "-1", "-100", after(10)))
    await furnished.write(lambda conn: move(conn, "telegram", "-100", "-100", after(10)))

    assert await found(furnished, NEW) == moved


async def collect(database: Database, vault: Vault, place: str, guild: str | None = None) -> None:
    """A place where two people agreed, one wrote, and a training is waiting that made a model before."""
    name = place.replace(":", " ")

    async def all_of_it(conn: AsyncConnection) -> None:
        await logs.turn(conn, Log(place, guild, True, NOON, ADA))
        await consents.grant(conn, Consent(ADA, place, guild, 1, NOON))
        await consents.grant(conn, Consent(BOB, place, guild, 1, NOON))
        post = Post(place, guild, "channel_log", ADA, "5", after(1), f"hello {place}", reply_to="4")
        await posts.add(conn, vault, [post])
        facts = {"people": [[ADA, place], [BOB, "telegram:-9"]], "read": "once"}
        await jobs.add(conn, Job(f"{name} queued", place, guild, ADA, "queued", {}, "en", NOON, facts, message="9"))
        await jobs.add(conn, Job(f"{name} done", place, guild, ADA, "done", {}, "en", NOON, ended=after(1)))
        model = ChannelModel(name, "1", place, guild, "charrnn@1", NOON, NOON)
        await channel_models.add(conn, model, [(ADA, place)])

    await database.write(all_of_it)


async def collected(database: Database, vault: Vault, place: str) -> dict[str, Any]:
    """What there is at a place to learn from, and of what has learnt there."""

    async def look(conn: AsyncConnection) -> dict[str, Any]:
        page = await posts.page(conn, vault, place, None, ["channel_log"])
        models = await channel_models.of_place(conn, place)
        return {
            "log": await logs.get(conn, place) is not None,
            "consents": sorted(await consents.of_place(conn, place)),
            "posts": [(post.message, post.reply_to, post.text) for _, post in page],
            "jobs": sorted(((job.state, job.message, job.ended) for job in await jobs.of_place(conn, place)), key=str),
            "people": [job.facts for job in await jobs.of_place(conn, place) if job.state == "queued"],
            "models": [(model.model, model.tainted) for model in models],
            "learners": [await channel_models.learners_of(conn, model.model, "1") for model in models],
        }

    return await database.read(look)


async def test_forgetting_what_was_collected(database: Database, vault: Vault) -> None:
    """With a place go its posts, consents and log; trainings end, and what learnt there is marked."""
    for place in EVERYWHERE:
        await collect(database, vault, place)
    other = await collected(database, vault, OTHER)
    elsewhere = ChannelModel("elsewhere", "1", OTHER, None, "telegram -1@1", NOON, NOON)
    await database.write(lambda conn: channel_models.add(conn, elsewhere, []))
    places = await database.read(lambda conn: places_of(conn, "telegram", ["-1"]))

    marked = await database.write(lambda conn: forget(conn, places, after(9)))

    gone = await collected(database, vault, GROUP)
    assert (gone["log"], gone["consents"], gone["posts"]) == (False, [], [])
    assert gone["jobs"] == [("cancelled", "9", after(9))]
    assert {model.name for model in marked} == {"telegram -1@1", "telegram -1 7@1", "elsewhere@1"}
    assert gone["models"] == [("telegram -1", after(9))]
    left = await collected(database, vault, OTHER)
    assert left | {"models": [], "learners": []} == other | {"models": [], "learners": []}
    assert sorted(left["models"]) == [("elsewhere", after(9)), ("telegram -12", None)]
    models = await database.read(channel_models.every)
    assert {row.place for row in models if row.facts.get(channel_models.ORPHAN)} == {GROUP, TOPIC}


async def test_forgetting_what_a_guild_gave(database: Database, vault: Vault) -> None:
    """With a guild goes what was collected in channels where nothing was ever played; it is known by it."""
    await collect(database, vault, "discord:4", "discord:1")
    await collect(database, vault, "discord:9", "discord:2")
    known = await database.read(lambda conn: guilds_of(conn, "discord"))

    places = await database.read(lambda conn: places_of(conn, "discord", [], "1"))
    await database.write(lambda conn: forget(conn, places, after(9)))

    assert known == {"1", "2"}
    assert (await collected(database, vault, "discord:4"))["consents"] == []
    assert (await collected(database, vault, "discord:9"))["consents"] == [ADA, BOB]


async def test_moving_what_was_collected(database: Database, vault: Vault) -> None:
    """What was agreed, collected and made moves along and can be opened there; messages are numbered anew."""
    await collect(database, vault, GROUP)
    await collect(database, vault, OTHER)
    before, other = await collected(database, vault, GROUP), await collected(database, vault, OTHER)

    await database.write(lambda conn: move(conn, "telegram", "-1", "-100", after(9)))

    moved = await collected(database, vault, NEW)
    assert moved["posts"] == [(f"{GROUP}/5", f"{GROUP}/4", f"hello {GROUP}")]
    assert moved["jobs"] == [("done", None, after(1)), ("queued", None, None)]
    assert moved["learners"] == [[(ADA, NEW)]]
    assert moved["people"] == [{"people": [[ADA, NEW], [BOB, "telegram:-9"]], "read": "once"}]
    for same in ("log", "consents", "models"):
        assert moved[same] == before[same]
    assert not any((await collected(database, vault, GROUP)).values())
    assert await collected(database, vault, OTHER) == other


async def test_moving_to_where_people_agreed(database: Database, vault: Vault) -> None:
    """Who agreed at both places has agreed once, to what counts at the new one; both places' posts are there."""
    await collect(database, vault, GROUP)
    await collect(database, vault, NEW)

    await database.write(lambda conn: move(conn, "telegram", "-1", "-100", after(9)))

    moved = await collected(database, vault, NEW)
    ledger = await database.read(lambda conn: consents.of_person(conn, ADA))
    assert moved["consents"] == [ADA, BOB]
    assert sorted((consent.place, consent.withdrawn) for consent in ledger if consent.withdrawn) == [(NEW, after(9))]
    assert len(ledger) == 2
    assert sorted(message for message, _, _ in moved["posts"]) == ["5", f"{GROUP}/5"]


async def test_moving_what_was_given(database: Database, vault: Vault) -> None:
    """Texts and stories that people gave keep their ids, which are none of the platform's, and can be taken back."""
    given = [
        Post(GROUP, None, "submission", ADA, message, NOON, "Once", kind=kind, thread=TOPIC)
        for message, kind in (("teach:7", "text"), (f"story:3:{ADA}", "story"))
    ]
    shared = Post(GROUP, None, "submission", BOB, f"story:3:{BOB}", NOON, "Once", kind="story")
    await database.write(lambda conn: posts.add(conn, vault, [*given, shared]))

    await database.write(lambda conn: move(conn, "telegram", "-1", "-100", after(9)))
    moved = await database.read(lambda conn: given_by(conn, vault, ADA))
    await database.write(lambda conn: contributions.take_back(conn, ADA, NEW))

    assert {post.message for post in moved} == {"teach:7", f"story:3:{ADA}"}
    assert {post.thread for post in moved} == {NEW_TOPIC}
    assert await database.read(lambda conn: given_by(conn, vault, BOB)) == []
