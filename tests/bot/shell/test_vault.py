"""`planchette vault`."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest

from bot.configuration import load_configuration
from storage import jobs, posts
from storage.database import Database
from storage.jobs import Job
from storage.posts import Post
from tests.bot.shell.conftest import Shell
from tests.storage.builders import ADA, LOBBY, NOON, after, given_by

TEXTS = [Post(LOBBY, None, "channel_log", ADA, f"m{number}", after(number), f"text {number}") for number in range(3)]


@pytest.fixture
def key() -> Path:
    return Path(os.environ["XDG_CONFIG_HOME"]) / "planchette" / "vault.key"


async def fill(home: Path, *, running: bool = False) -> None:
    """Texts that were given, and perhaps a training."""
    home.mkdir(exist_ok=True)  # noqa: ASYNC240
    configuration = load_configuration(home)
    async with await Database.open(configuration.database_url) as database:
        await database.write(partial(posts.add, vault=configuration.open_vault(), given=TEXTS))
        if running:
            await database.write(partial(jobs.add, job=Job("a", LOBBY, None, ADA, "running", {}, "en", NOON)))


async def given(home: Path) -> list[Post]:
    configuration = load_configuration(home)
    async with await Database.open(configuration.database_url) as database:
        return await database.read(partial(given_by, vault=configuration.open_vault(), person=ADA))


def test_rotate(shell: Shell, home: Path, key: Path) -> None:
    """The key is another one afterwards, alone in its file, and opens every text."""
    asyncio.run(fill(home))
    before = key.read_text()

    ran = shell("vault", "rotate")

    assert (ran.code, ran.out, ran.err) == (0, "", "3 texts and names are sealed with the new key.\n")
    assert key.read_text() != before
    assert len(key.read_text().split()) == 1
    assert asyncio.run(given(home)) == TEXTS


def test_rotate_json(shell: Shell, home: Path, key: Path) -> None:
    """Machines are told how many texts there were, also where there were none."""
    home.mkdir()

    ran = shell("vault", "rotate", "--json")

    assert (ran.code, ran.lines) == (0, [{"texts": 0, "vault": str(key)}])


def test_rotate_during_a_training(shell: Shell, home: Path, key: Path) -> None:
    """While a training runs nothing is changed, and a sentence says what to wait for."""
    asyncio.run(fill(home, running=True))
    before = key.read_text()

    ran = shell("vault", "rotate")

    assert ran.code == 1
    assert ran.err.endswith("Wait until it is over or cancel it, and rotate again.\n")
    assert key.read_text() == before


def test_rotate_a_setting(shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With keys in a setting the old one can be taken out afterwards, which is said."""
    monkeypatch.setenv("PLANCHETTE_VAULT__KEY", "old words")
    asyncio.run(fill(home))
    alone = shell("vault", "rotate")
    monkeypatch.setenv("PLANCHETTE_VAULT__KEY", "new words, old words")

    ran = shell("vault", "rotate")

    assert (alone.code, ran.code) == (1, 0)
    assert "put one before the old one" in alone.err
    assert ran.err.endswith("take it out of vault.key.\n")
    monkeypatch.setenv("PLANCHETTE_VAULT__KEY", "new words")
    assert asyncio.run(given(home)) == TEXTS


def test_damaged_key(shell: Shell, home: Path, key: Path) -> None:
    """A damaged file of keys is told in a sentence, by the doctor too, and stays as it is."""
    home.mkdir()
    key.parent.mkdir(parents=True)
    key.write_text("hello")

    ran, seen = shell("vault", "rotate"), shell("doctor", "--json")

    assert ran.code == 1
    assert "vault.key, cannot be used: it is damaged." in ran.err
    assert [line["state"] for line in seen.lines if line.get("check") == "vault"] == ["problem"]
    assert key.read_text() == "hello"
