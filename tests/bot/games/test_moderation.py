"""A story where messages are deleted, where the bot may not write, and where much else is said."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.conversation import Limits, MayNotWrite, Message, Person, Place
from bot.games.errors import RoundOver
from tests.bot.games.conftest import ADA, BEN, CLEO, LOBBY, Lobby
from tests.fakes.platform import FakePlatform, Said
from tests.patience import PATIENCE


@pytest.fixture
def warnings() -> Iterator[list[Any]]:
    """What is logged."""
    with capture_logs() as logs:
        yield logs


async def deleted(lobby: Lobby, message: str) -> None:
    """The platform tells that a message was deleted."""
    lobby.tables.repost(LOBBY, message)
    await lobby.tables.settled()


async def test_a_deleted_ballot(lobby: Lobby) -> None:
    """A ballot that somebody deleted is posted again, and its votes count on."""
    await lobby.start()
    ballot = lobby.ballot
    await lobby.press(ballot.buttons[0], ADA)

    lobby.platform.delete(ballot)
    await deleted(lobby, ballot.id)

    assert lobby.ballot.id != ballot.id
    assert lobby.ballot.buttons == ballot.buttons
    assert "1 vote" in lobby.ballot.text
    assert (await lobby.story()).message == lobby.ballot.id


async def test_other_deleted_messages(lobby: Lobby) -> None:
    """A deleted message that is no story's newest is nobody's loss."""
    await lobby.start()
    first = lobby.ballot
    await lobby.wait(60)
    said = len(lobby.platform.said)

    await deleted(lobby, first.id)
    await deleted(lobby, "999")

    assert len(lobby.platform.said) == said


async def test_a_ballot_that_keeps_being_deleted(lobby: Lobby) -> None:
    """Where something deletes a ballot again and again, it is posted again every ten seconds at most."""
    await lobby.start()
    await deleted(lobby, lobby.ballot.id)
    await deleted(lobby, lobby.ballot.id)
    said = len(lobby.platform.said)

    await lobby.wait(9)

    assert len(lobby.platform.said) == said
    await lobby.wait(1)
    assert len(lobby.platform.said) == said + 1


async def test_a_ballot_that_is_found_gone(lobby: Lobby) -> None:
    """A ballot that turns out to be gone when its tally is to be redrawn is posted again."""
    await lobby.start()
    ballot = lobby.ballot
    lobby.platform.delete(ballot)
    await lobby.wait(5)

    await lobby.press(ballot.buttons[1], BEN)

    assert lobby.ballot.id != ballot.id
    assert "1 vote" in lobby.ballot.text


async def test_a_ballot_that_is_gone_when_its_round_is_over(lobby: Lobby, warnings: list[Any]) -> None:
    """A ballot that is gone when it would turn into its outcome is no reason to complain."""
    await lobby.start()
    lobby.platform.delete(lobby.ballot)

    await lobby.wait(60)

    assert "Round 2: vote until" in lobby.ballot.text
    assert warnings == []


async def test_silence(lobby: Lobby, warnings: list[Any]) -> None:
    """A story that may not be shown pauses with one warning, and tries nothing by itself."""
    await lobby.start()
    lobby.platform.broken = MayNotWrite("Send Messages")

    for _ in range(5):
        await lobby.wait(60)

    assert (await lobby.story()).state == "paused"
    (past,) = [await lobby.past(2)]
    assert (past.round.state, past.round.deadline) == ("open", None)
    assert [(line["event"], line["log_level"]) for line in warnings] == [("a story may not be shown", "warning")]


async def test_the_end_of_silence_by_a_command(lobby: Lobby, warnings: list[Any]) -> None:
    """Once the bot may write again, the next command shows the ballot that could not be shown, paused."""
    await lobby.start()
    lobby.platform.broken = MayNotWrite()
    await lobby.wait(60)
    lobby.platform.broken = None

    lobby.tables.look_again(LOBBY)
    await lobby.tables.settled()

    assert "Round 2: the story is paused" in lobby.ballot.text
    await lobby.press(lobby.ballot.buttons[0], ADA)
    assert (await lobby.story()).state == "open"


async def test_the_end_of_silence_by_a_press(lobby: Lobby, warnings: list[Any]) -> None:
    """A press on a ballot that still stands there lets the story go on, if the bot may write again."""
    await lobby.start()
    ballot = lobby.ballot
    await lobby.wait(5)
    lobby.platform.broken = MayNotWrite()
    await lobby.press(ballot.buttons[0], ADA)
    lobby.platform.broken = None

    notice = await lobby.press(ballot.buttons[1], BEN)

    assert "the story goes on" in notice.text
    assert (await lobby.story()).state == "open"
    assert "2 of 2 have voted" in lobby.ballot.text


async def test_a_press_while_it_is_silent(lobby: Lobby, warnings: list[Any]) -> None:
    """A press counts where nothing can be shown, and the story pauses again."""
    await lobby.start()
    await lobby.wait(5)
    ballot = lobby.ballot
    lobby.platform.broken = MayNotWrite()

    for by in (ADA, BEN):
        await lobby.press(ballot.buttons[0], by)

    assert (await lobby.story()).state == "paused"
    assert await lobby.votes(1) == {ADA.key: 0, BEN.key: 0}
    assert [line["event"] for line in warnings] == ["a story may not be shown"]


async def test_an_end_that_cannot_be_shown(lobby: Lobby, warnings: list[Any]) -> None:
    """A story that ends where the bot may not write is over all the same."""
    await lobby.start()
    lobby.platform.broken = MayNotWrite()

    await lobby.tables.stop(LOBBY, ADA)
    await lobby.tables.settled()

    assert (await lobby.story()).state == "ended"
    assert lobby.tables.running_on("web") == 0


class PartsPlatform(FakePlatform):
    """Each text fills two messages; ids are numbers of pairs."""

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        posted = await super().post(place, message, private_for=private_for, reply_to=reply_to)
        self.said[-1].id = f"{posted}a,{posted}b"
        return self.said[-1].id


class TestParts:
    """Ballots that fill several messages."""

    @pytest.fixture
    def platform(self) -> PartsPlatform:
        return PartsPlatform()

    async def test_a_reply_to_any_part(self, lobby: Lobby) -> None:
        """An answer to any part of a ballot is a write-in, though the buttons are on the last one alone."""
        await lobby.start()
        assert lobby.ballot.id == "1a,1b"

        told = await lobby.tables.votes.reply("1a", "dragon", CLEO, LOBBY)

        assert told == "«␣dragon» is on the ballot, with your vote."

    async def test_a_reply_to_a_part_of_an_old_ballot(self, lobby: Lobby) -> None:
        """An answer to any part of a ballot that has lost its buttons is told that it is over."""
        await lobby.start()
        await lobby.wait(60)

        with pytest.raises(RoundOver):
            await lobby.tables.votes.reply("1b", "dragon", CLEO, LOBBY)

    async def test_a_deleted_part(self, lobby: Lobby) -> None:
        """Where one part was deleted, the ballot is posted again."""
        await lobby.start()

        await deleted(lobby, "1b")

        assert lobby.ballot.id == "2a,2b"

    async def test_nobodys_message(self, lobby: Lobby) -> None:
        """An answer to another message means nothing to a story."""
        await lobby.start()

        assert await lobby.tables.votes.reply("1", "dragon", CLEO, LOBBY) is None


class CountingPlatform(FakePlatform):
    """A place takes three messages a minute."""

    def limits(self, place: Place, reply_to: str | None = None) -> Limits:
        return Limits(1.0, 30.0, 3.0)


class TestCrowdedPlace:
    """A story where the platform takes little."""

    @pytest.fixture
    def platform(self) -> CountingPlatform:
        return CountingPlatform()

    async def begin(self, lobby: Lobby, seconds: float) -> Said:
        """A story, after whose ballot two answers take what is left of the minute."""
        await lobby.tables.start(LOBBY, ADA, text="Once upon a", model=lobby.model, seconds=seconds)
        await lobby.tables.settled()
        await lobby.wait(41)
        for text in ("an answer", "another"):
            await lobby.outbox.post(LOBBY, Message(text))
        return lobby.platform.said[0]

    async def test_votes_meanwhile(self, lobby: Lobby) -> None:
        """A tally that has to wait is shown once, as it is when its turn comes."""
        ballot = await self.begin(lobby, 600)

        for by in (ADA, BEN, CLEO):
            await lobby.press(ballot.buttons[0], by)
            await lobby.wait(1)

        assert ballot.before == []
        lobby.clock.advance(16)
        await edited(ballot)
        assert len(ballot.before) == 1
        assert "3 votes" in ballot.text

    async def test_a_deadline_meanwhile(self, lobby: Lobby) -> None:
        """A round closes at its deadline though its tally still waits to be shown, and the tally is shown no more."""
        ballot = await self.begin(lobby, 55)
        await lobby.press(ballot.buttons[0], ADA)

        lobby.clock.advance(14)
        async with asyncio.timeout(PATIENCE):
            while (await lobby.past(1)).round.state == "open":  # a database is asked, which takes a while
                pass

        assert ballot.before == []
        lobby.clock.advance(5)
        await edited(ballot)
        assert "won with 1 of 1 vote" in ballot.text


async def edited(said: Said) -> None:
    """Returns once a message has been changed."""
    async with asyncio.timeout(PATIENCE):
        while not said.before:  # noqa: ASYNC110  # the platform is a plain list
            await asyncio.sleep(0)


async def test_the_language_after_a_restart(lobby: Lobby) -> None:
    """A story speaks the language of whoever began it, also in another process."""
    german = Person("web", "ada", "Ada", language="de")
    await lobby.tables.start(LOBBY, german, text="Once upon a", model=lobby.model)
    await lobby.tables.settled()
    before = lobby.ballot.text

    await lobby.restart()

    assert (await lobby.story()).language == "de"
    assert lobby.ballot.text.splitlines()[0] == before.splitlines()[0]
    assert "vote until" not in lobby.ballot.text
