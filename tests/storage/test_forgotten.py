"""Who wanted to be forgotten is known again, and by nobody who has the database alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from storage import forgotten
from storage.database import Database
from storage.rotation import rotate
from storage.schema import forgotten as table
from storage.vault import Vault
from tests.storage.builders import ADA, BOB, CLEO, NOON, after
from tests.storage.test_deletion import raw


async def test_since(database: Database, vault: Vault) -> None:
    """The last time counts, and who never wanted it is not found."""
    for person, at in ((ADA, NOON), (BOB, NOON), (ADA, after(5))):
        await database.write(partial(forgotten.note, vault=vault, person=person, at=at))

    found = await database.read(partial(forgotten.since, vault=vault, people=[ADA, BOB, CLEO]))

    assert found == {ADA: after(5), BOB: NOON}


async def test_many(database: Database, vault: Vault) -> None:
    """A list of thousands is looked up as well."""
    people = [f"web:{number}" for number in range(2500)]
    await database.write(partial(forgotten.note, vault=vault, person=people[-1], at=NOON))

    assert await database.read(partial(forgotten.since, vault=vault, people=people)) == {people[-1]: NOON}


async def test_rotated(database: Database, vault: Vault, tmp_path: Path) -> None:
    """A new key of the vault changes nothing, and the old one is not needed any more."""
    await database.write(partial(forgotten.note, vault=vault, person=ADA, at=NOON))

    await rotate(database, vault)

    alone = Vault.open(tmp_path / "config" / "vault.key")
    assert not alone.rotating
    assert await database.read(partial(forgotten.since, vault=alone, people=[ADA])) == {ADA: NOON}


async def test_lost_key(database: Database, vault: Vault) -> None:
    """With another key nobody is known again; it can be rotated, and whoever is forgotten then is known."""
    await database.write(partial(forgotten.note, vault=Vault.of("lost"), person=ADA, at=NOON))

    before = await database.read(partial(forgotten.since, vault=vault, people=[ADA]))
    await rotate(database, vault)
    await database.write(partial(forgotten.note, vault=vault, person=BOB, at=NOON))

    assert before == {}
    assert await database.read(partial(forgotten.since, vault=vault, people=[ADA, BOB])) == {BOB: NOON}
    assert await database.read(lambda conn: conn.scalar(select(func.count()).select_from(table))) == 1


async def test_says_nothing(sqlite: Database, vault: Vault, path: Path) -> None:
    """Nothing in the database's files names the person."""
    await sqlite.write(partial(forgotten.note, vault=vault, person="web:Persephone", at=NOON))
    await sqlite.purge()

    assert b"Persephone" not in raw(path)
