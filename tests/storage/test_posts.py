"""What people gave to be learnt from."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, update

from storage import posts
from storage.database import Database
from storage.posts import Count, Post
from storage.schema import posts as table
from storage.vault import CannotOpen, Vault
from tests.storage.builders import ADA, BOB, LOBBY, after, given_by

CELLAR = "web:cellar"
EVERY = ("channel_log", "submission", "import")


def said(number: int, **changes: Any) -> Post:
    post = Post(LOBBY, "web:house", "channel_log", ADA, f"m{number}", after(number), f"text {number}")
    return replace(post, **changes)


async def kept(database: Database, vault: Vault, place: str = LOBBY, *sources: str) -> list[Post]:
    query = partial(posts.page, vault=vault, place=place, after=None, sources=sources or EVERY)
    return [post for _, post in await database.read(query)]


async def test_round_trip(database: Database, vault: Vault) -> None:
    """A post comes back as it was given, all that is known of it too."""
    given = [
        said(1),
        said(2, source="submission", reply_to="m1", edited=after(9), kind="story", guild=None, text="ſ\n🦊 «»"),
    ]

    added = await database.write(partial(posts.add, vault=vault, given=given))

    assert added == 2
    assert await kept(database, vault) == given
    assert await database.read(partial(given_by, vault=vault, person=ADA)) == given


async def test_hostile_text(database: Database, vault: Vault) -> None:
    """What a database refuses becomes U+FFFD, in the text and in names, and the post is found again."""
    odd = said(1, person="web:\ud800", message="\0", text="a\ud800b\0", place="web:\udfff")

    first = await database.write(partial(posts.add, vault=vault, given=[odd]))
    await database.write(partial(posts.add, vault=vault, given=[odd]))

    (found,) = await kept(database, vault, "web:\ufffd")
    assert first == 1
    assert (found.person, found.message, found.text) == ("web:\ufffd", "\ufffd", "a\ufffdb\ufffd")


async def test_given_twice(database: Database, vault: Vault) -> None:
    """A message that is kept already, or comes twice at once, counts once and stays as it was first."""
    await database.write(partial(posts.add, vault=vault, given=[said(1)]))
    again = [said(1, text="other"), said(2), said(2, text="other"), said(1, place=CELLAR)]

    added = await database.write(partial(posts.add, vault=vault, given=again))

    assert added == 2
    assert await kept(database, vault) == [said(1), said(2)]
    assert await kept(database, vault, CELLAR) == [said(1, place=CELLAR)]


async def test_nothing(database: Database, vault: Vault) -> None:
    """Nothing given is nothing kept."""
    assert await database.write(partial(posts.add, vault=vault, given=[])) == 0


async def test_edited(database: Database, vault: Vault) -> None:
    """An edit replaces the text; one that comes late, after a newer one, or to what is not kept, does not."""
    await database.write(partial(posts.add, vault=vault, given=[said(1)]))
    change = partial(posts.change, vault=vault, place=LOBBY)

    newer = await database.write(partial(change, message="m1", text="better", edited=after(20)))
    late = await database.write(partial(change, message="m1", text="worse", edited=after(10)))
    unknown = await database.write(partial(change, message="m2", text="new", edited=after(10)))

    assert (newer, late, unknown) == (True, False, False)
    assert await kept(database, vault) == [said(1, text="better", edited=after(20))]


async def test_deleted(database: Database, vault: Vault) -> None:
    """Messages are deleted by their ids, at their place alone, however many there are."""
    await database.write(partial(posts.add, vault=vault, given=[*map(said, range(2500)), said(1, place=CELLAR)]))

    gone = [f"m{number}" for number in range(1, 2500)] + ["m9999"]
    deleted = await database.write(partial(posts.delete, place=LOBBY, messages=gone))

    assert deleted == 2499
    assert await kept(database, vault) == [said(0)]
    assert await kept(database, vault, CELLAR) == [said(1, place=CELLAR)]


async def test_deleted_of_a_person(database: Database, vault: Vault) -> None:
    """What a person gave is deleted at one place, or everywhere; what others gave stays."""
    given = [said(1), said(2, place=CELLAR), said(3, place="web:attic"), said(4, person=BOB)]
    await database.write(partial(posts.add, vault=vault, given=given))

    here = await database.write(partial(posts.delete_of, person=ADA, place=LOBBY))
    everywhere = await database.write(partial(posts.delete_of, person=ADA, place=None))

    assert (here, everywhere) == (1, 2)
    assert await database.read(posts.counts) == [Count(LOBBY, 1, 1)]


async def test_retention(database: Database, vault: Vault) -> None:
    """What was written before a moment is deleted, as many at a time as one wants."""
    await database.write(partial(posts.add, vault=vault, given=[said(number) for number in range(6)]))

    some = await database.write(partial(posts.delete_before, at=after(4), limit=3))
    rest = await database.write(partial(posts.delete_before, at=after(4)))

    assert (some, rest) == (3, 1)
    assert await kept(database, vault) == [said(4), said(5)]


async def test_retention_of_stories(database: Database, vault: Vault) -> None:
    """With the first who gave a story goes the whole of it, in which their words are; other stories stay."""
    given = [
        replace(said(0), message="story:1:web:Ada", kind="story"),
        replace(said(5), message="story:1:web:Ben", kind="story"),
        replace(said(5), message="story:11:web:Ben", kind="story"),
    ]
    await database.write(partial(posts.add, vault=vault, given=given))

    deleted = await database.write(partial(posts.delete_before, at=after(4)))

    assert deleted == 2
    assert [post.message for post in await kept(database, vault)] == ["story:11:web:Ben"]


async def test_pages(database: Database, vault: Vault) -> None:
    """Page by page each post comes once, in the order of time, and of arrival where times are alike."""
    times = [5, 1, 3, 3, 3, 3, 2, 9, 9, 0]
    given = [said(number, at=after(time)) for number, time in enumerate(times)]
    await database.write(partial(posts.add, vault=vault, given=[*given, said(77, place=CELLAR)]))
    last, found = None, []

    for _ in itertools.count():
        page = await database.read(partial(posts.page, vault=vault, place=LOBBY, after=last, sources=EVERY, limit=3))
        if not page:
            break
        found += [post for _, post in page]
        last = (page[-1][1].at, page[-1][0])

    assert found == sorted(given, key=lambda post: post.at)


async def test_sources(database: Database, vault: Vault) -> None:
    """A page holds what came from the sources that were asked for."""
    given = [said(number, source=source) for number, source in enumerate(EVERY)]
    await database.write(partial(posts.add, vault=vault, given=given))

    assert await kept(database, vault, LOBBY, "submission") == [given[1]]
    assert await kept(database, vault, LOBBY, "import", "channel_log") == [given[0], given[2]]


async def test_counts(database: Database, vault: Vault) -> None:
    """Messages and people are counted by place."""
    given = [said(1), said(2), said(3, person=BOB), said(1, place=CELLAR)]
    await database.write(partial(posts.add, vault=vault, given=given))

    assert await database.read(posts.counts) == [Count(CELLAR, 1, 1), Count(LOBBY, 3, 2)]
    assert await database.read(partial(posts.counts, place=LOBBY)) == [Count(LOBBY, 3, 2)]
    assert await database.read(partial(posts.counts, place="web:attic")) == []


async def test_swapped(database: Database, vault: Vault) -> None:
    """A sealed text that was put into another person's row is not opened there."""
    await database.write(partial(posts.add, vault=vault, given=[said(1), said(1, place=CELLAR, person=BOB)]))
    of_ada = select(table.c.sealed).where(table.c.person == ADA).scalar_subquery()

    await database.write(lambda conn: conn.execute(update(table).where(table.c.person == BOB).values(sealed=of_ada)))

    with pytest.raises(CannotOpen):
        await kept(database, vault, CELLAR)


