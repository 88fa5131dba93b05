"""In which order lines are carried out."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from bot.platforms.turns import Turns
from generators.scripted import Pace, Script
from storage import inbox
from tests.bot.platforms.serving import Serving, serving


class Desk:
    """Lines that take their turns, and what has happened to them so far."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.begun: list[int] = []
        self._ends: dict[int, asyncio.Event] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def line(self, message: int, person: str, room: str = "lobby") -> None:
        """A line comes in."""

        async def carried_out() -> None:
            async with self.turns.turn(room, person, message):
                self.begun.append(message)
                await self._ends[message].wait()

        self._ends[message] = asyncio.Event()
        self._tasks[message] = asyncio.create_task(carried_out())

    async def end(self, message: int) -> None:
        """A line is over."""
        self._ends[message].set()
        await self._tasks[message]

    async def cancel(self, message: int) -> None:
        """A line is given up."""
        self._tasks[message].cancel()
        await asyncio.wait([self._tasks[message]])


async def settled() -> None:
    """Lets every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_after_the_answer() -> None:
    """Another person's line begins once the one before has been answered, in the order in which they came."""
    desk = Desk()
    for message, person in enumerate(("Ada", "Bob", "Cleo")):
        desk.line(message, person)
    await settled()
    before = list(desk.begun)

    desk.turns.answered("lobby", 0)
    await settled()
    after_one = list(desk.begun)
    await desk.end(1)
    await settled()

    assert (before, after_one, desk.begun) == ([0], [0, 1], [0, 1, 2])


async def test_own_lines() -> None:
    """A person's next line begins once the one before is over."""
    desk = Desk()
    desk.line(0, "Ada")
    desk.line(1, "Ada")
    desk.turns.answered("lobby", 0)
    await settled()
    before = list(desk.begun)

    await desk.end(0)
    await settled()

    assert (before, desk.begun) == ([0], [0, 1])


async def test_rooms_apart() -> None:
    """No room waits for another."""
    desk = Desk()
    desk.line(0, "Ada", "lobby")
    desk.line(1, "Ada", "cellar")

    await settled()

    assert desk.begun == [0, 1]


async def test_given_up() -> None:
    """Nobody waits for a line that has been given up, whether it had begun or not."""
    desk = Desk()
    for message in range(3):
        desk.line(message, "Ada")
    await settled()

    await desk.cancel(1)
    await desk.cancel(0)
    await settled()

    assert desk.begun == [0, 2]


async def said_by_the_bot(served: Serving, sentence: str, *, room: str = "lobby") -> list[str]:
    """What the bot has said, once that sentence is among it."""
    async with served.events(room=room, last=0) as events:
        while True:
            texts = [message["text"] for message in await served.read(room=room) if message["person"] == "planchette"]
            if any(sentence in text for text in texts):
                return texts
            await events.next()


async def test_story_and_player(home: Path) -> None:
    """Who joins a story that somebody has just asked for plays along."""
    pace = Pace()
    async with serving(home, pace=pace) as lobby:
        await lobby.say("Ada", "/story start Once upon a")
        await lobby.say("Bob", "/story join")
        await lobby.say("Bob", "/temperature 0.5", room="cellar")
        await said_by_the_bot(lobby, "0.5", room="cellar")
        pace.free()

        texts = await said_by_the_bot(lobby, "Bob plays along")

    assert texts.index("A story begins; vote with the buttons of its ballot.") == 0


async def test_text_and_more_of_it(lobby: Serving) -> None:
    """More of a text is more of the one that was asked for right before."""
    await lobby.say("Ada", "/generate seed=1 length=2 Once")
    await lobby.say("Ada", "/continue")

    texts = await said_by_the_bot(lobby, "Once upon a▸")

    assert len(texts) == 2


async def test_others_text(home: Path) -> None:
    """While a text is being written the others are answered."""
    pace = Pace()
    async with serving(home, pace=pace, script=Script(texts=("la " * 1_000,))) as lobby:
        asked = await lobby.say("Ada", "/generate la")
        while len(await lobby.read()) == 1:
            pace.allow()
        await lobby.say("Bob", "/temperature 0.5")
        await said_by_the_bot(lobby, "0.5")

        pending = await lobby.bot.database.read(partial(inbox.pending, platform="web"))

    assert str(asked) in [item.update for item in pending]


async def test_order_after_restart(home: Path) -> None:
    """Lines that were in hand when the bot stopped are carried out in their order."""
    async with serving(home, pace=Pace()) as first:
        await first.say("Ada", "/story start Once upon a")
        for name in ("Bob", "Cleo", "Dan"):
            await first.say(name, "/story join")

    async with serving(home) as second:
        texts = await said_by_the_bot(second, "Dan plays along")

    joined = [text.split()[0] for text in texts if "plays along" in text]
    assert joined == ["Bob", "Cleo", "Dan"]
