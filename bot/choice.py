"""Which model a place has set, and which ones before: what «roll back» goes back to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.names import versioned
from storage import channel_models
from storage import settings as stored

MODEL: Final = "model"  # the setting's name
BEFORE: Final = "model.before"  # beside it in storage; no setting has a dot, so nobody sees or sets it
MOST: Final = 20  # earlier models that are remembered

Name: TypeAlias = str | None  # None where nothing was set


class Choice(NamedTuple):
    """What is set at a key, and what was before, oldest first."""

    name: Name
    before: tuple[Name, ...] = ()


async def chosen(conn: AsyncConnection, key: str) -> Choice:
    """What is set at a key."""
    return _read((await stored.values(conn, [key]))[key])


async def remember(conn: AsyncConnection, key: str, name: Name, at: datetime) -> None:
    """Notes what was set at a key, in the transaction that is about to set another."""
    now = await chosen(conn, key)
    if now.name != name:
        await stored.put(conn, key, BEFORE, json.dumps([*now.before, now.name][-MOST:]))
        await _touch(conn, (now.name, name), at)


async def choose(conn: AsyncConnection, key: str, name: Name, at: datetime) -> None:
    """Sets a model, None for none, and remembers what was set before."""
    await remember(conn, key, name, at)
    await _put(conn, key, name)


async def step_back(conn: AsyncConnection, key: str, earlier: Choice, at: datetime) -> None:
    """Sets what was set before, with what had been before that."""
    await _touch(conn, ((await chosen(conn, key)).name, earlier.name), at)
    await stored.put(conn, key, BEFORE, json.dumps(list(earlier.before)))
    await _put(conn, key, earlier.name)


async def everywhere(conn: AsyncConnection) -> dict[str, str]:
    """The models that are set, by the keys of places."""
    return {key: json.loads(value) for key, value in await stored.having(conn, MODEL)}


async def _touch(conn: AsyncConnection, names: Iterable[Name], at: datetime) -> None:
    """Notes that versions which channels have made were used until now, or are from now on."""
    for name in names:
        plain, version = versioned(name or "")
        if version is not None:
            await channel_models.touch(conn, plain, version, at)


async def _put(conn: AsyncConnection, key: str, name: Name) -> None:
    if name is None:
        await stored.remove(conn, key, MODEL)
    else:
        await stored.put(conn, key, MODEL, json.dumps(name))


def _read(values: dict[str, str]) -> Choice:
    name = json.loads(values[MODEL]) if MODEL in values else None
    return Choice(name, tuple(json.loads(values.get(BEFORE, "[]"))))
