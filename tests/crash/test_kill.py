"""What survives `kill -9` in the middle of a round: everything that anybody was told is saved."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Final

import pytest

from storage import rounds, stories, units
from storage.database import Database
from storage.rounds import Past
from storage.stories import Story
from storage.units import UnitRow
from tests.crash.program import Press, Program, Voter, eventually

KILLS: Final = 4
SEED: Final = 20_261_121
START: Final = "Once upon a time"


async def remembered(home: Path) -> tuple[Story, list[Past], list[UnitRow]]:
    """The story of the room as the database has it, while no program runs."""
    async with await Database.open(f"sqlite+aiosqlite:///{home / 'planchette.db'}") as database:
        story = await database.read(lambda conn: stories.latest(conn, "web:lobby"))
        assert story is not None
        history = await database.read(lambda conn: rounds.history(conn, story.id))
        appended = await database.read(lambda conn: units.every(conn, story.id))
    return story, history, appended


def check_votes(presses: list[Press], history: list[Past]) -> None:
    """Every vote that was acknowledged is there once: the last one, or one that was sent after it and not answered."""
    stored = [(vote.round, vote.person, vote.slot) for past in history for vote in past.votes]
    assert len({(round_id, person) for round_id, person, _ in stored}) == len(stored)
    told = {(round_id, person.partition(":")[2]): slot for round_id, person, slot in stored}
    for round_id, person in {(press.round, press.person) for press in presses if press.counted}:
        sent = [press for press in presses if (press.round, press.person) == (round_id, person)]
        last = max(number for number, press in enumerate(sent) if press.counted)
        assert told[round_id, person] in {press.slot for press in sent[last:]}


def check_units(history: list[Past], appended: list[UnitRow]) -> None:
    """The story has one unit a closed round, at its place, and it is what won."""
    closed = [past for past in history if past.round.state == "closed"]
    assert [unit.position for unit in appended] == list(range(len(appended)))
    assert [unit.round for unit in appended] == [past.round.id for past in closed]
    for unit, past in zip(appended, closed, strict=True):
        winner = next(candidate for candidate in past.candidates if candidate.slot == past.round.winner)
        assert (unit.text, unit.token_ids) == (winner.text, winner.token_ids)
    assert sum(past.round.state == "open" for past in history) <= 1


def shows(program: Program, text: str) -> bool:
    """Whether the room's newest ballot stands below this text, which is all of the story."""
    ballot = program.ballot()
    return ballot is not None and str(ballot["text"]).startswith(f"{text}\n\n")


def write_ins(program: Program, after: int) -> list[str]:
    """What people have put on the room's newest ballot, if that came after a message."""
    ballot = program.ballot()
    if ballot is None or ballot["id"] <= after:
        return []
    return [button["label"] for button in ballot["buttons"] if button["label"].startswith("␣zeb")]


@pytest.mark.timeout(300)
async def test_votes_survive_kills(home: Path) -> None:
    """However often it is killed while two people vote, no acknowledged vote is lost and no unit comes twice."""
    random = Random(SEED)
    presses: list[Press] = []
    lengths = [0]
    program = Program(home)
    program.say("Ada", f"/story start {START}")
    eventually(lambda: program.ballot() is not None, "the story has a ballot")
    ballot = program.ballot()
    assert ballot is not None
    program.press("Ada", ballot["id"], ballot["buttons"][0]["action"])
    program.say("Ada", "/story skip")  # the first round waits for more people
    for _ in range(KILLS):
        voters = [Voter(name, program, Random(random.random())) for name in ("Ada", "Bob")]
        for voter in voters:
            voter.start()
        eventually(
            lambda: all(any(press.counted for press in voter.presses) for voter in voters),  # noqa: B023  # called now
            "both have voted",
        )

        voters[0].join(random.random())  # any moment will do
        program.kill()
        for voter in voters:
            voter.join()
            assert voter.fault is None, voter.fault
            presses += voter.presses

        story, history, appended = await remembered(home)
        check_votes(presses, history)
        check_units(history, appended)
        lengths.append(len(appended))
        program = Program(home)
        text = START + "".join(unit.text for unit in appended)
        eventually(lambda: shows(program, text), "the story goes on where it stopped")  # noqa: B023  # called now

    assert program.stop() == 0
    story, history, appended = await remembered(home)
    check_votes(presses, history)
    assert story.state == "open"
    assert lengths == sorted(lengths)
    assert lengths[-1] > lengths[0]


@pytest.mark.timeout(120)
async def test_reply_survives_kill(home: Path) -> None:
    """A reply to the ballot that was taken is a write-in after a kill, however often that happens."""
    people = [f"Bob{number}" for number in range(KILLS)]
    program = Program(home)
    program.say("Ada", f"/story start seconds=600 {START}")
    eventually(lambda: program.ballot() is not None, "the story has a ballot")
    for number, person in enumerate(people, 1):
        ballot = program.ballot()
        assert ballot is not None
        program.say(person, f"zeb{person}", reply_to=ballot["id"])
        program.kill()
        program = Program(home)
        eventually(
            lambda: len(write_ins(program, after=ballot["id"])) == number,  # noqa: B023  # called now
            "the reply is on the ballot, which was posted again",
        )

    assert program.stop() == 0
    _, (past, *_), _ = await remembered(home)
    assert [row.writer for row in past.candidates if row.writer] == [f"web:{person}" for person in people]


@pytest.mark.timeout(120)
async def test_command_survives_kill(home: Path) -> None:
    """A command that was taken is carried out after a kill, and only once."""
    program = Program(home)
    program.say("Ada", f"/story start {START}")
    program.kill()

    program = Program(home)
    eventually(lambda: program.ballot() is not None, "the story has a ballot")
    assert program.stop() == 0

    story, history, _ = await remembered(home)
    assert story.title_text == START
    assert len([past for past in history if past.round.state == "open"]) == 1
