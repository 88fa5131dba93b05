"""Who may do what at the story of a place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest

from bot.conversation import Message, Person, Place
from bot.games.errors import (
    EmptyWriteIn,
    NoStoryRuns,
    NoStoryYet,
    NoSuchStory,
    NothingToUndo,
    NotYours,
    OnTheBallot,
    PausedAlready,
    RoundOver,
    StoryRuns,
    WroteAlready,
)
from bot.games.tables import Tables
from bot.outbox import Outbox
from bot.text import TooLong, UnusableText
from generators.completion import CompletionRequest, Event
from generators.errors import UserError
from storage import audit
from tests.bot.games.conftest import ADA, ADMIN, BEN, CLEO, LOBBY, Lobby

Move = Callable[[Tables, Person], Awaitable[object]]

KEEPERS_MOVES: list[Move] = [
    lambda tables, by: tables.pause(LOBBY, by),
    lambda tables, by: tables.undo(LOBBY, by),
    lambda tables, by: tables.skip(LOBBY, by),
    lambda tables, by: tables.stop(LOBBY, by),
]
MOVES: list[Move] = [
    *KEEPERS_MOVES,
    lambda tables, by: tables.join(LOBBY, by),
    lambda tables, by: tables.votes.write(LOBBY, by, "dragon"),
]


async def test_one_story_a_place(lobby: Lobby) -> None:
    """A second story cannot begin while one runs, and the first is not touched."""
    await lobby.start()

    with pytest.raises(StoryRuns):
        await lobby.start("Another")

    assert await lobby.text() == "Once upon a"


async def test_two_starts_at_once(lobby: Lobby) -> None:
    """Of two starts at the same time one begins a story, the other is told of it."""
    results = await asyncio.gather(lobby.start("One"), lobby.start("Two"), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["StoryRuns", "str"]
    assert len(lobby.platform.said) == 1


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\u202ea"])
async def test_unusable_beginnings(lobby: Lobby, text: str) -> None:
    """A beginning that cannot be stored begins nothing."""
    with pytest.raises(UnusableText):
        await lobby.start(text)

    assert lobby.platform.said == []
    with pytest.raises(NoStoryYet):
        await lobby.tables.show(LOBBY)


@pytest.mark.parametrize("move", KEEPERS_MOVES)
async def test_moves_of_the_keeper(lobby: Lobby, move: Move) -> None:
    """Pause, undo, skip and stop are for whoever started the story, and for admins."""
    await lobby.start()
    await lobby.wait(60)
    story, text = await lobby.story(), await lobby.text()

    with pytest.raises(NotYours):
        await move(lobby.tables, BEN)
    assert (await lobby.story(), await lobby.text()) == (story, text)

    await move(lobby.tables, ADMIN)


async def test_the_keepers_moves_are_recorded(lobby: Lobby) -> None:
    """Who paused, took back, skipped and stopped what is in the audit; a refused move is not."""
    await lobby.start()
    for by in (BEN, ADMIN):
        for move in (*KEEPERS_MOVES[2:3], *KEEPERS_MOVES):
            with suppress(NotYours):
                await move(lobby.tables, by)
                await lobby.tables.settled()

    entries = await lobby.database.read(partial(audit.entries, place=LOBBY.key))

    acts = ["story skip", "story pause", "story undo", "story skip", "story stop"]
    assert [(entry.person, entry.action, entry.facts) for entry in reversed(entries)] == [
        (ADMIN.key, act, {"story": 1}) for act in acts
    ]


@pytest.mark.parametrize("move", MOVES)
async def test_moves_without_a_story(lobby: Lobby, move: Move) -> None:
    """Where no story runs, every move says so."""
    with pytest.raises(NoStoryRuns):
        await move(lobby.tables, ADA)


async def test_pausing_twice(lobby: Lobby) -> None:
    """A paused story cannot be paused again."""
    await lobby.start()
    await lobby.tables.pause(LOBBY, ADA)

    with pytest.raises(PausedAlready):
        await lobby.tables.pause(LOBBY, ADA)


async def test_nothing_to_undo(lobby: Lobby) -> None:
    """Undo in the first round changes nothing: its votes stay."""
    await lobby.start()
    await lobby.press(lobby.ballot.buttons[0], BEN)

    with pytest.raises(NothingToUndo):
        await lobby.tables.undo(LOBBY, ADA)

    await lobby.tables.settled()
    assert await lobby.votes(lobby.round_id) == {BEN.key: 0}


async def test_a_write_in(lobby: Lobby) -> None:
    """A write-in joins the ballot with the space it needs, its writer's vote and the model's own probability."""
    await lobby.start()

    said = await lobby.tables.votes.write(LOBBY, BEN, "dragon")
    await lobby.wait(4)

    assert said == "«␣dragon» is on the ballot, with your vote."
    row = (await lobby.past(lobby.round_id)).candidates[-1]
    assert (row.slot, row.text, row.writer) == (3, " dragon", BEN.key)
    assert row.logprob is not None
    assert row.logprob < 0
    assert await lobby.votes(lobby.round_id) == {BEN.key: 3}
    assert lobby.ballot.buttons[3].label.startswith("␣dragon · ")
    assert "␣dragon (written in) — 1 vote" in lobby.ballot.text


async def test_others_vote_for_a_write_in(lobby: Lobby) -> None:
    """A write-in can win like any candidate."""
    await lobby.start()
    await lobby.tables.votes.write(LOBBY, BEN, "dragon")
    await lobby.wait(4)
    await lobby.press(lobby.ballot.buttons[0], CLEO)
    await lobby.press(lobby.ballot.buttons[3], ADA)

    await lobby.wait(60)

    assert await lobby.text() == "Once upon a dragon"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", EmptyWriteIn),
        ("\u200b\u2060", EmptyWriteIn),
        ("x" * 101, TooLong),
        ("a\0", UnusableText),
        ("\u202ea", UnusableText),
    ],
)
async def test_refused_write_ins(lobby: Lobby, text: str, refusal: type[UserError]) -> None:
    """A write-in that nobody could read gets a sentence and changes nothing."""
    await lobby.start()

    with pytest.raises(refusal):
        await lobby.tables.votes.write(LOBBY, BEN, text)

    past = await lobby.past(lobby.round_id)
    assert len(past.candidates) == 3
    assert past.votes == []


async def test_a_write_in_that_is_on_the_ballot(lobby: Lobby) -> None:
    """A candidate's own text, with or without its space, is no write-in."""
    await lobby.start()
    text = (await lobby.past(lobby.round_id)).candidates[0].text

    for typed in (text, text.strip(), f"{text.strip()}\u200b"):
        with pytest.raises(OnTheBallot):
            await lobby.tables.votes.write(LOBBY, BEN, typed)

    assert await lobby.votes(lobby.round_id) == {}


