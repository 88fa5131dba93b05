"""What programs see: the API to the letter."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any, Final

from bot.conversation import Button, Message, Place
from bot.platforms.web.desk import BURST
from storage import consents
from tests.bot.platforms.serving import Serving, serving

LOBBY: Final = Place("web", "lobby")


async def until(lobby: Serving, count: int, *, person: str | None = None, room: str = "lobby") -> list[Any]:
    """The room's messages once there are so many."""
    async with lobby.events(person=person, room=room, last=0) as events:
        while len(messages := await lobby.read(person=person, room=room)) < count:
            await events.next()
    return messages


async def test_empty_room(lobby: Serving) -> None:
    """An unknown room is an empty one."""
    assert await lobby.read(room="nowhere") == []


async def test_message(lobby: Serving) -> None:
    """What somebody writes is there for everyone once its id has come, in exactly this shape."""
    id_ = await lobby.say("Ada", "  hello\nthere ")

    assert await lobby.read() == [
        {
            "id": id_,
            "person": "Ada",
            "text": "  hello\nthere ",
            "buttons": [],
            "picture": None,
            "attachments": [],
            "private": False,
            "edited": False,
            "ballot": False,
            "answerable": False,
        }
    ]
    assert await lobby.read(room="other") == []


async def test_what_buttons_are_for(lobby: Serving) -> None:
    """A message says whether its buttons are a vote's, and whether an answer to it writes something in."""
    for action in ("v:1:0", "g:1:join", "r:1", "c:w", f"j:g:{'0' * 12}"):
        await lobby.room.post(LOBBY, Message("?", (Button("Yes", action),)))

    told = [(message["ballot"], message["answerable"]) for message in await lobby.read()]

    assert told == [(True, True), (False, True), (False, False), (False, False), (False, False)]


async def test_after(lobby: Serving) -> None:
    """Without `after` the newest 100 messages come, with it those that follow; ids ascend."""
    ids = [await lobby.say("Ada", f"number {number}") for number in range(103)]

    assert [message["id"] for message in await lobby.read()] == ids[3:] == sorted(ids[3:])
    assert [message["id"] for message in await lobby.read(after=ids[100])] == ids[101:]
    assert [message["id"] for message in await lobby.read(after=0)] == ids[:100]
    assert await lobby.read(after=ids[-1]) == []


async def test_private(lobby: Serving) -> None:
    """An error is told to the person who made it and to nobody else."""
    await lobby.say("Ada", "/temperature hot")

    [_, told] = await until(lobby, 2, person="Ada")

    assert told["private"]
    assert told["person"] == "planchette"
    assert "temperature" in told["text"]
    assert len(await lobby.read(person="Bob")) == len(await lobby.read()) == 1


async def test_generate(lobby: Serving) -> None:
    """A command is answered by messages of the bot."""
    await lobby.say("Ada", "/generate seed=1 Once upon a time")

    async with lobby.events(last=0) as events:
        while not (await lobby.read())[-1]["edited"]:
            await events.next()
    [_, answer] = await lobby.read()

    assert answer["person"] == "planchette"
    assert answer["text"].startswith("Once upon a time")
    assert not answer["private"]


async def story(lobby: Serving, **options: object) -> Any:
    """Ada starts a story; its first ballot."""
    words = " ".join(f"{name}={value}" for name, value in options.items())
    await lobby.say("Ada", f"/story start {words} Once upon a")
    async with lobby.events(last=0) as events:
        while not (ballots := [message for message in await lobby.read() if message["buttons"]]):
            await events.next()
    return ballots[-1]


async def test_press(lobby: Serving) -> None:
    """A press is answered with what it did, and changes the ballot for all."""
    ballot = await story(lobby)

    notice = await lobby.press("Bob", ballot["id"], ballot["buttons"][0]["action"])
    async with lobby.events(last=0) as events:
        lobby.clock.advance(5)
        while "1 vote" not in (await lobby.read(after=ballot["id"] - 1))[0]["text"]:
            await events.next()

    assert "voted" in notice


