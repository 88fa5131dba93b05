"""A story keeps its deadlines however slow its platform is."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot import outbox
from bot.conversation import Message, Notice, Place
from bot.games.errors import RoundOver
from tests.bot.games.conftest import ADA, BEN, CLEO, LOBBY, Lobby
from tests.fakes.platform import FakePlatform


class SlowPlatform(FakePlatform):
    """Edits wait as long as `gate` is closed; `waiting` tells that one does."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.waiting = asyncio.Event()
        self.gate.set()

    async def edit(self, place: Place, posted: str, message: Message) -> None:
        if not self.gate.is_set():
            self.waiting.set()
        await self.gate.wait()
        await super().edit(place, posted, message)


@pytest.fixture
def platform() -> SlowPlatform:
    """A room that can be held up."""
    return SlowPlatform()


async def test_a_press_after_the_deadline(lobby: Lobby, platform: SlowPlatform) -> None:
    """A press after the deadline is too late though its ballot still stands there, and closes the round."""
    await lobby.start()
    first, buttons = lobby.round_id, lobby.ballot.buttons
    platform.gate.clear()
    lobby.clock.advance(5)
    await lobby.tables.votes.press(buttons[1].action, ADA, LOBBY)
    await platform.waiting.wait()
    lobby.clock.advance(55)

    notice = await lobby.tables.votes.press(buttons[0].action, BEN, LOBBY)

    assert notice == Notice("This round is over.")
    past = await lobby.past(first)
    assert (past.round.state, past.round.winner) == ("closed", 1)
    assert await lobby.votes(first) == {ADA.key: 1}
    platform.gate.set()
    await lobby.tables.settled()
    assert "Round 2: vote until" in lobby.ballot.text


async def test_a_write_in_after_the_deadline(lobby: Lobby, platform: SlowPlatform) -> None:
    """A write-in after the deadline is too late, and closes the round."""
    await lobby.start()
    first, ballot = lobby.round_id, lobby.ballot
    platform.gate.clear()
    lobby.clock.advance(5)
    await lobby.tables.votes.press(ballot.buttons[1].action, ADA, LOBBY)
    await platform.waiting.wait()
    lobby.clock.advance(55)

    with pytest.raises(RoundOver):
        await lobby.tables.votes.reply(ballot.id, "dragon", CLEO, LOBBY, buttons=ballot.buttons)

    past = await lobby.past(first)
    assert (past.round.state, past.round.winner, len(past.candidates)) == ("closed", 1, 3)
    platform.gate.set()


async def test_an_edit_that_never_ends(lobby: Lobby, platform: SlowPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A story waits for an edit for a while only, and then posts its next ballot without it."""
    monkeypatch.setattr(outbox, "PATIENCE", 0.01)
    await lobby.start()
    platform.gate.clear()

    await lobby.wait(60)

    assert "Round 2: vote until" in lobby.ballot.text


async def test_the_deadline_of_a_round_that_cannot_be_shown(lobby: Lobby, platform: SlowPlatform) -> None:
    """A round closes at its deadline, not when its platform is tried again after it."""
    await lobby.start()
    first = lobby.round_id
    await lobby.press(lobby.ballot.buttons[0], ADA)
    platform.broken = ConnectionError("down")
    with capture_logs():
        for seconds in (4, 1, 2, 4, 8, 16):  # the next try would be after 67 seconds
            await lobby.wait(seconds)

        await lobby.wait(25)

    assert (await lobby.past(first)).round.state == "closed"


async def test_a_platform_that_stays_away(lobby: Lobby) -> None:
    """A story waits for its platform for as long as it takes."""
    await lobby.start()
    lobby.platform.broken = ConnectionError("down")
    with capture_logs():
        for _ in range(1_030):  # 2.0 ** 1024 is more than a float holds
            await lobby.wait(61)

    lobby.platform.broken = None
    await lobby.wait(61)

    assert "Round 4: the story is paused" in lobby.ballot.text


async def test_a_table_that_breaks_down(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that ends before its story says so in the log."""

    class Broken(BaseException):
        """Nothing that a table expects."""

    async def post(*_: object, **__: object) -> str:
        raise Broken

    ended = asyncio.Event()
    monkeypatch.setattr(lobby.platform, "post", post)
    with capture_logs() as logs:
        await lobby.tables.start(LOBBY, ADA, text="Once upon a", model=lobby.model)
        (task,) = (each for each in asyncio.all_tasks() if each.get_name() == "story 1")
        task.add_done_callback(lambda _: ended.set())
        await ended.wait()

    assert [line["event"] for line in logs] == ["a story has lost its table"]