async def test_one_write_in_each(lobby: Lobby) -> None:
    """A person writes in once a round, also when they try twice at once; in the next round they may again."""
    await lobby.start()

    results = await asyncio.gather(
        *(lobby.tables.votes.write(LOBBY, BEN, text) for text in ("dragon", "knight")), return_exceptions=True
    )

    assert {type(result) for result in results} == {str, WroteAlready}
    assert len((await lobby.past(lobby.round_id)).candidates) == 4
    await lobby.wait(60)
    await lobby.tables.votes.write(LOBBY, BEN, "rode")
    assert len((await lobby.past(lobby.round_id)).candidates) == 4


async def test_show(lobby: Lobby) -> None:
    """Showing gives the ballot without buttons while a story runs, and its end afterwards."""
    await lobby.start()

    running = await lobby.tables.show(LOBBY)
    ballot = lobby.ballot.message
    await lobby.tables.stop(LOBBY, ADA)
    ended = await lobby.tables.show(LOBBY)

    assert running == Message(ballot.text)
    assert ended.text.startswith("Once upon a\n\nThe end.")


async def test_a_write_in_after_its_round(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write-in whose round closes while the model reads it is too late, and joins no later round."""
    await lobby.start()
    complete = lobby.generator.complete

    @asynccontextmanager
    async def slow(request: CompletionRequest) -> AsyncIterator[AsyncIterator[Event]]:
        if request.echo:
            monkeypatch.undo()
            await lobby.tables.skip(LOBBY, ADA)
        async with complete(request) as events:
            yield events

    monkeypatch.setattr(lobby.generator, "complete", slow)
    with pytest.raises(RoundOver):
        await lobby.tables.votes.write(LOBBY, BEN, "dragon")

    await lobby.tables.settled()
    assert "Round 2" in lobby.ballot.text
    assert "dragon" not in lobby.ballot.text


async def test_the_first_vote_is_shown_at_once(lobby: Lobby) -> None:
    """A new ballot may be redrawn as soon as its platform allows, then every four seconds."""
    await lobby.start()
    await lobby.wait(1)

    await lobby.press(lobby.ballot.buttons[0], ADA)
    assert "— 1 vote" in lobby.ballot.text
    await lobby.press(lobby.ballot.buttons[0], BEN)
    await lobby.wait(3)
    assert "— 1 vote" in lobby.ballot.text
    await lobby.wait(1)

    assert "— 2 votes" in lobby.ballot.text


async def test_the_place_decides_draws(lobby: Lobby) -> None:
    """A story without a temperature of its own follows its place's, as it is when a round closes."""
    warmth = 5.0

    async def temperature(place: object) -> float:
        return warmth

    lobby.tables = Tables(
        lobby.database,
        lobby.generator,
        {"web": Outbox(lobby.platform, lobby.clock)},
        clock=lobby.clock,
        seed=lobby.seeds,
        temperature=temperature,
    )
    await lobby.start(temperature=None)
    warmth = 0.0

    for _ in range(2):
        await lobby.wait(60)

    for round_id in (1, 2):
        past = await lobby.past(round_id)
        assert past.round.winner == 0
        assert (past.round.reason, past.round.temperature) == ("no votes", 0.0)


async def test_an_older_story(lobby: Lobby) -> None:
    """A story of the place can be chosen by its number; one of another place cannot."""
    await lobby.start(text="Once upon")
    await lobby.tables.stop(LOBBY, ADA)
    await lobby.tables.settled()
    await lobby.start(text="Once upon a time")
    elsewhere = Place("web", "attic")

    older, newer = reversed(await lobby.tables.names(LOBBY))

    assert older.endswith(" Once upon")
    assert newer.endswith(" Once upon a time")
    assert (await lobby.tables.show(LOBBY, name=older)).text.startswith("Once upon\n")
    assert (await lobby.tables.export(LOBBY, "md", name=older.split()[0])).attachments[0].name.endswith(".md")
    for place, name in ((elsewhere, older), (LOBBY, "999"), (LOBBY, "nonsense")):
        with pytest.raises(NoSuchStory, match="There is no story"):
            await lobby.tables.show(place, name=name)
