"""What is kept of a person, as a file in the room that is kept nowhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.consent.wording import TEACH
from bot.conversation import Fleeting, Message, Person, Place
from bot.platforms.web.passing import MOST, SECONDS, Passing
from storage.rooms import RoomMessage
from storage.trips import Operation
from tests.bot.platforms.serving import Serving, serving
from tests.bot.platforms.test_web_api import until
from tests.patience import PATIENCE

ADA = Person("web", "Ada", "Ada")
LOBBY = Place("web", "lobby")
SECRET = "a secret of Ada"


def files(home: Path) -> bytes:
    """All that is on the disk."""
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


async def asked(lobby: Serving) -> str:
    """Where Ada's file is that she has just asked for."""
    before = len(await lobby.read(person="Ada"))
    await lobby.say("Ada", "/mydata")
    told = (await until(lobby, before + 2, person="Ada"))[-1]
    (file,) = told["attachments"]
    assert file["name"] == "mydata.json"
    url: str = file["url"]
    return url


async def test_kept_nowhere(home: Path) -> None:
    """The file can be fetched for ten minutes; what it says is in no file of the bot's, and in no browser's cache."""
    now = 0.0
    async with serving(home, ticks=lambda: now) as lobby:
        await lobby.bot.consents.agree(ADA, LOBBY, lobby.bot.consents.wording(TEACH))
        await lobby.bot.consents.teach(ADA, LOBBY, SECRET)
        url = await asked(lobby)

        there = await lobby.http.get(url)
        stored = files(home)
        now = SECONDS
        gone = await lobby.http.get(url)

    assert SECRET in there.text
    assert there.headers["Cache-Control"] == "no-store"
    assert SECRET.encode() not in stored
    assert (gone.status_code, "ask for it again" in gone.text) == (410, True)


async def test_fetched_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is there as soon as the message can be read, however late the bot hears that it is stored."""
    async with serving(home) as lobby:
        fetched = asyncio.Event()
        write = lobby.bot.database.write

        async def late(operation: Operation[Any]) -> Any:
            written = await write(operation)
            if isinstance(written, RoomMessage) and written.attachments:
                await fetched.wait()
            return written

        monkeypatch.setattr(lobby.bot.database, "write", late)
        await lobby.say("Ada", "/mydata")
        async with asyncio.timeout(PATIENCE):
            while len(messages := await lobby.read(person="Ada")) < 2:
                pass
        there = await lobby.http.get(messages[-1]["attachments"][0]["url"])
        fetched.set()

    assert there.status_code == 200


async def test_not_stored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the message cannot be stored, its file is not kept in memory either."""
    async with serving(home) as lobby:
        passing = lobby.room._passing
        write = lobby.bot.database.write
        taken: list[int] = []
        take = passing.take
        monkeypatch.setattr(passing, "take", lambda files, given: (taken.extend(files), take(files, given)))

        async def failing(operation: Operation[Any]) -> Any:
            written = await write(operation)
            if isinstance(written, RoomMessage) and written.attachments:
                raise OSError("the disk is full")
            return written

        monkeypatch.setattr(lobby.bot.database, "write", failing)
        with pytest.raises(OSError, match="full"):
            await lobby.room.post(LOBBY, Message("", attachments=(Fleeting("a", "text/plain", b"x"),)), private_for=ADA)

        assert len(taken) == 1
        assert passing.get(taken[0]) is None


async def test_after_a_restart(home: Path) -> None:
    """After a restart the file is gone, and can be asked for again."""
    async with serving(home) as lobby:
        url = await asked(lobby)
    async with serving(home) as lobby:
        gone = await lobby.http.get(url)
        again = await lobby.http.get(await asked(lobby))

    assert (gone.status_code, again.status_code) == (410, 200)


def test_many() -> None:
    """Only so many files are there at once, the last that were made."""
    passing = Passing(lambda: 0.0)
    file = Fleeting("mydata.json", "application/json", b"{}")

    for number in range(MOST + 1):
        passing.put(number, file)

    assert [passing.get(number) for number in (0, 1, MOST)] == [None, file, file]
