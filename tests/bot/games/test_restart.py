"""What happens when the process, the platform or the model goes away in the middle of a story."""

from __future__ import annotations

import pytest

from bot.conversation import Notice
from bot.games.errors import WriterGone
from generators.errors import Busy, UnknownModel
from tests.bot.games.conftest import ADA, BEN, LOBBY, Lobby


async def test_restart_in_the_middle_of_a_round(lobby: Lobby) -> None:
    """A round goes on: all votes are there, the ballot is posted again, and both posts can be pressed."""
    await lobby.start()
    before = lobby.ballot
    button = before.buttons[0]
    await lobby.press(before.buttons[1], ADA)

    await lobby.restart(after=20)

    assert lobby.ballot.id != before.id
    assert lobby.ballot.buttons[0].action == button.action
    assert "12:01:00" in lobby.ballot.text
    assert "— 1 vote" in lobby.ballot.text
    assert before.text == "The story goes on below."
    notice = await lobby.press(button, BEN)
    assert notice.text.startswith("You voted for")
    assert await lobby.votes(lobby.round_id) == {ADA.key: 1, BEN.key: 0}


async def test_restart_after_the_deadline(lobby: Lobby) -> None:
    """A round whose time ran out meanwhile stays open for ten seconds more."""
    await lobby.start()
    round_id = lobby.round_id

    await lobby.restart(after=3600)
    await lobby.wait(9)

    assert (await lobby.past(round_id)).round.state == "open"
    await lobby.wait(1)
    assert (await lobby.past(round_id)).round.state == "closed"
    assert "Round 2" in lobby.ballot.text


async def test_restart_between_two_rounds(lobby: Lobby) -> None:
    """A story that was stopped after a round closed and before the next one opened opens it."""
    await lobby.start()
    await lobby.tables.close()
    lobby.tables = lobby.opened()
    await lobby.tables.skip(LOBBY, ADA)

    await lobby.restart()

    assert "Round 2: vote until" in lobby.ballot.text


async def test_restart_while_paused(lobby: Lobby) -> None:
    """A paused story stays paused, and its old ballot resumes it: nobody needs a second one."""
    await lobby.start()
    await lobby.tables.pause(LOBBY, ADA)
    await lobby.wait(4)

    await lobby.restart(after=3600)

    assert len(lobby.platform.said) == 1
    await lobby.press(lobby.ballot.buttons[0], BEN)
    await lobby.wait(4)
    assert "Round 1: vote until" in lobby.ballot.text


async def test_restart_while_paused_where_nothing_stays(lobby: Lobby) -> None:
    """Where messages end with the process, a paused story posts its ballot anew and edits no message of before."""
    lobby.platform.keeps_messages = False
    await lobby.start()
    await lobby.tables.pause(LOBBY, ADA)
    await lobby.wait(4)
    before = lobby.ballot.message

    await lobby.restart(after=3600)

    first, again = lobby.platform.said
    assert first.message == again.message == before


async def test_nothing_of_a_story_is_told_twice(lobby: Lobby) -> None:
    """However often the process restarts, each position has one unit and each person one vote."""
    await lobby.start()

    for _ in range(3):
        await lobby.press(lobby.ballot.buttons[0], ADA)
        await lobby.restart(after=5)
        await lobby.press(lobby.ballot.buttons[0], ADA)
        await lobby.wait(60)

    assert "Round 4" in lobby.ballot.text
    for round_id in (1, 2, 3):
        assert await lobby.votes(round_id) == {ADA.key: 0}


async def test_ended_stories_stay_ended(lobby: Lobby) -> None:
    """A restart takes up running stories only."""
    await lobby.start()
    await lobby.tables.stop(LOBBY, ADA)
    await lobby.tables.settled()
    said = len(lobby.platform.said)

    await lobby.restart()

    assert len(lobby.platform.said) == said


@pytest.mark.parametrize("fault", [Busy(64), RuntimeError("broken")])
async def test_a_model_that_fails(lobby: Lobby, fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """A story whose model fails pauses with a sentence; a press tries again."""
    await lobby.start()
    working = lobby.generator.complete

    def complete(request: object) -> object:
        raise fault

    monkeypatch.setattr(lobby.generator, "complete", complete)
    await lobby.wait(60)

    said = lobby.ballot
    assert "The story is paused." in said.text
    assert ("64 texts are waiting" if isinstance(fault, Busy) else "failed to answer") in said.text
    (again,) = said.buttons
    assert again.label == "Go on"
    monkeypatch.setattr(lobby.generator, "complete", working)
    assert await lobby.press(again, BEN) == Notice("The story goes on.")
    assert "Round 2: vote until" in lobby.ballot.text
    assert said.buttons == ()


async def test_a_model_that_is_gone(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> None:
    """A story whose model is no longer there says which one it was and what can be done, and suggests no press."""
    await lobby.start()

    def complete(request: object) -> object:
        raise UnknownModel("tales@script", "tales")

    monkeypatch.setattr(lobby.generator, "complete", complete)
    with pytest.raises(WriterGone):
        await lobby.tables.votes.write(LOBBY, BEN, "dragon")
    await lobby.wait(60)

    assert lobby.ballot.text.endswith(
        "The story is paused. The model tales in version script, which this story is written with, is no longer here. "
        "/story export keeps the text, /story stop ends the story."
    )
    assert lobby.ballot.buttons == ()


async def test_moves_of_a_story_that_is_stuck(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that failed is asked again when somebody presses, or takes back a unit, not at every move."""
    await lobby.start()
    working, asked = lobby.generator.complete, []

    def complete(request: object) -> object:
        asked.append(request)
        raise Busy(64)

    monkeypatch.setattr(lobby.generator, "complete", complete)
    await lobby.wait(60)

    await lobby.tables.join(LOBBY, BEN)
    await lobby.tables.settled()

    assert len(asked) == 1
    monkeypatch.setattr(lobby.generator, "complete", working)
    await lobby.tables.undo(LOBBY, ADA)
    await lobby.tables.settled()
    await lobby.tables.skip(LOBBY, ADA)
    await lobby.tables.settled()
    assert "Round 2" in lobby.ballot.text
    assert lobby.ballot.buttons[0].action.startswith("v:")


async def test_a_platform_that_is_down(lobby: Lobby) -> None:
    """A story waits for its platform, and shows everything once it is back."""
    await lobby.start()
    lobby.platform.broken = ConnectionError("down")
    await lobby.wait(60)

    lobby.platform.broken = None
    await lobby.wait(2)

    assert "Round 2: vote until" in lobby.ballot.text
    assert len(lobby.platform.said) == 2
