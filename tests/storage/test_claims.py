"""What one of several processes over a PostgreSQL database has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from storage.claims import Claim, Claims, Taken
from storage.errors import DatabaseUnreachable
from tests.patience import PATIENCE
from tests.storage.conftest import _command

SOON = 0.02  # seconds between two looks


def shards(*parts: int, of: int = 4) -> list[Claim]:
    return [Claim("discord", part, of) for part in parts]


@pytest.fixture
def url(postgres: Callable[[str], str]) -> str:
    """A PostgreSQL database, of which nothing is needed but that it is there."""
    return postgres("migrated")


async def take(url: str, wanted: list[Claim]) -> Claims:
    return await Claims.take(url, wanted, patience=0)


async def anything(url: str) -> bool:
    """Whether anybody has some of Discord."""
    looking = await Claims.take(url, [], ["discord"])
    found = await looking.others()
    await looking.close()
    return found


async def renewed(claims: Claims, url: str) -> None:
    """Returns once a process has claimed anew what it had."""
    before = claims._session
    async with asyncio.timeout(PATIENCE):
        while claims._session == before or not await anything(url):  # noqa: ASYNC110  # the server knows, and no event
            await asyncio.sleep(SOON)


async def cut(url: str) -> None:
    """The server ends every connection that holds a claim, as a network that fails does."""
    await _command(
        url,
        "SELECT pg_terminate_backend(pid, 10000) FROM (SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' "
        "AND objsubid = 2) AS holders",
    )


async def test_apart(url: str) -> None:
    """Processes that want different things, or different parts of one, go together and notice each other."""
    names = ["discord", "web", "telegram"]
    first = await Claims.take(url, [*shards(0, 1), Claim("web")], names)
    before = await first.others()

    second = await Claims.take(url, [*shards(2, 3), Claim("telegram")], names)

    assert (before, await first.others(), await second.others()) == (False, True, True)
    await first.close()
    assert not await second.others()
    await second.close()


@pytest.mark.parametrize(
    "wanted",
    [shards(1, 2), [Claim("discord")], shards(2, 3, of=8), [Claim("telegram"), Claim("web")]],
    ids=["a part of it", "all of it", "parts of another number", "something else of it"],
)
async def test_taken(url: str, wanted: list[Claim]) -> None:
    """What another process has is refused, and nothing else that was wanted is kept from others then."""
    first = await take(url, [*shards(0, 1), Claim("web")])

    with pytest.raises(Taken) as refused:
        await take(url, wanted)

    what = refused.value.wanted[0].what
    assert set(refused.value.held) == ({Claim("web")} if what == "web" else set(shards(0, 1)))
    third = await take(url, [*shards(2, 3), Claim("telegram")])
    await third.close()
    await first.close()


async def test_given_up(url: str) -> None:
    """What a process has given up is had by the one that waits for it."""
    first = await take(url, shards(0))
    waiting = asyncio.create_task(Claims.take(url, shards(0, 1), patience=30))
    await asyncio.sleep(0)

    await first.close()

    second = await waiting
    await second.close()


async def test_one_of_many(url: str) -> None:
    """Of processes that claim the same at one moment, one has it."""
    found = await asyncio.gather(*(take(url, shards(0, 1)) for _ in range(6)), return_exceptions=True)

    assert sorted(type(each) is Taken for each in found) == [False] + [True] * 5
    for each in found:
        if isinstance(each, Claims):
            await each.close()


async def test_claimed_anew(url: str) -> None:
    """Where the connection is lost, a process claims again what it had."""
    first = await take(url, shards(0))
    await cut(url)

    keeping = asyncio.create_task(first.keep(SOON))

    await renewed(first, url)
    assert not keeping.done()
    with pytest.raises(Taken):
        await take(url, shards(0))
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await first.close()


async def test_lost_unnoticed(url: str) -> None:
    """A connection of its own that only the server believes in keeps a process from nothing."""
    first = await take(url, shards(0))
    lost, first._connection = first._connection, None

    keeping = asyncio.create_task(first.keep(SOON))

    await renewed(first, url)
    assert not keeping.done()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await first.close()
    assert lost is not None
    await lost.invalidate()
    await lost.close()


async def test_lost_to_another(url: str) -> None:
    """What another process has claimed meanwhile is lost, and that is said."""
    first = await take(url, shards(0))
    await cut(url)
    second = await take(url, shards(0))

    with pytest.raises(Taken):
        await first.keep(SOON, patience=0)

    await second.close()


async def test_unreachable(postgres: Callable[[str], str]) -> None:
    """A database that is not there is told as one."""
    with pytest.raises(DatabaseUnreachable):
        await take(postgres("nowhere"), shards(0))


async def test_no_answer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is told as one that is not there, so that nobody waits for it without end."""
    monkeypatch.setattr("storage.claims.CONNECTING", 1)
    claims = await take(url, shards(0))

    with pytest.raises(DatabaseUnreachable):
        await claims._run("SELECT pg_sleep(60)")

    await claims.close()
