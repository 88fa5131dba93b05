"""Following a room."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from bot.conversation import Message, Person, Place
from bot.platforms.web.events import Following
from tests.bot.platforms.serving import EventReader, Serving, serving
from tests.patience import PATIENCE

LOBBY = Place("web", "lobby")


async def next_message(events: EventReader) -> tuple[str, str]:
    """The kind and the text of the next event that says something."""
    while "data" not in (event := await events.next()):
        pass
    return event["event"], json.loads(event["data"])["text"]


async def test_from_now_on(lobby: Serving) -> None:
    """Who begins to follow hears what comes, not what was; it begins with a number to resume from."""
    await lobby.say("Ada", "before")

    async with lobby.events() as events:
        begin = await events.next()
        await lobby.say("Ada", "after")
        first = await next_message(events)

    assert begin["id"].isdecimal()
    assert first == ("message", "after")


async def test_whole_messages(lobby: Serving) -> None:
    """An event holds the whole message, as reading the room gives it."""
    async with lobby.events() as events:
        await events.next()
        await lobby.say("Ada", "hello")
        event = await events.next()

    assert [json.loads(event["data"])] == await lobby.read()


async def test_edit(lobby: Serving) -> None:
    """A changed message comes as an edit."""
    posted = await lobby.room.post(LOBBY, Message("Once"))

    async with lobby.events() as events:
        await events.next()
        await lobby.room.edit(LOBBY, posted, Message("Once upon"))
        edit = await next_message(events)

    assert edit == ("edit", "Once upon")
    assert (await lobby.read())[0]["edited"]


async def test_resume(lobby: Serving) -> None:
    """Who was cut off gets all that happened since: new messages as messages, changed ones as edits, in order."""
    old = await lobby.room.post(LOBBY, Message("old"))
    async with lobby.events() as events:
        last = int((await events.next())["id"])
    new = await lobby.room.post(LOBBY, Message("new"))
    await lobby.room.edit(LOBBY, old, Message("old, edited"))
    await lobby.room.edit(LOBBY, new, Message("new, edited"))

    async with lobby.events(last=last) as events:
        await events.next()
        missed = [await next_message(events) for _ in range(2)]

    assert missed == [("edit", "old, edited"), ("message", "new, edited")]


async def test_deletion(lobby: Serving) -> None:
    """Who follows is told that messages are gone, and so is who was cut off meanwhile; of which, the room tells."""
    ada = Person("web", "Ada", "Ada")
    await lobby.say("Ada", "mine")
    await lobby.say("Bob", "his")

    async with lobby.events() as events:
        last = int((await events.next())["id"])
        await lobby.bot.consents.forget(ada)
        live = await events.next()
    await lobby.say("Bob", "later")
    async with lobby.events(last=last) as events:
        await events.next()
        missed = [(await events.next())["event"] for _ in range(2)]
    async with lobby.http.stream("GET", f"/api/rooms/lobby/events?after={live['id']}") as answer:
        resumed = EventReader(answer)
        await resumed.next()
        since = await next_message(resumed)

    assert (live["event"], live["data"]) == ("deletion", "{}")
    assert missed == ["deletion", "message"]
    assert since == ("message", "later")
    assert [message["text"] for message in await lobby.read()] == ["his", "later"]


async def test_resume_after_restart(home: Path) -> None:
    """Event numbers outlive the process."""
    async with serving(home) as first:
        await first.say("Ada", "one")
        async with first.events(last=0) as events:
            await events.next()
            last = int((await events.next())["id"])
        await first.say("Ada", "two")

    async with serving(home) as second, second.events(last=last) as events:
        await events.next()
        missed = await next_message(events)

    assert missed == ("message", "two")


async def test_nothing_lost(lobby: Serving) -> None:
    """However messages and readers come together, each reader gets every message once, in order."""
    count = 40

    async def written() -> None:
        await asyncio.gather(*(lobby.say(f"Person {number}", str(number)) for number in range(count)))

    async def follow() -> list[str]:
        async with lobby.events(last=0) as events:
            await events.next()
            return [(await next_message(events))[1] for _ in range(count)]

    first, second, _ = await asyncio.gather(follow(), follow(), written())

    assert first == second == [message["text"] for message in await lobby.read()]
    assert sorted(first, key=int) == [str(number) for number in range(count)]


async def test_private_events(lobby: Serving) -> None:
    """What is private reaches only the person it is for."""
    async with lobby.events(person="Ada") as ada, lobby.events(person="Bob") as bob, lobby.events() as nobody:
        await asyncio.gather(ada.next(), bob.next(), nobody.next())
        await lobby.room.post(LOBBY, Message("secret"), private_for=Person("web", "Ada", "Ada"))
        await lobby.room.post(LOBBY, Message("public"))
        heard = [await next_message(events) for events in (ada, bob, nobody)]

    assert heard == [("message", "secret"), ("message", "public"), ("message", "public")]


async def test_other_room(lobby: Serving) -> None:
    """What happens in one room is not heard in another."""
    async with lobby.events(room="cellar") as events:
        await events.next()
        await lobby.say("Ada", "hello")
        await lobby.say("Ada", "echo", room="cellar")

        assert await next_message(events) == ("message", "echo")


async def test_number_from_elsewhere(lobby: Serving) -> None:
    """A number that this database has not reached, such as an older one's, does not silence the room."""
    async with lobby.events(last=10**9) as events:
        await events.next()
        await lobby.say("Ada", "hello")

        assert await next_message(events) == ("message", "hello")


async def test_heartbeat(lobby: Serving) -> None:
    """While nothing happens a comment keeps the connection open."""
    following = Following(lobby.room, lobby.room.hub, room="lobby", person=None, last=None, heartbeat=0.01)

    lines = following.lines()
    [begin, beat] = [await anext(lines), await anext(lines)]
    await lines.aclose()

    assert begin.startswith("retry: ")
    assert beat.startswith(":")


async def test_leaving(lobby: Serving) -> None:
    """Who leaves is not followed up."""
    async with lobby.events() as events:
        await events.next()
        assert len(lobby.room.hub) == 1

    async with lobby.events() as events, asyncio.timeout(PATIENCE):
        while len(lobby.room.hub) > 1:
            await lobby.say("Ada", "is anybody there?")


async def test_closing_with_readers(home: Path) -> None:
    """The room closes at once although somebody follows it, who is told by the end of the stream."""
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as reader:
        http = await reader.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        async with serving(home) as served:
            answer = await reader.enter_async_context(
                http.stream("GET", f"{served.room.address}/api/rooms/lobby/events")
            )

        assert (await answer.aread()).startswith(b"retry: ")