async def test_late_press(lobby: Serving) -> None:
    """A press on a round that is over is no error: its notice says so."""
    ballot = await story(lobby, solo="true")
    action = ballot["buttons"][0]["action"]
    await lobby.press("Ada", ballot["id"], action)

    notice = await lobby.press("Bob", ballot["id"], action)

    assert "over" in notice


async def test_forged_press(lobby: Serving) -> None:
    """A press whose action is on no button of the message that it names does nothing, whatever a browser sends."""
    await lobby.say("Ada", "/log on")
    [_, asked] = await until(lobby, 2, person="Ada")
    plain = await lobby.room.post(LOBBY, Message("done"))
    agreeing = asked["buttons"][0]["action"]

    for message in (int(plain), asked["id"] - 1):
        assert "not there now" in await lobby.press("Bob", message, agreeing)
    assert "not there now" in await lobby.press("Bob", asked["id"], "c:a:99")
    assert await lobby.bot.database.read(partial(consents.of_place, place=LOBBY.key)) == {}

    assert "Thank you" in await lobby.press("Bob", asked["id"], agreeing)


async def test_write_in(lobby: Serving) -> None:
    """An answer to a ballot is a write-in."""
    ballot = await story(lobby)

    await lobby.say("Bob", "dark night", reply_to=ballot["id"])

    async with lobby.events(last=0, person="Bob") as events:
        while not (told := [m["text"] for m in await lobby.read(person="Bob") if m["private"]]):
            await events.next()

    assert "dark night" in told[0]


async def test_unwanted_reply(lobby: Serving) -> None:
    """Who answers buttons that take no words is told so, alone; an answer to anything else is talk."""
    plain = await lobby.room.post(LOBBY, Message("done"))
    asking = await lobby.room.post(LOBBY, Message("go on?", (Button("go on", "r:1"),)))
    await lobby.say("Bob", "thanks", reply_to=int(plain))
    await lobby.say("Bob", "please", reply_to=int(asking))

    said = await until(lobby, 5, person="Bob")

    assert said[-1]["private"]
    assert "takes no replies" in said[-1]["text"]
    assert len(await lobby.read()) == 4


async def test_commands(lobby: Serving) -> None:
    """The commands are listed as they are declared."""
    listed = (await lobby.http.get("/api/commands")).json()["commands"]

    assert {"name", "usage", "help"} == set(listed[0])
    assert "story start" in [command["name"] for command in listed]


async def test_flood(home: Path) -> None:
    """Whoever sends hundreds of messages at once has to wait; the others need not."""
    async with serving(home, ticks=lambda: 0.0) as lobby:
        requests = [
            lobby.http.post("/api/rooms/lobby/messages", json={"person": "Ada", "text": ""}) for _ in range(BURST + 1)
        ]
        statuses = [answer.status_code for answer in await asyncio.gather(*requests)]

        assert statuses.count(429) == 1
        await lobby.say("Bob", "hello")


async def test_others_private_message(lobby: Serving) -> None:
    """A private message of somebody else cannot be answered or pressed; it is as if it were not there."""
    await lobby.say("Ada", "/temperature hot")
    [_, told] = await until(lobby, 2, person="Ada")

    pressed = await lobby.http.post(
        "/api/rooms/lobby/press", json={"person": "Bob", "message": told["id"], "action": "v:1:0"}
    )
    answered = await lobby.http.post(
        "/api/rooms/lobby/messages", json={"person": "Bob", "text": "hello", "reply_to": told["id"]}
    )

    assert pressed.status_code == answered.status_code == 404


async def test_description(lobby: Serving) -> None:
    """The API is described at /api/docs, without anything from elsewhere, and its errors as they are."""
    page = await lobby.http.get("/api/docs")
    schema = (await lobby.http.get("/api/openapi.json")).json()

    assert page.status_code == 200
    assert "://" not in page.text.replace("http://www.w3.org", "")
    responses = schema["paths"]["/api/rooms/{room}/messages"]["post"]["responses"]
    assert set(responses) == {"202", "400", "401", "404", "409", "413", "429"}
    assert "/health" not in schema["paths"]
