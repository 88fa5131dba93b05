"""What is deleted is gone from the disk too."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, text

from storage import consents, posts
from storage.consents import Consent
from storage.database import Database
from storage.errors import StorageError
from storage.posts import Post
from storage.schema import posts as table
from storage.vault import Vault
from tests.storage.builders import ADA, BOB, LOBBY, NOON, after, given_by

SECRET = "the fox knows where the key lies"


def raw(path: Path) -> bytes:
    """The database as it lies on the disk: the file, its write-ahead log and whatever else is beside it."""
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


async def test_text_is_never_there(sqlite: Database, vault: Vault, path: Path) -> None:
    """No file of the database ever holds what people wrote, in whatever encoding."""
    given = [Post(LOBBY, None, "channel_log", ADA, "m1", NOON, SECRET)]
    await sqlite.write(partial(posts.add, vault=vault, given=given))
    await sqlite.write(
        partial(posts.change, vault=vault, place=LOBBY, message="m1", text=f"{SECRET}!", edited=after(1))
    )
    await sqlite.purge()

    everything = raw(path)

    assert LOBBY.encode() in everything
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        assert SECRET.encode(encoding) not in everything


async def test_deleted_for_good(sqlite: Database, vault: Vault, path: Path) -> None:
    """Before a person is forgotten the files hold what they gave and their name; after that, not a byte of it."""
    person = "web:Persephone"
    given = [Post(LOBBY, None, "channel_log", person, f"m{number}", after(number), SECRET) for number in range(300)]
    others = [Post(LOBBY, None, "channel_log", BOB, f"n{number}", after(number), SECRET) for number in range(300)]
    await sqlite.write(partial(posts.add, vault=vault, given=[*given, *others]))
    await sqlite.write(partial(consents.grant, consent=Consent(person, LOBBY, None, 1, NOON)))
    query = select(table.c.sealed).where(table.c.person == person)
    sealed = await sqlite.read(lambda conn: conn.execute(query))
    traces = [row[0] for row in sealed] + [person.encode()]
    before = raw(path)

    await sqlite.write(partial(posts.delete_of, person=person, place=None))
    await sqlite.write(partial(consents.erase, person=person))
    purged = await sqlite.purge()

    after_ = raw(path)
    assert purged
    assert all(trace in before for trace in traces)
    assert not [trace for trace in traces if trace in after_]
    assert len(traces) == 301
    assert BOB.encode() in after_


async def test_edited_for_good(sqlite: Database, vault: Vault, path: Path) -> None:
    """What a message said before it was edited is gone too."""
    given = [Post(LOBBY, None, "channel_log", ADA, "m1", NOON, SECRET)]
    await sqlite.write(partial(posts.add, vault=vault, given=given))
    sealed = await sqlite.read(lambda conn: conn.scalar(select(table.c.sealed)))
    before = raw(path)

    await sqlite.write(
        partial(posts.change, vault=vault, place=LOBBY, message="m1", text="never mind", edited=after(1))
    )
    await sqlite.purge()

    assert sealed in before
    assert sealed not in raw(path)


async def test_purge_beside_others(database: Database, vault: Vault) -> None:
    """A purge does not disturb those who read and write meanwhile, on both kinds."""

    async def work(number: int) -> int:
        post = Post(LOBBY, None, "channel_log", ADA, f"m{number}", after(number), "hello")
        await database.write(partial(posts.add, vault=vault, given=[post]))
        return len(await database.read(partial(given_by, vault=vault, person=ADA)))

    async with asyncio.TaskGroup() as group:
        purges = [group.create_task(database.purge()) for _ in range(3)]
        counted = [group.create_task(work(number)) for number in range(30)]

    assert max(task.result() for task in counted) == 30
    assert all(isinstance(task.result(), bool) for task in purges)
    assert await database.purge()


async def test_purge_while_somebody_reads(sqlite: Database, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody sees an older moment nothing can be cut off, which is said and not raised."""
    monkeypatch.setattr("storage.engines.PATIENCE", 0.05)
    async with await Database.open(f"sqlite:///{path}") as other:
        held, go = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        async def hold(conn: object) -> None:
            await conn.execute(text("SELECT count(*) FROM posts"))  # type: ignore[attr-defined]
            loop.call_soon_threadsafe(held.set)
            asyncio.run_coroutine_threadsafe(go.wait(), loop).result()

        reading = asyncio.create_task(other.read(hold))
        await held.wait()
        await sqlite.write(partial(consents.grant, consent=Consent(ADA, LOBBY, None, 1, NOON)))

        purged = await sqlite.purge()
        go.set()
        await reading

        assert not purged
        assert await sqlite.purge()


async def test_purge_of_no_database(sqlite: Database, path: Path) -> None:
    """A database that is gone is told in a sentence."""
    path.unlink()  # noqa: ASYNC240
    path.mkdir()  # noqa: ASYNC240

    with pytest.raises(StorageError, match="cannot be opened"):
        await sqlite.purge()
