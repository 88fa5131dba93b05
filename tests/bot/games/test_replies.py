"""Answers to messages: those to a ballot are write-ins, however the ballot came there."""

from __future__ import annotations

import pytest

from bot.conversation import Button
from bot.games.errors import RoundOver
from tests.bot.games.conftest import ADA, BEN, CELLAR, CLEO, LOBBY, Lobby


async def test_a_reply_to_the_ballot(lobby: Lobby) -> None:
    """An answer to the ballot is a write-in."""
    await lobby.start()
    ballot = lobby.ballot

    said = await lobby.tables.votes.reply(ballot.id, "dragon", BEN, LOBBY, buttons=ballot.buttons)

    assert said == "«␣dragon» is on the ballot, with your vote."
    await lobby.wait(60)
    assert await lobby.text() == "Once upon a dragon"


async def test_a_reply_before_the_tables_stand(lobby: Lobby) -> None:
    """A reply that is dealt with right after a restart is a write-in: its ballot is known by its buttons."""
    await lobby.start()
    ballot, buttons = lobby.ballot.id, lobby.ballot.buttons
    await lobby.tables.close()
    lobby.tables = lobby.opened()

    await lobby.tables.votes.reply(ballot, "dragon", BEN, LOBBY, buttons=buttons)

    assert await lobby.votes(1) == {BEN.key: 3}


async def test_a_late_reply(lobby: Lobby) -> None:
    """An answer to a ballot that is over is too late, whether or not it still has its buttons."""
    await lobby.start()
    ballot, buttons = lobby.ballot.id, lobby.ballot.buttons
    await lobby.wait(60)

    with pytest.raises(RoundOver):
        await lobby.tables.votes.reply(ballot, "knight", BEN, LOBBY, buttons=buttons)
    with pytest.raises(RoundOver):
        await lobby.tables.votes.reply(ballot, "knight", BEN, LOBBY)

    assert len((await lobby.past(lobby.round_id)).candidates) == 3


async def test_a_reply_after_the_story(lobby: Lobby) -> None:
    """An answer to the last ballot of a story that has ended is too late."""
    await lobby.start()
    ballot = lobby.ballot.id
    await lobby.tables.stop(LOBBY, ADA)
    await lobby.tables.settled()

    with pytest.raises(RoundOver):
        await lobby.tables.votes.reply(ballot, "knight", BEN, LOBBY)


async def test_a_reply_to_a_ballot_that_was_posted_again(lobby: Lobby) -> None:
    """The ballot that a restart took the buttons from stands for its round, which goes on below."""
    await lobby.start()
    ballot = lobby.ballot.id
    await lobby.restart(after=5)

    await lobby.tables.votes.reply(ballot, "dragon", CLEO, LOBBY)

    assert await lobby.votes(lobby.round_id) == {CLEO.key: 3}


@pytest.mark.parametrize("buttons", [(), (Button("Go on", "r:1"),), (Button("Elsewhere", "x"),)])
async def test_a_reply_to_something_else(lobby: Lobby, buttons: tuple[Button, ...]) -> None:
    """An answer to a message that is no ballot is no write-in."""
    await lobby.start()

    assert await lobby.tables.votes.reply("77", "knight", BEN, LOBBY, buttons=buttons) is None
    assert await lobby.tables.votes.reply(lobby.ballot.id, "knight", BEN, CELLAR) is None
