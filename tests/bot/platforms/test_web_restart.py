"""What was in hand when the bot stopped."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from generators.scripted import Pace
from storage import inbox
from tests.bot.platforms.serving import Serving, serving


async def answered(served: Serving, count: int) -> None:
    """Returns once the lobby has so many messages and nothing is in hand."""
    async with served.events(person="Ada", last=0) as events:
        while len(await served.read(person="Ada")) < count:
            await events.next()
    while await served.bot.database.read(partial(inbox.pending, platform="web")):
        pass


async def test_taken_up(home: Path) -> None:
    """A command that was taken but not answered is answered after the restart, and then not again."""
    async with serving(home, pace=Pace()) as first:
        await first.say("Ada", "/generate seed=1 Once upon a time")

    async with serving(home) as second:
        await answered(second, 2)
        texts = [message["text"] for message in await second.read(person="Ada")]
    async with serving(home) as third:
        assert await third.bot.database.read(partial(inbox.pending, platform="web")) == []
        assert [message["text"] for message in await third.read(person="Ada")] == texts


async def test_ids_go_on(home: Path) -> None:
    """Messages and their ids survive a restart."""
    async with serving(home) as first:
        before = await first.say("Ada", "hello")

    async with serving(home) as second:
        after = await second.say("Ada", "again")
        assert [message["id"] for message in await second.read()] == [before, after]
    assert after > before


async def test_story_goes_on(home: Path) -> None:
    """A press on a ballot from before a restart counts, whichever of the ballot's messages it names."""
    async with serving(home) as first:
        await first.say("Ada", "/story start Once upon a")
        async with first.events(last=0) as events:
            while not (ballots := [message for message in await first.read() if message["buttons"]]):
                await events.next()

    async with serving(home, clock=first.clock) as second:
        ballot = ballots[0]
        notice = await second.press("Bob", ballot["id"], ballot["buttons"][0]["action"])

    assert "voted" in notice
