"""What channels have made, and of whose text."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import channel_models, consents
from storage.channel_models import ChannelModel
from storage.consents import Consent
from storage.database import Database
from tests.storage.builders import ADA, BOB, CLEO, LOBBY, after
from tests.storage.conftest import Opened

CELLAR, HOUSE = "web:cellar", "web:house"
PEOPLE = (ADA, BOB, CLEO)


def made(number: int, **changes: Any) -> ChannelModel:
    model = ChannelModel("lobby", str(number), LOBBY, HOUSE, "charrnn@1", after(number), after(number))
    return replace(model, **changes)


async def agree(database: Database) -> None:
    """Everybody, everywhere."""
    for person in PEOPLE:
        for place in (LOBBY, CELLAR):
            await database.write(partial(consents.grant, consent=Consent(person, place, HOUSE, 1, after(0))))


async def add(database: Database, model: ChannelModel, *learnt_from: tuple[str, str]) -> ChannelModel:
    return await database.write(partial(channel_models.add, model=model, learnt_from=learnt_from))


async def tainted(database: Database) -> set[str]:
    return {model.name for model in await database.read(channel_models.every) if model.tainted is not None}


async def test_round_trip(database: Database) -> None:
    """A version comes back as it was kept, with those whose text it has learnt from."""
    await agree(database)
    model = made(1, facts={"bits": 1.5, "sources": ["channel_log"]}, job="0123456789ab")

    kept = await add(database, model, (BOB, LOBBY), (ADA, LOBBY), (ADA, LOBBY))

    assert kept == await database.read(partial(channel_models.get, model="lobby", version="1")) == model
    found = await database.read(partial(channel_models.learners_of, model="lobby", version="1"))
    assert found == [(ADA, LOBBY), (BOB, LOBBY)]
    assert await database.read(partial(channel_models.get, model="lobby", version="2")) is None


async def test_forgotten(database: Database) -> None:
    """Who was forgotten while a version was trained is not named again by it, and it never writes."""
    await agree(database)
    await database.write(partial(consents.erase, person=BOB))

    kept = await add(database, made(1), (BOB, LOBBY), (ADA, LOBBY))

    found = await database.read(partial(channel_models.learners_of, model="lobby", version="1"))
    assert found == [(ADA, LOBBY)]
    assert kept.tainted is not None


async def test_whose(database: Database) -> None:
    """Versions are listed by place and by guild, newest first."""
    for model in (made(1), made(2, place=CELLAR), made(3), made(4, guild="web:elsewhere", place="web:attic")):
        await add(database, model)

    here = await database.read(partial(channel_models.of_place, place=LOBBY))
    guild = await database.read(partial(channel_models.of_guild, guild=HOUSE))

    assert [model.version for model in here] == ["3", "1"]
    assert [model.version for model in guild] == ["3", "2", "1"]


async def test_touched_and_removed(database: Database) -> None:
    """A version is noted as used, and is forgotten with those whose text it has learnt from."""
    await agree(database)
    await add(database, made(1), (ADA, LOBBY))

    await database.write(partial(channel_models.touch, model="lobby", version="1", at=after(50)))
    used = await database.read(partial(channel_models.get, model="lobby", version="1"))
    removed = [await database.write(partial(channel_models.remove, model="lobby", version="1")) for _ in range(2)]

    assert used == made(1, used=after(50))
    assert removed == [True, False]
    assert await database.read(partial(channel_models.learners_of, model="lobby", version="1")) == []


async def test_withdrawal(database: Database) -> None:
    """A withdrawal marks what has learnt from that person there, and all that was trained from it, once."""
    await agree(database)
    await add(database, made(1), (ADA, LOBBY), (BOB, LOBBY))
    await add(database, made(2), (BOB, LOBBY))
    await add(database, made(3, base="lobby@1"), (BOB, LOBBY))
    await add(database, made(4, base="lobby@3", place=CELLAR))
    await add(database, made(5), (ADA, CELLAR))
    taint = partial(channel_models.taint, withdrawn=[(ADA, LOBBY)])

    marked = await database.write(partial(taint, at=after(60)))
    again = await database.write(partial(taint, at=after(70)))

    assert [model.version for model in marked] == ["4", "3", "1"]
    assert {model.tainted for model in marked} == {after(60)}
    assert again == []
    assert await tainted(database) == {"lobby@1", "lobby@3", "lobby@4"}


async def test_withdrawal_everywhere(database: Database) -> None:
    """Without a place it is about all that the person ever wrote."""
    await agree(database)
    await add(database, made(1), (ADA, LOBBY))
    await add(database, made(2), (ADA, CELLAR))
    await add(database, made(3), (BOB, CELLAR))

    await database.write(partial(channel_models.taint, withdrawn=[(ADA, None)], at=after(60)))

    assert await tainted(database) == {"lobby@1", "lobby@2"}


async def test_withdrawal_in_the_middle(database: Database) -> None:
    """What was trained while somebody withdrew is marked from the start, also where they have agreed anew since."""
    await agree(database)
    await database.write(partial(consents.withdraw, person=ADA, place=LOBBY, at=after(5)))
    withdrawn = await add(database, made(6), (ADA, LOBBY), (BOB, LOBBY))
    await database.write(partial(consents.grant, consent=Consent(ADA, LOBBY, HOUSE, 1, after(7))))

    anew = await database.write(partial(channel_models.add, model=made(8), learnt_from=[(ADA, LOBBY)], read=after(4)))
    later = await database.write(partial(channel_models.add, model=made(9), learnt_from=[(ADA, LOBBY)], read=after(7)))
    child = await add(database, made(10, base="lobby@6"))

    assert (withdrawn.tainted, anew.tainted, later.tainted, child.tainted) == (after(6), after(8), None, after(10))
    assert await tainted(database) == {"lobby@6", "lobby@8", "lobby@10"}


async def test_agreeing_to_more_in_the_middle(database: Database) -> None:
    """Who agreed to more while a version was trained, without a gap, has withdrawn nothing."""
    await agree(database)
    await database.write(partial(consents.withdraw, person=ADA, place=LOBBY, at=after(5)))
    await database.write(partial(consents.grant, consent=Consent(ADA, LOBBY, HOUSE, 2, after(5))))

    more = await database.write(partial(channel_models.add, model=made(6), learnt_from=[(ADA, LOBBY)], read=after(4)))

    assert more.tainted is None


def test_any_family(opened: Opened) -> None:
    """Whoever withdraws, in whatever order models descend, exactly what has learnt from them is marked."""
    runner, database = opened
    runner.run(agree(database))
    numbers = iter(range(1, 1_000_000))
    learning = st.frozensets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from((LOBBY, CELLAR))), max_size=3)

    @settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(
        families=st.lists(st.tuples(learning, st.integers(0, 6)), max_size=6),
        withdrawn=st.tuples(st.sampled_from(PEOPLE), st.sampled_from((LOBBY, CELLAR, None))),
    )
    def check(families: list[tuple[Collection[tuple[str, str]], int]], withdrawn: tuple[str, str | None]) -> None:
        for model in runner.run(database.read(channel_models.every)):
            forget = partial(channel_models.remove, model=model.model, version=model.version)
            runner.run(database.write(forget))
        learnt: dict[str, set[tuple[str, str]]] = {}
        for learnt_from, parent in families:
            base = list(learnt)[parent] if parent < len(learnt) else "charrnn@1"
            model = made(next(numbers), base=base)
            runner.run(add(database, model, *learnt_from))
            learnt[model.name] = {*learnt_from, *learnt.get(base, set())}

        marked = runner.run(database.write(partial(channel_models.taint, withdrawn=[withdrawn], at=after(60))))

        person, place = withdrawn
        theirs = {
            name for name, all_ in learnt.items() for who, where in all_ if who == person and place in (None, where)
        }
        assert {model.name for model in marked} == runner.run(tainted(database)) == theirs

    check()
