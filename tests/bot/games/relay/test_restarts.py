"""A relay whose process or platform falls in between, or whose message is taken away."""

from __future__ import annotations

from structlog.testing import capture_logs

from bot.conversation import MayNotWrite
from bot.games import actions
from bot.games.relay import RELAY
from storage import games
from tests.bot.games.conftest import ADA, CLEO, LOBBY
from tests.bot.games.relay.conftest import Ring


async def test_restart_in_the_middle_of_a_turn(ring: Ring) -> None:
    """A turn goes on for ten seconds at least, on a message of its own; the old one can still be pressed."""
    await ring.start()
    first = ring.newest
    button = first.message.buttons[0]

    await ring.restart(after=3600)

    assert ring.newest.id != first.id
    assert "It is Ada's turn until 13:00:10" in ring.newest.text
    assert first.text == "The relay goes on below."
    play = actions.play(button.action)
    assert play is not None
    await ring.games.press(play, CLEO, LOBBY)
    await ring.wait(10)
    assert (await ring.match()).turn == 1


async def test_restart_in_a_pause(ring: Ring) -> None:
    """A paused relay stays paused on its old message."""
    await ring.start()
    await ring.wait(60)
    await ring.wait(60)
    posts = len(ring.platform.said)

    await ring.restart(after=3600)

    assert len(ring.platform.said) == posts
    await ring.press("Go on", ADA)
    await ring.wait(4)
    assert "It is Ada's turn" in ring.newest.text


async def test_killed_before_the_model_wrote(ring: Ring) -> None:
    """A sentence that was stored is answered by the model after the restart, with the same seed."""
    await ring.start()
    await ring.games.close()
    ring.games = ring.opened()
    await ring.games.act(RELAY, LOBBY, "write", ADA, text="The king slept.")

    await ring.restart()

    match = await ring.match()
    assert match.text == "The king slept. He dreamt of soup."
    assert match.sentences[1].seed == 8
    assert "It is Ben's turn" in ring.newest.text


async def test_killed_before_the_end_was_shown(ring: Ring) -> None:
    """The end of a relay is shown after the restart, and then never again."""
    await ring.start("Once.")
    await ring.games.close()
    ring.games = ring.opened()
    await ring.games.act(RELAY, LOBBY, "stop", ADA)

    await ring.restart()
    posts = len(ring.platform.said)
    await ring.restart()

    assert "The end." in ring.newest.text
    assert len(ring.platform.said) == posts


async def test_platform_down(ring: Ring) -> None:
    """While the platform takes nothing, moves are stored; it is shown as soon as it can be."""
    await ring.start()
    ring.platform.broken = ConnectionError("down")
    await ring.act("write", ADA, "The king slept.")

    ring.platform.broken = None
    for _ in range(8):
        await ring.wait(60)

    assert (await ring.match()).text.startswith("The king slept. He dreamt of soup.")
    assert ring.newest.text.startswith("The king slept. He dreamt of soup.")


async def test_deleted_message(ring: Ring) -> None:
    """A message that somebody deleted is posted again."""
    await ring.start()
    gone = ring.newest
    ring.platform.said.remove(gone)

    ring.games.repost(LOBBY, gone.id)
    await ring.games.settled()

    assert "It is Ada's turn" in ring.newest.text


async def test_a_message_that_keeps_being_deleted(ring: Ring) -> None:
    """Where somebody, or something, deletes each message at once, they are posted ten seconds apart."""
    await ring.start(players=(ADA,))
    before = len(ring.platform.said)

    for _ in range(5):
        ring.platform.delete(ring.newest)
        ring.games.repost(LOBBY, ring.newest.id)
        await ring.games.settled()

    assert len(ring.platform.said) == before + 1
    await ring.wait(10)
    assert len(ring.platform.said) == before + 2


async def test_silenced(ring: Ring) -> None:
    """Where the bot may not write any more, one warning says so, and the game is shown once it may again."""
    await ring.start()
    ring.platform.broken = MayNotWrite()
    with capture_logs() as warnings:
        await ring.act("write", ADA, "The king slept.")
        for _ in range(3):
            ring.games.look_again(LOBBY)
            await ring.games.settled()
    ring.platform.broken = None

    ring.games.look_again(LOBBY)
    await ring.games.settled()

    told = [line for line in warnings if line["log_level"] == "warning"]
    assert [line["event"] for line in told] == ["a game may not be shown"]
    assert ring.newest.text.startswith("The king slept. He dreamt of soup.")


async def test_an_end_that_may_not_be_shown(ring: Ring) -> None:
    """A game that ends where the bot may not write is over all the same, also for the next process."""
    await ring.start()
    ring.platform.broken = MayNotWrite()

    await ring.act("stop", ADA)

    assert ring.games.running_on("web") == 0
    assert await ring.database.read(games.unfinished) == []