async def test_pages_use_the_index(sqlite: Database, vault: Vault) -> None:
    """A page reads its own rows alone: the index gives their order, and nothing is sorted."""
    await sqlite.write(partial(posts.add, vault=vault, given=[said(number) for number in range(50)]))
    first = "SELECT id FROM posts WHERE place = 'a' AND source IN ('import') AND at >= '2026' ORDER BY at, id LIMIT 9"

    plan = await sqlite.read(
        lambda conn: conn.run_sync(lambda raw: raw.exec_driver_sql(f"EXPLAIN QUERY PLAN {first}").all())
    )

    assert "ix_posts_place_at (place=? AND at>?)" in (told := str(plan))
    assert "TEMP B-TREE" not in told


async def test_resealed(database: Database, vault: Vault) -> None:
    """After a rotation the rows of an old key are sealed anew, some at a time, and none is left."""
    await database.write(partial(posts.add, vault=vault, given=[said(number) for number in range(5)]))
    vault.rotate()
    await database.write(partial(posts.add, vault=vault, given=[said(5)]))

    first = await database.write(partial(posts.reseal, vault=vault, limit=2))
    second = await database.write(partial(posts.reseal, vault=vault, after=first[-1]))

    assert (len(first), len(second)) == (2, 3)
    assert await database.write(partial(posts.reseal, vault=vault)) == []
    vault.forget_old_keys()
    assert await kept(database, vault) == [said(number) for number in range(6)]
    assert await database.read(lambda conn: conn.scalar(select(func.count()).select_from(table))) == 6
