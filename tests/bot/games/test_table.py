"""A story is told: rounds open, take votes, close, and what happened stays."""

from __future__ import annotations

import asyncio

import pytest

from bot.conversation import Notice
from bot.games.errors import StoryRuns
from generators.completion import Unit
from storage import inbox
from tests.bot.games.conftest import ADA, ADMIN, BEN, CELLAR, CLEO, LOBBY, Lobby, round_of


async def test_the_first_ballot(lobby: Lobby) -> None:
    """A story begins with a ballot: the text, the model's candidates, a button for each."""
    await lobby.start()

    assert lobby.ballot.text.startswith("Once upon a\n\n")
    assert "Round 1: vote until 12:01:00 UTC" in lobby.ballot.text
    past = await lobby.past(lobby.round_id)
    assert [button.action for button in lobby.ballot.buttons] == [f"v:{past.round.id}:{slot}" for slot in range(3)]


async def test_an_empty_page(lobby: Lobby) -> None:
    """A story can begin with nothing."""
    await lobby.start("")

    assert lobby.ballot.text.startswith("(An empty page.")
    assert len(lobby.ballot.buttons) == 3


async def test_most_votes_win(lobby: Lobby) -> None:
    """At its deadline a round closes, its winner is appended, and the next ballot shows the longer text."""
    await lobby.start()
    first, button = lobby.ballot, lobby.ballot.buttons[1]
    await lobby.press(button, ADA)
    winner = (await lobby.past(lobby.round_id)).candidates[1]

    await lobby.wait(60)

    assert await lobby.text() == "Once upon a" + winner.text
    assert lobby.ballot.text.startswith("Once upon a" + winner.text)
    assert first.text == f"Round 1: «{winner.text.replace(' ', '␣')}» won with 1 of 1 vote."
    assert first.buttons == ()


async def test_a_vote_is_acknowledged_and_shown(lobby: Lobby) -> None:
    """A press says what was voted for; the tally is redrawn, with several votes in one edit."""
    await lobby.start()
    label = lobby.ballot.buttons[0].label.rpartition(" · ")[0]

    notices = [await lobby.press(lobby.ballot.buttons[0], person) for person in (ADA, BEN, ADA)]
    await lobby.wait(4)

    assert notices == [
        Notice(f"You voted for «{label}»."),
        Notice(f"You voted for «{label}»."),
        Notice(f"Your vote is for «{label}» already."),
    ]
    assert "— 2 votes" in lobby.ballot.text
    assert "Players: Ada, Ben (2 of 2 have voted)" in lobby.ballot.text
    assert len(lobby.ballot.before) == 1


async def test_a_changed_vote(lobby: Lobby) -> None:
    """A vote can be changed until the round closes, and still counts once."""
    await lobby.start()
    await lobby.press(lobby.ballot.buttons[0], ADA)

    notice = await lobby.press(lobby.ballot.buttons[1], ADA)

    assert notice.text.startswith("Your vote is now for «")
    assert await lobby.votes(lobby.round_id) == {ADA.key: 1}


async def test_twice_at_once(lobby: Lobby) -> None:
    """Two presses of one person at the same time are one vote."""
    await lobby.start()
    button = lobby.ballot.buttons[0]

    await asyncio.gather(*(lobby.tables.votes.press(button.action, ADA, LOBBY) for _ in range(5)))

    assert await lobby.votes(lobby.round_id) == {ADA.key: 0}


async def test_everybody_at_once(lobby: Lobby) -> None:
    """When the last two players press at the same time, the round closes once and one unit is appended."""
    await lobby.start()
    await lobby.press(lobby.ballot.buttons[0], ADA)
    await lobby.press(lobby.ballot.buttons[0], BEN)
    await lobby.wait(60)
    second = lobby.ballot.buttons[0].action

    await asyncio.gather(*(lobby.tables.votes.press(second, person, LOBBY) for person in (ADA, BEN, ADA, BEN)))
    await lobby.tables.settled()

    assert "Round 3" in lobby.ballot.text
    assert (await lobby.text()).startswith("Once upon a")
    story = await lobby.story()
    assert story.idle_rounds == 0


async def test_late_press(lobby: Lobby) -> None:
    """A press on a round that is over changes nothing and says so to that person only."""
    await lobby.start()
    first = lobby.ballot.buttons[0]
    first_round = lobby.round_id
    await lobby.wait(60)
    text = await lobby.text()
    said = len(lobby.platform.said)

    notice = await lobby.press(first, ADA)

    assert notice == Notice("This round is over.")
    assert await lobby.votes(first_round) == await lobby.votes(lobby.round_id) == {}
    assert await lobby.text() == text
    assert len(lobby.platform.said) == said


