"""Edits and deletions that nobody told of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.collecting import Collecting
from bot.history import Unreachable, Unreadable
from bot.rereading import Rereading, Stand, Version
from storage import posts
from storage.database import Database
from storage.posts import Post
from storage.vault import Vault
from tests.bot.collected import logged, texts
from tests.fakes.clock import FakeClock

PLACE, GUILD, ADA = "discord:5", "discord:6", "discord:1"
PAGE = 100


class Standing:
    """A platform whose messages say «line N», or something else since.

    Attributes:
        there: ids of the messages of each channel or thread.
        hidden: channels of which the platform shows an empty history.
        asked: the pages that were asked for.
        faults: are raised by the next requests.
    """

    platform = "discord"

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.there: dict[str, list[int]] = {"5": []}
        self.changed: dict[int, str] = {}
        self.hidden: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.faults: list[Exception] = []

    async def stand(self, source: str, after: str) -> Stand:
        if self.faults:
            raise self.faults.pop(0)
        self.asked.append((source, after))
        following = [] if source in self.hidden else [id_ for id_ in self.there[source] if id_ > int(after)][:PAGE]
        return Stand({str(id_): self._version(id_) for id_ in following}, len(following) == PAGE)

    async def is_gone(self, source: str, message: str) -> bool:
        if source in self.hidden:
            raise Unreadable("the history is hidden")
        return int(message) not in self.there[source]

    def _version(self, id_: int) -> Version:
        if id_ in self.changed:
            return Version(self.changed[id_], self.now)
        return Version(f"line {id_}", None)


class Known:
    """A logged channel of which messages are kept."""

    def __init__(self, database: Database, vault: Vault, clock: FakeClock) -> None:
        self.database, self.vault, self.clock = database, vault, clock
        self.present = Standing(clock.now())
        self.collecting = Collecting(database, vault, "DSC-1", clock)
        self.rereading = Rereading(database, self.collecting, self.present, clock)

    async def keep(self, ids: Sequence[int], thread: str | None = None, source: str = "channel_log") -> None:
        """Messages that are kept and stand there."""
        key = None if thread is None else f"discord:{thread}"
        at = self.clock.now() - timedelta(hours=1)
        given = [
            Post(PLACE, GUILD, source, ADA, str(id_), at + timedelta(seconds=id_), f"line {id_}", thread=key)
            for id_ in ids
        ]
        await self.database.write(partial(posts.add, vault=self.vault, given=given))
        self.present.there.setdefault(thread or "5", []).extend(ids)

    async def texts(self) -> list[str]:
        return await texts(self.database, self.vault, PLACE)


@pytest.fixture
async def known(tmp_path: Path) -> AsyncIterator[Known]:
    """Ada agreed two hours ago."""
    clock = FakeClock()
    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as database:
        known = Known(database, Vault.of("a key for tests"), clock)
        await logged(database, PLACE, clock.now() - timedelta(hours=2), ADA, guild=GUILD)
        await known.collecting.look_again()
        yield known


async def test_followed(known: Known) -> None:
    """What was deleted is not kept any more, and what was changed says what it says now; in threads too."""
    await known.keep(range(1, 251))
    await known.keep([300, 301], thread="55")
    for gone in (7, 120, 250):
        known.present.there["5"].remove(gone)
    known.present.there["55"].remove(301)
    known.present.changed = {8: "line eight"}

    await known.rereading.run()

    lines = [f"line {id_}" for id_ in range(1, 251) if id_ not in (7, 120, 250)]
    lines[lines.index("line 8")] = "line eight"
    assert await known.texts() == [*lines, "line 300"]


async def test_few_among_many(known: Known) -> None:
    """Where few messages of many are kept, only those pages are read on which some are, the newest first."""
    await known.keep([10, 5000, 90_000])
    known.present.there["5"] = list(range(1, 90_001))

    await known.rereading.run()

    assert known.present.asked == [("5", "9"), ("5", "4999"), ("5", "89999")]
    assert len(await known.texts()) == 3


async def test_hidden(known: Known) -> None:
    """A history that is hidden from the bot is no reason to delete anything."""
    await known.keep([1, 2])
    await known.keep([3], thread="55")
    known.present.hidden = {"5"}
    known.present.there["55"].clear()

    await known.rereading.run()

    assert await known.texts() == ["line 1", "line 2"]


async def test_exports_without_ids(known: Known) -> None:
    """What an export brought without the platform's ids cannot be compared, and stays."""
    at = known.clock.now()
    post = Post(PLACE, GUILD, "import", ADA, "csv:0123", at, "from a table")
    await known.database.write(partial(posts.add, vault=known.vault, given=[post]))

    await known.rereading.run()

    assert await known.texts() == ["from a table"]


async def test_goes_on(known: Known) -> None:
    """Where the platform does not answer it is asked again later; what is compared is not compared again until
    something else was missed."""
    await known.keep([1, 2])
    known.present.there["5"].remove(2)
    known.present.faults = [Unreachable("away")]

    running = asyncio.create_task(known.rereading.run())
    while not running.done():
        known.clock.advance(1)
        await asyncio.sleep(0)
    await known.rereading.run()
    first = len(known.present.asked)
    known.rereading.missed()
    await known.rereading.run()

    assert await known.texts() == ["line 1"]
    assert (first, len(known.present.asked)) == (1, 2)
