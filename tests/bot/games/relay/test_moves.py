"""A relay in the lobby: turns, the clock, and what whoever moves is told."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from bot.conversation import Notice
from bot.games import actions
from bot.games.hosting import GameOver, GameRuns, NoGameRuns
from bot.games.kinds import NotYourGame
from bot.games.relay import RELAY
from bot.games.relay.errors import ModelsTurn, NotYourTurn, PlaysAlready
from generators.errors import UserError
from storage import audit, inbox
from tests.bot.games.conftest import ADA, ADMIN, BEN, CELLAR, CLEO, LOBBY
from tests.bot.games.relay.conftest import Ring


async def test_begun(ring: Ring) -> None:
    """A new relay shows whose turn it is, until when, and how to write."""
    await ring.start("Once.")

    assert ring.newest.text.startswith("Once.\n\nIt is Ada's turn until 12:01:00 UTC")
    assert "reply to this message, or use /relay write" in ring.newest.text
    await ring.wait(4)
    assert ring.newest.text.endswith("Sentences: 0 of 20.\nIn turn: Ada, Ben.")
    assert [button.label for button in ring.newest.message.buttons] == ["Join", "Write…"]
    assert ring.newest.message.buttons[1].asks == "Your sentence"
    assert all(len(button.action.encode()) <= 64 for button in ring.newest.message.buttons)


async def test_sentence_and_answer(ring: Ring) -> None:
    """After a person's sentence the model writes one, and the next person has the turn on a message of its own."""
    await ring.start()
    first = ring.newest

    told = await ring.act("write", ADA, "The king slept.")

    match = await ring.match()
    assert told == "Your sentence is in the text."
    assert match.text == "The king slept. He dreamt of soup."
    assert [each.writer for each in match.sentences] == [ADA.key, None]
    assert match.sentences[0].token_ids is not None
    assert match.sentences[1].seed == 8
    assert ring.newest.text.startswith("The king slept. He dreamt of soup.\n\nIt is Ben's turn")
    assert first.text == "Ada: «The king slept.»\ntales: «He dreamt of soup.»"
    assert first.message.buttons == ()


async def test_space_only_where_needed(ring: Ring) -> None:
    """A sentence is appended as typed, with a space where it would run into the one before."""
    await ring.start("Es war einmal。")
    await ring.act("write", ADA, "The queen came.")

    await ring.act("write", BEN, '"The soup!"')

    text = (await ring.match()).text
    assert text.startswith("Es war einmal。The queen came.")
    assert ' "The soup!"' in text


async def test_out_of_turn(ring: Ring) -> None:
    """Who writes when it is another's turn is told whose it is, and nothing changes."""
    await ring.start()

    with pytest.raises(NotYourTurn, match="It is Ada's turn; yours comes"):
        await ring.act("write", BEN, "No.")
    with pytest.raises(NotYourTurn, match="/relay join gives you one"):
        await ring.act("write", CLEO, "No.")

    assert (await ring.match()).sentences == ()


@pytest.mark.parametrize("text", ["", " \u2063 ", "a\0b", "x" * 301, "\u202eabc"])
async def test_unusable_sentence(ring: Ring, text: str) -> None:
    """A sentence that is empty, too long, or has characters that cannot be shown is refused with one sentence."""
    await ring.start()

    with pytest.raises(UserError) as refused:
        await ring.act("write", ADA, text)

    assert refused.value.sentence()
    assert (await ring.match()).sentences == ()


async def test_passed_over(ring: Ring) -> None:
    """Who does not write in time is passed over, on the same message."""
    await ring.start()
    posts = len(ring.platform.said)

    await ring.wait(60)

    assert "It is Ben's turn until 12:02:00" in ring.newest.text
    assert len(ring.platform.said) == posts


async def test_pause(ring: Ring) -> None:
    """Once everybody was passed over in a row the relay waits; a sentence of any player goes on with it."""
    await ring.start()
    await ring.wait(60)
    await ring.wait(60)
    assert "The relay is paused" in ring.newest.text
    assert (await ring.match()).deadline is None
    await ring.wait(3600)

    await ring.act("write", BEN, "The queen came.")

    assert "It is Ada's turn until" in ring.newest.text
    assert (await ring.match()).text == "The queen came. She rang a bell."


async def test_go_on(ring: Ring) -> None:
    """The button of a paused relay gives whose turn it was all the time; a second press says that it goes on."""
    await ring.start()
    await ring.wait(60)
    await ring.wait(60)
    paused = ring.newest.message

    notice = await ring.press("Go on", CLEO)

    assert notice == Notice("The relay goes on.")
    await ring.wait(4)
    assert "It is Ada's turn until 12:03:00" in ring.newest.text
    play = actions.play(paused.buttons[0].action)
    assert play is not None
    with pytest.raises(UserError, match="The relay is going on already"):
        await ring.games.press(play, CLEO, LOBBY)


async def test_late_sentence(ring: Ring) -> None:
    """A sentence that comes after its time is refused, however late the clock's bell rings."""
    await ring.start()
    ring.clock._now += timedelta(seconds=61)  # no bell has rung

    with pytest.raises(NotYourTurn, match="It is Ben's turn"):
        await ring.games.act(RELAY, LOBBY, "write", ADA, text="Too late.")

    assert (await ring.match()).sentences == ()


