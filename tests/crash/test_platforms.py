"""What survives `kill -9` in the middle of a round on Discord and Telegram."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from random import Random
from typing import Final

import pytest

from storage import rounds, stories, units
from storage.database import Database
from tests.crash.program import ROOT, Press
from tests.crash.test_kill import check_units, check_votes
from tests.suite.discord import DiscordStage
from tests.suite.stage import ADA, BEN, CLEO
from tests.suite.telegram import TelegramStage

KILLS: Final = 3
SEED: Final = 20_261_121
FLOOD: Final = 90.0  # seconds; what killed programs said counts too in the 20 a minute that a group takes
TEXTS: Final = "Once upon a time there was a lighthouse that kept bees. Once upon a time a clock ran on rain. " * 4


class Program:
    """`planchette run` on a stage."""

    def __init__(self, stage: DiscordStage | TelegramStage) -> None:
        self._stage = stage
        self._process: asyncio.subprocess.Process

    async def start(self) -> None:
        """Starts it, and returns when people are heard."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PLANCHETTE_")}
        environment |= {"PLANCHETTE_HOME": str(self._stage.home), "PLANCHETTE_WEB__PORT": "0"}
        log_file = self._stage.home.parent / "log"
        with log_file.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot.cli", "run"),
                cwd=ROOT,
                env=environment | self._stage.environment,
                stdout=log,
                stderr=log,
            )
        while b"room is at" not in log_file.read_bytes():  # another process writes it
            assert self._process.returncode is None, log_file.read_text()
            await asyncio.sleep(0.02)
        await self._stage.ready()

    async def kill(self) -> None:
        """Ends it as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> None:
        """Asks it to end."""
        self._process.terminate()
        assert await self._process.wait() == 0


async def vote(stage: DiscordStage | TelegramStage, person: str, random: Random, presses: list[Press]) -> None:
    """Votes on the newest ballot again and again, and notes what was acknowledged."""
    while True:
        ballot = await stage.ballot()
        label = random.choice([label for label in ballot.candidates if not label.startswith("The end")])
        _, round_id, slot = stage.action(ballot, label).split(":")
        sent = len(presses)
        presses.append(Press(stage.id_of(person), int(round_id), int(slot), counted=False))
        told = await stage.pressed(person, ballot, label)
        counted = told.startswith(("You voted for", "Your vote is"))
        presses[sent] = Press(stage.id_of(person), int(round_id), int(slot), counted)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", [DiscordStage, TelegramStage], ids=lambda kind: kind.name)
async def test_votes_survive_kills(kind: type[DiscordStage | TelegramStage], home: Path) -> None:
    """However often it is killed while people vote, no acknowledged vote is lost and no unit comes twice."""
    random, presses = Random(SEED), list[Press]()
    stage = kind(home)
    await stage.enter()
    program = Program(stage)
    await program.start()
    await stage.says(ADA, "/story start candidates=3 seconds=600 Once upon a time")
    for _ in range(KILLS):
        await stage.ballot()
        voting = [asyncio.create_task(vote(stage, person, random, presses)) for person in (BEN, CLEO)]
        enough = len(presses) + random.randint(2, 8)
        while len(presses) < enough and not any(task.done() for task in voting):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await program.kill()
        for task in voting:
            task.cancel()
        await asyncio.gather(*voting, return_exceptions=True)
        await program.start()

    await program.stop()

    async with await Database.open(f"sqlite+aiosqlite:///{home / 'planchette.db'}") as database:
        story = await database.read(lambda conn: stories.latest(conn, stage.place))
        assert story is not None
        history = await database.read(lambda conn: rounds.history(conn, story.id))
        appended = await database.read(lambda conn: units.every(conn, story.id))
    assert any(press.counted for press in presses)
    check_votes(presses, history)
    check_units(history, appended)
    await stage.leave()


@pytest.mark.timeout(300)
async def test_commands_survive_kills(home: Path) -> None:
    """Whatever moment it is killed at, each command that was sent on Telegram is answered once it is back."""
    random = Random(SEED)
    stage = TelegramStage(home)
    await stage.enter()
    program = Program(stage)
    await program.start()
    for kill in range(KILLS):
        for number, person in enumerate((ADA, BEN, CLEO)):
            await stage.says(person, f"/generate length=20 seed={10 * kill + number} Once upon")
        await asyncio.sleep(random.uniform(0, 0.3))  # the moment of the power cut
        await program.kill()
        await program.start()

    for seed in [10 * kill + number for kill in range(KILLS) for number in range(3)]:
        await stage.until(lambda seen, seed=seed: f"seed={seed} " in f"{seen.text} ", patience=FLOOD)  # type: ignore[misc]
    await program.stop()
    await stage.leave()
