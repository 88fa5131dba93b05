"""How people are called where they agree."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import consents, names
from storage.below import places_of
from storage.consents import Consent
from storage.database import Database
from storage.forgetting import forget
from storage.moving import move
from storage.rotation import rotate
from storage.vault import CannotOpen, Vault
from tests.storage.builders import ADA, BOB, LOBBY, NOON, after

CELLAR = "web:cellar"


@pytest.fixture
async def agreeing(database: Database) -> Database:
    """Ada agrees at two places."""

    async def agree(conn: AsyncConnection) -> None:
        for place in (LOBBY, CELLAR):
            await consents.grant(conn, Consent(ADA, place, None, 1, NOON))

    await database.write(agree)
    return database


async def know(database: Database, vault: Vault, *called: str, person: str = ADA, place: str = LOBBY) -> None:
    await database.write(partial(names.know, vault=vault, place=place, person=person, called=called))


async def known(database: Database, vault: Vault, place: str = LOBBY) -> set[str]:
    return await database.read(partial(names.of_place, vault=vault, place=place))


async def test_known(agreeing: Database, vault: Vault) -> None:
    """Of who agrees all names at a place are known, and of who does not none is."""
    await know(agreeing, vault, "Ada L.", "ada42")
    await know(agreeing, vault, "Countess", " ")
    await know(agreeing, vault, "Bob", person=BOB)

    assert await known(agreeing, vault) == {"Ada L.", "ada42", "Countess"}
    assert await known(agreeing, vault, CELLAR) == set()
    assert await agreeing.read(partial(names.of_person, vault=vault, person=ADA)) == {
        LOBBY: ["Ada L.", "ada42", "Countess"]
    }


async def test_the_last_ones(agreeing: Database, vault: Vault) -> None:
    """Of somebody who takes another name each day the last ones are known."""
    for day in range(names.MOST + 5):
        await know(agreeing, vault, f"Ada {day}")

    assert await known(agreeing, vault) == {f"Ada {day}" for day in range(5, names.MOST + 5)}


async def test_sealed(agreeing: Database, vault: Vault) -> None:
    """Without the key nobody can read a name; where it is lost, people are called anew."""
    other = Vault.of("another key")
    await know(agreeing, vault, "Ada")

    with pytest.raises(CannotOpen):
        await known(agreeing, other)
    await know(agreeing, other, "Countess")

    assert await known(agreeing, other) == {"Countess"}


async def test_forgotten(agreeing: Database, vault: Vault) -> None:
    """Names go with what a person gave: at a place, everywhere, and with the place."""
    for place in (LOBBY, CELLAR):
        await know(agreeing, vault, "Ada", place=place)

    await agreeing.write(partial(names.forget, person=ADA, place=LOBBY))
    there = await known(agreeing, vault), await known(agreeing, vault, CELLAR)
    places = await agreeing.read(partial(places_of, platform="web", ids={"cellar"}, guild=None))
    await agreeing.write(partial(forget, places=places, at=after(1)))

    assert there == (set(), {"Ada"})
    assert await known(agreeing, vault, CELLAR) == set()


async def test_moved(agreeing: Database, vault: Vault) -> None:
    """Names move along with their place."""
    await know(agreeing, vault, "Ada")

    await agreeing.write(partial(move, platform="web", old="lobby", new="hall", at=after(1)))

    assert await known(agreeing, vault, "web:hall") == {"Ada"}
    assert await known(agreeing, vault) == set()


async def test_rotated(agreeing: Database, vault: Vault, tmp_path: Path) -> None:
    """A rotation seals names with the new key alone."""
    await know(agreeing, vault, "Ada")
    before = Vault.of((tmp_path / "config" / "vault.key").read_text())

    sealed = await rotate(agreeing, vault)

    assert (sealed, await known(agreeing, vault)) == (1, {"Ada"})
    with pytest.raises(CannotOpen):
        await known(agreeing, before)
