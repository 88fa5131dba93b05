"""Stories that have grown long."""

from __future__ import annotations

import threading

import pytest

from bot.conversation import Attachment
from bot.games import export, moves
from bot.games.offers import next_offer
from bot.games.records import ENDING, situation, written
from storage import rounds, units
from storage.rounds import CandidateRow
from storage.units import UnitRow
from tests.bot.games.conftest import ADA, LOBBY, Lobby


async def grown(lobby: Lobby, length: int) -> None:
    """Appends so many units to the lobby's story, without its table."""
    await lobby.start()
    await lobby.tables.close()
    story, at = await lobby.story(), lobby.clock.now()

    async def grow(conn: object) -> None:
        await rounds.drop_open(conn, story.id, at)
        for position in range(length):
            round_ = await rounds.open_round(
                conn, story.id, position, 1, at, None, [CandidateRow(0, 0, " and", (3,), -1.0)], True
            )
            unit = UnitRow(story.id, position, round_.id, " and", (3,))
            await rounds.close_round(conn, round_.id, 0, "votes", unit, at, temperature=1.0)

    await lobby.database.write(grow)


async def test_a_step_reads_only_the_end(lobby: Lobby) -> None:
    """What is read at each step is the end of a long story, with the position that it has reached."""
    await grown(lobby, ENDING + 50)

    now = await lobby.database.read(lambda conn: situation(conn, 1))

    assert now is not None
    assert now.position == ENDING + 50
    assert now.ending == " and" * ENDING
    await lobby.restart()
    assert lobby.ballot.text.startswith("… and and")
    assert f"Round {ENDING + 51}: vote until" in lobby.ballot.text


async def test_another_way_to_the_same_length(lobby: Lobby) -> None:
    """Candidates that were sought for a word that has been taken back meanwhile open no round after another one."""
    await lobby.start()
    await lobby.tables.close()
    await lobby.tables.skip(LOBBY, ADA)
    story = await lobby.story()
    before = await lobby.database.read(lambda conn: written(conn, story))
    offer = await next_offer(lobby.generator, story, before.token_ids, 1)
    await lobby.tables.undo(LOBBY, ADA)
    await lobby.tables.skip(LOBBY, ADA)

    opened = await lobby.database.write(
        lambda conn: moves.open_next(conn, story.id, before.last, offer, lobby.clock.now())
    )

    assert opened is None
    last = await lobby.database.read(lambda conn: units.newest(conn, story.id))
    assert last is not None
    assert before.last is not None
    assert last.position == before.last.position


async def test_an_export_holds_nobody_up(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> None:
    """A story becomes a file beside everything else that the program does."""
    await lobby.start()
    threads = []
    attachment = export.attachment

    def seen(told: export.Told, form: export.Format, translate: export.Translate) -> Attachment:
        threads.append(threading.current_thread())
        return attachment(told, form, translate)

    monkeypatch.setattr(export, "attachment", seen)
    await lobby.tables.export(LOBBY, "json")

    assert threads
    assert threading.main_thread() not in threads
