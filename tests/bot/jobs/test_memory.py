"""A training that takes more memory than there is."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app import Bot
from generators.training.job_directory import JobDirectory
from generators.training.processes import Processes
from tests.bot.conftest import ADA, LOBBY, Say
from tests.bot.consent.conftest import labelled
from tests.bot.jobs.conftest import PATIENCE, START, Chat, asked, has_directories

pytestmark = pytest.mark.timeout(600)

HUNGRY = """
import sys
import torch
from transformers import Trainer

def training_step(*_, **__):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

Trainer.training_step = training_step
from generators.training.job import main
sys.exit(main(sys.argv[1:]))
"""


class Hungry(Processes):
    """Processes in which torch has no memory for a step."""

    def start(self, directory: JobDirectory, key: bytes, threads: int) -> None:
        """Starts one."""
        del threads
        with directory.log.open("ab") as log:
            command = [sys.executable, "-c", HUNGRY, str(directory.path)]
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        assert child.stdin is not None
        with child.stdin as pipe:
            pipe.write(f"{key.hex()}\n".encode())
        self._children[directory.path.name] = child


@pytest.fixture
def runner() -> Hungry:
    """Carries trainings out until their first step."""
    return Hungry()


async def test_no_memory_for_a_step(bot: Bot, home: Path, say: Say, chat: Chat) -> None:
    """Where torch runs out of memory in the middle of a training, that is said, and nothing of it is left."""
    await chat()
    said = await asked(say)

    await bot.press(labelled(said, START), person=ADA, place=LOBBY)
    async with asyncio.timeout(PATIENCE):
        await bot.jobs.settled()

    assert "The training ended: it needs more memory than is free." in said.text
    assert not has_directories(home)
