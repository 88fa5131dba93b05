"""Who wanted to be forgotten, and when, so that no older list of consents speaks for them again.

A digest says nothing to anybody who has the database alone: it is made with a pepper that is sealed as texts are.
A rotation of the vault's key seals the pepper anew, and digests stay as they are; where the key is lost, so are they.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.columns import storable
from storage.schema import forgotten, peppers
from storage.statements import insert
from storage.vault import CannotOpen, Vault

PURPOSE: Final = "forgotten"  # which pepper it is, and what it is sealed about
PEPPER: Final = 32  # bytes; as long as the digest, RFC 2104, section 3
BATCH: Final = 1000  # digests in one statement


async def note(conn: AsyncConnection, vault: Vault, person: str, at: datetime) -> None:
    """Remembers that a person wanted to be forgotten; of who it was, nothing that could be read."""
    pepper = await _pepper(conn, vault)
    if pepper is None:  # none yet, or its key is lost, so that no digest can be made again
        await conn.execute(delete(forgotten))
        await conn.execute(delete(peppers).where(peppers.c.purpose == PURPOSE))
        pepper = await _made(conn, vault)
    statement = insert(conn, forgotten).values(digest=_digest(pepper, person), at=at)
    await conn.execute(statement.on_conflict_do_update(index_elements=[forgotten.c.digest], set_={"at": at}))


async def since(conn: AsyncConnection, vault: Vault, people: Collection[str]) -> dict[str, datetime]:
    """When some people wanted to be forgotten, the last time; of who never did, nothing."""
    pepper = await _pepper(conn, vault)
    if pepper is None:
        return {}
    found: dict[str, datetime] = {}
    left = iter(people)
    while batch := {_digest(pepper, person): person for person in islice(left, BATCH)}:
        rows = await conn.execute(select(forgotten).where(forgotten.c.digest.in_(list(batch))))
        found |= {batch[bytes(row.digest)]: row.at for row in rows}
    return found


async def is_open(conn: AsyncConnection, vault: Vault) -> bool:
    """Whether digests can be made and compared with those that there are; a pepper is made where there is none yet."""
    if await _sealed(conn) is None:
        await _made(conn, vault)
    return await _pepper(conn, vault) is not None


async def reseal(conn: AsyncConnection, vault: Vault) -> int:
    """Seals the pepper anew where an old key has sealed it; how many, 0 where it cannot be opened anyway."""
    sealed = await _sealed(conn)
    pepper = await _pepper(conn, vault)
    if sealed is None or pepper is None or vault.is_current(sealed):
        return 0
    anew = vault.seal(pepper.hex(), PURPOSE)
    await conn.execute(update(peppers).where(peppers.c.purpose == PURPOSE).values(sealed=anew))
    return 1


async def _made(conn: AsyncConnection, vault: Vault) -> bytes:
    """A new pepper."""
    pepper = secrets.token_bytes(PEPPER)
    await conn.execute(insert(conn, peppers).values(purpose=PURPOSE, sealed=vault.seal(pepper.hex(), PURPOSE)))
    return pepper


async def _pepper(conn: AsyncConnection, vault: Vault) -> bytes | None:
    sealed = await _sealed(conn)
    try:
        return None if sealed is None else bytes.fromhex(vault.unseal(sealed, PURPOSE))
    except CannotOpen:
        return None


async def _sealed(conn: AsyncConnection) -> bytes | None:
    sealed: bytes | None = await conn.scalar(select(peppers.c.sealed).where(peppers.c.purpose == PURPOSE))
    return sealed


def _digest(pepper: bytes, person: str) -> bytes:
    """Of the person's key, which names the platform; of no place, as places move and `/forgetme` is for all of them."""
    return hmac.digest(pepper, storable(person).encode(), "sha256")
