"""A new key for all that is sealed."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from storage import jobs, posts
from storage.database import Database
from storage.jobs import Job
from storage.posts import Post
from storage.rotation import Training, rotate
from storage.vault import CannotOpen, UnusableVault, Vault
from tests.storage.builders import ADA, LOBBY, NOON, after, given_by

TEXTS = 400


def said(number: int) -> Post:
    return Post(LOBBY, None, "channel_log", ADA, f"m{number}", after(number), f"text {number}")


async def fill(url: str, vault: Vault, count: int = TEXTS) -> None:
    async with await Database.open(url) as database:
        await database.write(partial(posts.add, vault=vault, given=[said(number) for number in range(count)]))


async def opened(url: str, vault: Vault) -> list[Post]:
    async with await Database.open(url) as database:
        return await database.read(partial(given_by, vault=vault, person=ADA))


async def test_rotated(url: str, vault: Vault, tmp_path: Path) -> None:
    """After a rotation all is sealed with a key that is new and alone, which a vault that was open follows."""
    await fill(url, vault, 30)
    before = Vault.of((tmp_path / "config" / "vault.key").read_text())
    elsewhere = Vault.open(tmp_path / "config" / "vault.key")
    steps: list[int] = []

    async with await Database.open(url) as database:
        sealed = await rotate(database, elsewhere, steps.append)

    assert (sealed, steps) == (30, [30])
    assert not elsewhere.rotating
    assert await opened(url, Vault.open(tmp_path / "config" / "vault.key")) == [said(number) for number in range(30)]
    assert await opened(url, vault) == [said(number) for number in range(30)]
    with pytest.raises(CannotOpen):
        await opened(url, before)


async def test_beside_a_writer(url: str, vault: Vault, tmp_path: Path) -> None:
    """What another program adds and changes all the while is there afterwards, and opens."""
    await fill(url, vault, 20)
    async with await Database.open(url) as database, await Database.open(url) as other:
        bot = Vault.open(tmp_path / "config" / "vault.key")

        async def write() -> None:
            for number in range(20, 60):
                await other.write(partial(posts.add, vault=bot, given=[said(number)]))
                await other.write(
                    partial(posts.change, vault=bot, place=LOBBY, message="m3", text=f"{number}", edited=after(number))
                )

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            for _ in range(3):
                await rotate(database, vault)

    found = {post.message: post.text for post in await opened(url, Vault.open(tmp_path / "config" / "vault.key"))}
    assert found == {f"m{number}": f"text {number}" for number in range(60)} | {"m3": "59"}


def test_killed(url: str, vault: Vault, tmp_path: Path) -> None:
    """Killed at any moment, nothing is lost, and the next rotation goes on to its end."""
    random.seed(1848)
    key = tmp_path / "config" / "vault.key"
    asyncio.run(fill(url, vault))
    command = [sys.executable, "-m", "tests.storage.rotator", url, str(key)]
    expected = [said(number) for number in range(TEXTS)]

    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as rotator:
            assert rotator.stdout is not None
            told = [rotator.stdout.readline() for _ in range(random.randrange(1, 15))]
            rotator.kill()
        assert told[-1].startswith("sealed")
        assert len(key.read_text().split()) == 2
        assert asyncio.run(opened(url, Vault.open(key))) == expected
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)

    assert done.stdout.splitlines()[-1] == "done"
    assert len(key.read_text().split()) == 1
    assert asyncio.run(opened(url, Vault.open(key))) == expected


async def test_while_a_training_waits(database: Database, vault: Vault) -> None:
    """No key is changed while a training's copy of the text needs it."""
    await database.write(partial(jobs.add, job=Job("a", LOBBY, None, ADA, "running", {}, "en", NOON)))

    with pytest.raises(Training, match="Wait until it is over or cancel it"):
        await rotate(database, vault)

    assert not vault.rotating


async def test_lost_key(url: str, vault: Vault) -> None:
    """Where a text cannot be opened, the old keys are kept."""
    await fill(url, Vault.of("lost"), 1)

    async with await Database.open(url) as database:
        with pytest.raises(CannotOpen):
            await rotate(database, vault)

    assert vault.rotating


async def test_keys_of_a_setting(url: str) -> None:
    """Keys of a setting: the new one before the old one, and all is sealed with the new; alone it says what to do."""
    await fill(url, Vault.of("old words"), 5)

    async with await Database.open(url) as database:
        with pytest.raises(UnusableVault, match="put one before the old one"):
            await rotate(database, Vault.of("old words"))
        assert await rotate(database, Vault.of("new words, old words")) == 5

    assert len(await opened(url, Vault.of("new words"))) == 5