async def test_join_while_it_runs(ring: Ring) -> None:
    """Who joins comes after all the others; a second press says that they play already."""
    await ring.start()

    notice = await ring.press("Join", CLEO)

    assert notice == Notice("Cleo plays along, and writes after the others.")
    assert [player.name for player in (await ring.match()).players] == ["Ada", "Ben", "Cleo"]
    with pytest.raises(PlaysAlready):
        await ring.press("Join", CLEO)


async def test_written_through_a_form(ring: Ring) -> None:
    """The line that the button asks for is a sentence."""
    await ring.start()

    notice = await ring.press("Write…", ADA, text="The king slept.")

    assert notice == Notice("Your sentence is in the text.")
    assert len((await ring.match()).sentences) == 2


async def test_reply(ring: Ring) -> None:
    """A reply to the relay's message is a sentence, also where that has become an older one without buttons."""
    await ring.start()
    first = ring.newest.id
    told = await ring.games.reply(first, "The king slept.", ADA, LOBBY)
    await ring.games.settled()

    again = await ring.games.reply(first, "The queen came.", BEN, LOBBY)

    assert told == again == "Your sentence is in the text."
    assert await ring.games.reply("nothing of ours", "Hello.", BEN, LOBBY) is None


async def test_leave(ring: Ring) -> None:
    """Whose turn it is may leave; the next one has all the time. Without anybody the relay waits for who joins."""
    await ring.start()
    await ring.wait(30)

    await ring.act("leave", ADA)

    assert (await ring.match()).deadline == ring.clock.now() + timedelta(seconds=60)
    await ring.act("leave", BEN)
    await ring.wait(4)
    assert "nobody plays" in ring.newest.text
    await ring.act("join", CLEO)
    await ring.wait(4)
    assert "It is Cleo's turn" in ring.newest.text


async def test_skip(ring: Ring) -> None:
    """Whose turn it is may pass it on, as may who started it and admins; nobody else."""
    await ring.start()
    with pytest.raises(NotYourGame):
        await ring.act("skip", BEN)

    await ring.act("skip", ADA)
    await ring.act("skip", BEN)

    assert (await ring.match()).paused


async def test_stop(ring: Ring) -> None:
    """Who started it or an admin ends it; the whole is shown, nothing can be pressed, and the audit knows."""
    await ring.start("Once.")
    with pytest.raises(NotYourGame):
        await ring.act("stop", BEN)

    assert await ring.act("stop", ADMIN) == "The relay was ended."

    assert ring.newest.text == "Once.\n\nThe end.\n/relay export gives the whole text as a file."
    assert all(not said.message.buttons for said in ring.platform.said)
    assert [entry.action for entry in await ring.database.read(partial(audit.entries, place=LOBBY.key))] == [
        "relay stop"
    ]
    with pytest.raises(NoGameRuns):
        await ring.act("join", CLEO)


async def test_number_of_sentences(ring: Ring) -> None:
    """The relay ends with its last sentence, whoever writes it."""
    await ring.start(most=3)
    await ring.act("write", ADA, "The king slept.")

    await ring.act("write", BEN, "The soup was hot.")

    assert ring.newest.text.startswith("The king slept. He dreamt of soup. The soup was hot.\n\nThe end.")
    assert "Written by Ada, Ben and a language model." in ring.newest.text


async def test_model_ends_the_text(ring: Ring) -> None:
    """Where the model ends its text, the relay is over."""
    await ring.start("The queen came. She rang a bell.")

    await ring.act("write", ADA, "The bell broke.")

    match = await ring.match()
    assert match.ended
    assert "The end." in ring.newest.text


async def test_model_fails(ring: Ring) -> None:
    """Where the model fails, the relay is paused and says why; its turn can be tried again, or skipped."""
    await ring.start()

    await ring.act("write", ADA, "thunder.")
    await ring.wait(4)

    assert "The relay is paused. The model tales failed to answer. Press the button" in ring.newest.text
    with pytest.raises(ModelsTurn):
        await ring.act("write", BEN, "Hello.")
    await ring.press("Go on", BEN)
    assert (await ring.match()).paused
    await ring.act("skip", ADA)
    assert "It is Ben's turn" in ring.newest.text


async def test_one_a_place(ring: Ring) -> None:
    """A place has one relay at a time; a game that is over leaves room for another."""
    await ring.start()

    with pytest.raises(GameRuns):
        await ring.start()
    await ring.act("stop", ADA)
    await ring.start("Again.")

    assert ring.newest.text.startswith("Again.")


async def test_other_places(ring: Ring) -> None:
    """A button means nothing in another place, and nothing once its game is over."""
    await ring.start()
    play = actions.play(ring.newest.message.buttons[0].action)
    assert play is not None

    with pytest.raises(UserError, match="another place"):
        await ring.games.press(play, CLEO, CELLAR)
    await ring.act("stop", ADA)
    with pytest.raises(GameOver):
        await ring.games.press(play, CLEO, LOBBY)


async def test_twice(ring: Ring) -> None:
    """What comes in twice is written once."""
    await ring.start()
    item = await ring.database.write(
        partial(inbox.receive, platform="web", update="1", payload={}, at=ring.clock.now())
    )

    await ring.act("write", ADA, "The king slept.", origin=item)
    told = await ring.act("write", ADA, "The king slept.", origin=item)

    assert told == "This was done already."
    assert len((await ring.match()).sentences) == 2
