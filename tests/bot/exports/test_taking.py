"""An export that goes through the gate into a ledger that others use too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.exports import taking
from bot.exports.errors import TruncatedExport
from bot.exports.exported import Chat, Exported
from bot.exports.rights import Brought
from bot.exports.taking import take
from storage import names, posts
from storage.database import Database
from storage.posts import Post
from storage.vault import Vault
from tests.bot.collected import logged, texts

PLACE, ADA = "discord:5", "discord:1"
START = datetime(2026, 5, 1, tzinfo=UTC)


class Few:
    """An export with six messages, which may end in the middle.

    Args:
        at: is called before each message with its number.
    """

    platform, name, numbered = "discord", "few.json", True

    def __init__(self, at: Callable[[int], None] = lambda _: None) -> None:
        self._at = at

    def chats(self) -> Sequence[Chat]:
        return [Chat("5")]

    def messages(self, chat: Chat | None = None) -> Iterator[Exported | None]:
        for number in range(6):
            self._at(number)
            yield Exported(f"{number}", "1", f"Ada {number % 2}", START + timedelta(minutes=number), f"line {number}")


@pytest.fixture
def vault() -> Vault:
    return Vault.of("a key for tests")


@pytest.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """Ada agrees; two messages are stored at a time."""
    monkeypatch.setattr(taking, "BATCH", 2)
    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as database:
        await logged(database, PLACE, START, ADA)
        yield database


def brought() -> Brought:
    return Brought(PLACE, None, "ticket 7", {}, None, elsewhere=False, now=START + timedelta(days=1), days=365)


async def test_names(database: Database, vault: Vault) -> None:
    """How people are called in an export is known, so that it can be taken out of what others say."""
    await take(database, vault, Few(), None, brought())

    assert await database.read(partial(names.of_place, vault=vault, place=PLACE)) == {"Ada 0", "Ada 1"}


async def test_what_others_store(database: Database, vault: Vault) -> None:
    """An import that fails takes back what it has stored itself, and nothing that was read beside it."""
    tasks: list[asyncio.Task[int]] = []

    def meanwhile(number: int) -> None:
        if number == 2:
            post = Post(PLACE, None, "import", ADA, "99", START, "read beside it")
            adding = database.write(partial(posts.add, vault=vault, given=[post]))
            tasks.append(asyncio.get_running_loop().create_task(adding))
        if number == 5:
            raise TruncatedExport("few.json")

    with pytest.raises(TruncatedExport):
        await take(database, vault, Few(meanwhile), None, brought())

    assert [task.result() for task in tasks] == [1]
    assert await texts(database, vault, PLACE) == ["read beside it"]


async def test_ended(database: Database, vault: Vault) -> None:
    """An import that is ended while it stores something leaves nothing behind."""

    def end(number: int) -> None:
        if number == 3:
            asyncio.get_running_loop().call_soon(importing.cancel)

    importing = asyncio.create_task(take(database, vault, Few(end), None, brought()))
    with pytest.raises(asyncio.CancelledError):
        await importing

    assert await texts(database, vault, PLACE) == []