async def test_press_in_another_place(lobby: Lobby) -> None:
    """A button works in its own place only."""
    await lobby.start()

    notice = await lobby.press(lobby.ballot.buttons[0], ADA, place=CELLAR)

    assert notice == Notice("This button belongs to another place.")
    assert await lobby.votes(lobby.round_id) == {}


@pytest.mark.parametrize("action", ["", "v", "v:1", "v:1:x", "v:-1:0", "v:1:0:0", "x:1:0", "v:１:0", "v:" + "9" * 400])
async def test_malformed_actions(lobby: Lobby, action: str) -> None:
    """An action that no ballot ever had gets one sentence."""
    await lobby.start()

    notice = await lobby.press(action, ADA)

    assert notice == Notice("This button means nothing here; press one below a ballot.")


async def test_unknown_rounds_and_slots(lobby: Lobby) -> None:
    """A round that there never was is over; a slot that there is not is no candidate."""
    await lobby.start()

    assert await lobby.press("v:999999999999999999:0", ADA) == Notice("This round is over.")
    assert (await lobby.press(f"v:{lobby.round_id}:77", ADA)).text.startswith("This ballot has no such candidate")


async def test_all_players_have_voted(lobby: Lobby) -> None:
    """From the second round on a round closes when every player has voted; the first one lasts."""
    await lobby.start()
    for person in (ADA, BEN):
        await lobby.press(lobby.ballot.buttons[0], person)
    assert "Round 1" in lobby.ballot.text
    await lobby.wait(60)

    await lobby.press(lobby.ballot.buttons[0], ADA)
    assert "Round 2" in lobby.ballot.text
    await lobby.press(lobby.ballot.buttons[0], BEN)

    assert "Round 3" in lobby.ballot.text


async def test_players_who_joined_are_waited_for(lobby: Lobby) -> None:
    """Somebody who joined is a player, until they have missed more than three rounds."""
    await lobby.start()
    await lobby.tables.join(LOBBY, CLEO)
    for person in (ADA, BEN):
        await lobby.press(lobby.ballot.buttons[0], person)
    await lobby.wait(60)

    rounds = []
    for _ in range(4):
        for person in (ADA, BEN):
            await lobby.press(lobby.ballot.buttons[0], person)
        rounds.append(lobby.ballot.text.count("(2 of 3 have voted)") or "Cleo" in lobby.ballot.text)
        await lobby.wait(60 if rounds[-1] else 0)

    assert [bool(waited) for waited in rounds] == [True, True, True, False]


async def test_solo(lobby: Lobby) -> None:
    """A solo story's rounds close at the first vote, the first round too."""
    await lobby.start(solo=True)

    await lobby.press(lobby.ballot.buttons[0], ADA)
    await lobby.press(lobby.ballot.buttons[0], ADA)

    assert "Round 3" in lobby.ballot.text


async def test_the_end_wins(lobby: Lobby) -> None:
    """«The end» ends the story; nothing is appended, and nothing more can be pressed."""
    await lobby.start(candidates=5)
    end = next(button for button in lobby.ballot.buttons if button.label.startswith("The end"))
    await lobby.press(end, ADA)

    await lobby.wait(60)

    assert lobby.ballot.text.startswith("Once upon a\n\nThe end. Written by Ada and a language model.")
    assert lobby.ballot.buttons == ()
    assert (await lobby.story()).state == "ended"
    assert await lobby.text() == "Once upon a"
    assert await lobby.press(end, BEN) == Notice("This round is over.")


async def test_three_idle_rounds(lobby: Lobby) -> None:
    """After three rounds without a vote the story pauses; a press counts and lets it go on."""
    await lobby.start()

    for _ in range(3):
        await lobby.wait(60)
    await lobby.wait(3600)

    assert "the story is paused" in lobby.ballot.text
    assert "Round 4" in lobby.ballot.text
    notice = await lobby.press(lobby.ballot.buttons[0], BEN)
    await lobby.wait(4)
    assert notice.text.endswith("the story goes on.")
    assert "Round 4: vote until" in lobby.ballot.text
    assert await lobby.votes(lobby.round_id) == {BEN.key: 0}
    await lobby.wait(56)
    assert "Round 5: vote until" in lobby.ballot.text


async def test_pause_and_go_on(lobby: Lobby) -> None:
    """A paused round does not close; a press resumes it with its whole time."""
    await lobby.start()
    await lobby.wait(30)
    await lobby.tables.pause(LOBBY, ADA)
    await lobby.wait(3600)
    assert "the story is paused" in lobby.ballot.text

    await lobby.press(lobby.ballot.buttons[0], BEN)
    await lobby.wait(59)

    assert "Round 1" in lobby.ballot.text
    await lobby.wait(1)
    assert "Round 2" in lobby.ballot.text


