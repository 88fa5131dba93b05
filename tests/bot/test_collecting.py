"""What is kept of what people say, and what becomes of it when they change or delete it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.collecting import Collecting, Deleted, Edited, Heard
from bot.conversation import Person, Place
from storage import consents, logs, posts
from storage.below import places_of
from storage.database import Database
from storage.forgetting import forget
from storage.logs import Log
from storage.posts import Post
from storage.vault import Vault
from tests.bot.collected import agree, kept, logged, texts
from tests.fakes.clock import FakeClock
from tests.patience import PATIENCE

ADA = Person("telegram", "1", "Ada")
BEN = Person("telegram", "2", "Ben")
CHAT = Place("telegram", "-7")
TOPIC = Place("telegram", "-7:3", channel="-7")
KEY = "telegram:-7"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database of its own."""
    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as opened:
        yield opened


@pytest.fixture
def vault() -> Vault:
    """A key that no file holds."""
    return Vault.of("a key for tests")


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still."""
    return FakeClock()


@pytest.fixture
async def collecting(database: Database, vault: Vault, clock: FakeClock) -> Collecting:
    """A chat whose log is on, in which Ada agreed a minute ago."""
    await logged(database, KEY, clock.now() - timedelta(minutes=1), ADA.key)
    opened = Collecting(database, vault, None, clock)
    await opened.look_again()
    return opened


def said(text: str, clock: FakeClock, **more: object) -> Heard:
    """A message of Ada's at this moment."""
    return replace(Heard(ADA, CHAT, "m1", text, clock.now()), **more)  # type: ignore[arg-type]


def files(home: Path) -> bytes:
    """All that the database's files hold."""
    return b"".join(path.read_bytes() for path in home.iterdir())


async def test_who_agreed(collecting: Collecting, database: Database, vault: Vault, clock: FakeClock) -> None:
    """Of a logged place only what those say is kept who agreed; a topic belongs to its chat."""
    new = [
        await collecting.heard(said("from Ada", clock)),
        await collecting.heard(said("from Ben", clock, person=BEN, message="m2")),
        await collecting.heard(said("in a topic", clock, place=TOPIC, message="m3", reply_to="m1")),
    ]

    found = await kept(database, vault, KEY)
    assert new == [True, False, True]
    assert [(post.text, post.person, post.message, post.reply_to) for post in found] == [
        ("from Ada", ADA.key, "m1", None),
        ("in a topic", ADA.key, "m3", "m1"),
    ]


@pytest.mark.parametrize("text", ["", " \n", "/story start Once", "/ask@other_bot something"])
async def test_nothing_said(
    collecting: Collecting, database: Database, vault: Vault, clock: FakeClock, text: str
) -> None:
    """Commands, and messages without words, are not kept."""
    assert not await collecting.heard(said(text, clock))

    assert await kept(database, vault, KEY) == []


