"""A new key for all that is sealed, while others go on reading and writing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import forgotten, jobs, names, posts
from storage.database import Database
from storage.errors import StorageError, Translate, english
from storage.vault import UnusableVault, Vault


@dataclass(eq=False)
class Training(StorageError):
    """A training's copy of the text is sealed with a key that is derived from the present one."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "A training is waiting or running, and its copy of the text needs the present key. "
            "Wait until it is over or cancel it, and rotate again."
        )


async def rotate(
    database: Database,
    vault: Vault,
    told: Callable[[int], None] = lambda _: None,
    elsewhere: Callable[[], None] = lambda: None,
) -> int:
    """Makes a new key, seals all anew with it, and then drops the old keys.

    Where it is killed, both keys are there and open everything; called again, it goes on with what is left. Keys that a
    setting gives are only read: the operator puts the new one before the old one, and takes that out afterwards.

    Args:
        told: hears after each step how many texts have been sealed anew.
        elsewhere: seals anew what lies outside of the database; it is called in a thread, before old keys are dropped.

    Returns:
        How many texts of the database have been sealed anew.

    Raises:
        Training: a training waits or runs.
        UnusableVault: the keys cannot be written, or the setting has no new one.
        CannotOpen: a text is damaged, or was sealed with a key that is not there; the old keys are kept.
    """
    await database.write(partial(_begin, vault=vault))
    done = last = 0
    while sealed := await database.write(partial(posts.reseal, vault=vault, after=last)):
        done, last = done + len(sealed), sealed[-1]
        told(done)
    while resealed := await database.write(partial(names.reseal, vault=vault)):
        done += resealed
        told(done)
    await asyncio.to_thread(elsewhere)
    while left := await database.write(partial(_finish, vault=vault)):  # what was written by others meanwhile
        done += left
    await database.purge()
    return done


async def _begin(conn: AsyncConnection, vault: Vault) -> None:
    """Inside a transaction that writes: two who rotate at once make one new key between them."""
    if await jobs.open_jobs(conn):
        raise Training
    if vault.rotating:
        return
    if vault.given:
        raise UnusableVault(vault.name, "it has no new key; put one before the old one, with a comma between them")
    vault.rotate()


async def _finish(conn: AsyncConnection, vault: Vault) -> int:
    """Drops the old keys if nothing is sealed with them, while nobody else can write."""
    left = len(await posts.reseal(conn, vault)) + await names.reseal(conn, vault)
    await forgotten.reseal(conn, vault)
    if not left and not vault.given:
        vault.forget_old_keys()
    return left