async def test_undo(lobby: Lobby) -> None:
    """Undo takes the last unit back: the same candidates, no votes, a new attempt."""
    await lobby.start()
    first = lobby.round_id
    await lobby.press(lobby.ballot.buttons[0], ADA)
    await lobby.wait(60)
    second = lobby.ballot

    await lobby.tables.undo(LOBBY, ADA)
    await lobby.tables.settled()

    again, before = await lobby.past(lobby.round_id), await lobby.past(first)
    assert await lobby.text() == "Once upon a"
    assert [(row.slot, row.text, row.token_ids, row.logprob) for row in again.candidates] == [
        (row.slot, row.text, row.token_ids, row.logprob) for row in before.candidates
    ]
    assert again.votes == []
    assert (again.round.position, again.round.attempt) == (0, 2)
    assert before.round.state == "undone"
    assert second.text == "Round 2 was dropped."


async def test_undo_twice(lobby: Lobby) -> None:
    """Two units can be taken back one after the other, a third one that is not there cannot."""
    await lobby.start()
    await lobby.wait(60)
    await lobby.wait(60)

    await lobby.tables.undo(LOBBY, ADA)
    await lobby.tables.undo(LOBBY, ADA)

    assert await lobby.text() == "Once upon a"
    with pytest.raises(Exception, match="nothing to undo"):
        await lobby.tables.undo(LOBBY, ADA)
    await lobby.tables.settled()
    assert "Round 1: vote until" in lobby.ballot.text
    assert len(lobby.ballot.buttons) == 3


async def test_skip(lobby: Lobby) -> None:
    """Skipping closes the round now; the votes that there are decide."""
    await lobby.start()
    first = lobby.round_id
    await lobby.press(lobby.ballot.buttons[1], BEN)

    await lobby.tables.skip(LOBBY, ADA)
    await lobby.tables.settled()

    assert (await lobby.past(first)).round.winner == 1
    assert "Round 2" in lobby.ballot.text


async def test_stop(lobby: Lobby) -> None:
    """A stopped story stays as it is; its last round decides nothing."""
    await lobby.start()
    first = lobby.ballot
    button = first.buttons[0]
    await lobby.press(button, BEN)

    await lobby.tables.stop(LOBBY, ADMIN)
    await lobby.tables.settled()

    assert await lobby.text() == "Once upon a"
    assert first.text == "Round 1 was dropped."
    assert lobby.ballot.text.startswith("Once upon a\n\nThe end.")
    assert await lobby.press(button, BEN) == Notice("This round is over.")
    await lobby.start("Another")
    assert lobby.ballot.text.startswith("Another")


async def test_sentences(lobby: Lobby) -> None:
    """Sentences are voted on without probabilities."""
    await lobby.start("It rained.", unit=Unit.SENTENCE)
    sentence = (await lobby.past(lobby.round_id)).candidates[0]
    await lobby.press(lobby.ballot.buttons[0], ADA)

    assert "%" not in lobby.ballot.text
    assert all(" · " not in button.label for button in lobby.ballot.buttons)
    await lobby.wait(60)
    assert await lobby.text() == "It rained." + sentence.text


async def test_an_update_that_comes_again(lobby: Lobby) -> None:
    """A move whose update is delivered again is not made again."""
    at = lobby.clock.now()
    item = await lobby.database.write(lambda conn: inbox.receive(conn, "web", "7", {}, at))
    await lobby.start(origin=item)
    await lobby.wait(60)
    await lobby.wait(60)
    text = await lobby.text()
    undo = await lobby.database.write(lambda conn: inbox.receive(conn, "web", "8", {}, at))
    await lobby.tables.undo(LOBBY, ADA, origin=undo)
    shorter = await lobby.text()

    again = await lobby.tables.undo(LOBBY, ADA, origin=undo)
    with pytest.raises(StoryRuns):
        await lobby.start(origin=item)

    assert again == "This was done already."
    assert await lobby.text() == shorter != text


async def test_two_places(lobby: Lobby) -> None:
    """Each place has a story of its own."""
    await lobby.start("Upstairs")
    await lobby.start("Downstairs", place=CELLAR)

    await lobby.press(lobby.platform.newest(CELLAR).buttons[0], ADA, place=CELLAR)

    assert await lobby.votes(round_of(lobby.platform.newest(CELLAR))) == {ADA.key: 0}
    assert await lobby.votes(lobby.round_id) == {}