async def test_never_stored(
    collecting: Collecting, database: Database, clock: FakeClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What the gate refuses, a bot's words among it, reaches no table, no file of the database and no log line."""
    caplog.set_level("DEBUG")
    refused = [
        said("xylophone one", clock, person=BEN),
        said("xylophone two", clock, at=clock.now() - timedelta(minutes=2)),
        said("xylophone three", clock, is_bot=True),
        said("xylophone four", clock, place=Place("telegram", "-8")),
        said("xylophone five", clock, place=Place("discord", "9"), person=Person("discord", "1", "Ada")),
    ]

    assert await collecting.take_in(refused) == 0

    assert "xylophone" not in caplog.text
    assert b"xylophone" not in files(tmp_path)


async def test_sealed(collecting: Collecting, database: Database, clock: FakeClock, tmp_path: Path) -> None:
    """What is kept stands in no file of the database as it was said."""
    await collecting.heard(said("xylophone", clock))

    assert b"xylophone" not in files(tmp_path)
    with sqlite3.connect(tmp_path / "planchette.db") as connection:
        assert connection.execute("SELECT count(*) FROM posts").fetchone() == (1,)


async def test_twice(collecting: Collecting, database: Database, vault: Vault, clock: FakeClock) -> None:
    """A message that comes again, as after a crash, is kept once, and stays as it was edited meanwhile."""
    first = said("first", clock)
    await collecting.take_in([first, Edited(CHAT, "m1", "second", clock.now())])

    assert await collecting.take_in([first, first]) == 0

    assert await texts(database, vault, KEY) == ["second"]


async def test_edits_and_deletions(collecting: Collecting, database: Database, vault: Vault, clock: FakeClock) -> None:
    """An edit changes what is kept, a deletion deletes it, and neither brings in what was not kept."""
    await collecting.take_in([said(f"line {number}", clock, message=f"m{number}") for number in range(4)])

    await collecting.edited(CHAT, "m1", "changed", clock.now())
    await collecting.edited(CHAT, "m9", "never kept", clock.now())
    await collecting.deleted(CHAT, ["m2", "m8"])
    await collecting.take_in([Edited(CHAT, "m3", "", clock.now())])

    assert await texts(database, vault, KEY) == ["line 0", "changed"]


async def test_an_edit_that_may_not_be_kept(
    collecting: Collecting, database: Database, vault: Vault, clock: FakeClock
) -> None:
    """Where what an edited message says may not be kept, as once the log is off, what it said before is not either."""
    await collecting.heard(said("before", clock))
    await database.write(partial(logs.turn, log=Log(KEY, None, False, clock.now(), BEN.key)))
    await collecting.look_again()

    assert not collecting.wants(CHAT)
    assert collecting.keeps(CHAT)
    await collecting.edited(CHAT, "m1", "after", clock.now())

    assert await kept(database, vault, KEY) == []


async def test_withdrawn_meanwhile(collecting: Collecting, database: Database, vault: Vault, clock: FakeClock) -> None:
    """What somebody says after they withdrew is not kept, though they agree again later."""
    await database.write(partial(consents.withdraw, person=ADA.key, place=KEY, at=clock.now()))
    heard = [await collecting.heard(said("one", clock))]
    clock.advance(60)
    await agree(database, ADA.key, KEY, clock.now())

    heard.append(await collecting.heard(said("two", clock, at=clock.now() - timedelta(seconds=30))))
    heard.append(await collecting.heard(said("three", clock, message="m3")))

    assert heard == [False, False, True]
    assert await texts(database, vault, KEY) == ["three"]


async def test_discord_needs_its_permission(database: Database, vault: Vault, clock: FakeClock) -> None:
    """Nothing of Discord is listened to without Discord's permission, though its log is on."""
    place = Place("discord", "5", guild="6")
    await logged(database, "discord:5", clock.now(), "discord:1")

    without, with_one = (Collecting(database, vault, permission, clock) for permission in (None, "DSC-1"))
    for each in (without, with_one):
        await each.look_again()

    assert [each.wants(place) for each in (without, with_one)] == [False, True]
    assert [each.hears("discord") for each in (without, with_one)] == [False, True]


async def test_no_log(database: Database, vault: Vault, clock: FakeClock) -> None:
    """Without a log that is on, nothing that happens touches the database."""
    collecting = Collecting(database, vault, "DSC-1", clock)
    await collecting.look_again()
    await database.close()  # whatever touched it would raise

    new = await collecting.take_in(
        [said("words", clock), Edited(CHAT, "m1", "others", clock.now()), Deleted(CHAT, ("m1",))]
    )

    assert new == 0
    assert not collecting.wants(CHAT)


async def test_half_a_character(collecting: Collecting, database: Database, vault: Vault, clock: FakeClock) -> None:
    """What no database takes is kept as replacement characters: lone surrogates, and NUL."""
    await collecting.heard(said("a\ud83db\0c", clock))

    assert await texts(database, vault, KEY) == ["a\ufffdb\ufffdc"]


async def test_what_is_wanted_changes(collecting: Collecting, database: Database, clock: FakeClock) -> None:
    """Who waits is told when other places are listened to, and only then."""
    before = collecting.changed
    await collecting.look_again()
    same = before.is_set()

    await logged(database, "web:lobby", clock.now())
    await collecting.look_again()

    assert (same, before.is_set(), collecting.changed.is_set()) == (False, True, False)


async def test_who_looks_last(collecting: Collecting, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who began to look before a log was turned off does not have it heard again."""
    read, first, go_on = database.read, asyncio.Event(), asyncio.Event()

    async def slowly(operation: Any) -> Any:
        found = await read(operation)
        if not first.is_set():
            first.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(database, "read", slowly)
    early = asyncio.create_task(collecting.look_again())
    await first.wait()
    await database.write(partial(logs.turn, log=Log(KEY, None, False, datetime.now(UTC), "telegram:1")))
    late = asyncio.create_task(collecting.look_again())
    await asyncio.wait({late}, timeout=0.2)  # where nobody waits for the first, this is long enough
    go_on.set()
    await asyncio.gather(early, late)

    assert not collecting.wants(CHAT)


async def test_a_thread_that_is_gone(
    collecting: Collecting, database: Database, vault: Vault, clock: FakeClock
) -> None:
    """With a thread goes what was said in it, and what was said in its channel stays."""
    await collecting.heard(said("in the channel", clock))
    await collecting.heard(said("in a topic", clock, place=TOPIC, message="m2"))

    gone = await database.read(partial(places_of, platform="telegram", ids=["-7:3"]))
    await database.write(partial(forget, places=gone, at=clock.now()))

    assert await texts(database, vault, KEY) == ["in the channel"]


async def test_imports_beside_the_bot(
    collecting: Collecting, database: Database, vault: Vault, clock: FakeClock
) -> None:
    """What another program brings in is followed some minutes later, without a new start."""
    elsewhere = Place("telegram", "-8")
    brought = Post("telegram:-8", None, "import", ADA.key, "m1", clock.now(), "Once")
    running = asyncio.create_task(collecting.run())
    await database.write(partial(posts.add, vault=vault, given=[brought]))
    before = collecting.keeps(elsewhere)

    async with asyncio.timeout(PATIENCE):
        while not collecting.keeps(elsewhere):
            clock.advance(301)
            await asyncio.sleep(0.01)
    running.cancel()

    assert not before
