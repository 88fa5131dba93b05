"""How people are called where they agree, sealed: so that their names can be taken out of what is learnt there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import consents
from storage.schema import names
from storage.statements import insert
from storage.vault import HEAD, CannotOpen, Vault

MOST: Final = 16  # names of one person at a place; of somebody who takes another one each day, the last of them
BATCH: Final = 1000  # rows of one transaction


async def know(conn: AsyncConnection, vault: Vault, place: str, person: str, called: Sequence[str]) -> None:
    """Keeps how a person is called at a place, besides how they were called before; of one who agrees there alone."""
    shown = [name for name in called if name.strip()]
    if not shown or await consents.open_at(conn, person, place) is None:
        return
    mine = and_(names.c.place == place, names.c.person == person)
    sealed = await conn.scalar(select(names.c.sealed).where(mine))
    before = [] if sealed is None else _known(vault, sealed, person)
    if set(shown) <= set(before):
        return
    kept = [*(name for name in before if name not in shown), *dict.fromkeys(shown)][-MOST:]
    anew = vault.seal(json.dumps(kept), _about(person))
    statement = insert(conn, names).values(place=place, person=person, sealed=anew)
    await conn.execute(
        statement.on_conflict_do_update(index_elements=[names.c.place, names.c.person], set_={"sealed": anew})
    )


async def of_place(conn: AsyncConnection, vault: Vault, place: str) -> set[str]:
    """How all are called who agree at a place.

    Raises:
        CannotOpen: the key that has sealed one of them is not there.
    """
    rows = await conn.execute(select(names.c.person, names.c.sealed).where(names.c.place == place))
    return {name for row in rows for name in _opened(vault, row.sealed, row.person)}


async def of_person(conn: AsyncConnection, vault: Vault, person: str) -> dict[str, list[str]]:
    """How a person is called, by place.

    Raises:
        CannotOpen: the key that has sealed one of them is not there.
    """
    statement = select(names.c.place, names.c.sealed).where(names.c.person == person).order_by(names.c.place)
    return {row.place: _opened(vault, row.sealed, person) for row in await conn.execute(statement)}


async def forget(conn: AsyncConnection, person: str, place: str | None) -> None:
    """Deletes how a person is called at a place, or everywhere where `place` is None."""
    where = () if place is None else (names.c.place == place,)
    await conn.execute(delete(names).where(names.c.person == person, *where))


async def reseal(conn: AsyncConnection, vault: Vault, limit: int = BATCH) -> int:
    """Seals some anew that an old key has sealed; how many, 0 where there are none any more.

    Raises:
        CannotOpen: the key that has sealed one of them is not there.
    """
    stale = func.substr(names.c.sealed, 1, HEAD) != vault.head
    rows = (await conn.execute(select(names).where(stale).limit(limit))).all()
    for row in rows:
        anew = vault.seal(vault.unseal(row.sealed, _about(row.person)), _about(row.person))
        mine = and_(names.c.place == row.place, names.c.person == row.person)
        await conn.execute(update(names).where(mine).values(sealed=anew))
    return len(rows)


def _known(vault: Vault, sealed: bytes, person: str) -> list[str]:
    """What is kept; nothing where its key is lost, as people are soon called by their names again."""
    try:
        return _opened(vault, sealed, person)
    except CannotOpen:
        return []


def _opened(vault: Vault, sealed: bytes, person: str) -> list[str]:
    found: list[str] = json.loads(vault.unseal(sealed, _about(person)))
    return found


def _about(person: str) -> str:
    """What sealed names are bound to; places move."""
    return f"names {person}"
