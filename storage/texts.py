"""The last text that was written at each place: what continuing it or trying it again needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Text as Prose
from sqlalchemy import and_, delete, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import texts
from storage.statements import insert

PEOPLE: Final = "people"  # in how a text was asked: who had a part in its prompt


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it was written.

    Attributes:
        model: its name.
        version: its version, which the token ids belong to.
        prompt_ids: what it was given.
        token_ids: what it wrote.
        text: what that reads as, without the prompt.
        request: how it was asked.
        at: when.
    """

    model: str
    version: str
    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    text: str
    request: dict[str, Any]
    at: datetime


async def put(conn: AsyncConnection, place: str, text: Text) -> None:
    """Remembers a text as the last of its place."""
    values = {name: getattr(text, name) for name in Text.__dataclass_fields__}
    statement = insert(conn, texts).values(place=place, **values)
    await conn.execute(statement.on_conflict_do_update(index_elements=[texts.c.place], set_=values))


async def last(conn: AsyncConnection, place: str) -> Text | None:
    """The last text of a place."""
    columns = [texts.c[name] for name in Text.__dataclass_fields__]
    row = (await conn.execute(select(*columns).where(texts.c.place == place))).first()
    return None if row is None else Text(*row)


async def forget(conn: AsyncConnection, person: str) -> None:
    """Deletes the last texts that a person had a part in, and on their platform those of which nobody knows who had."""
    asked = type_coerce(texts.c.request, Prose)
    theirs = asked.contains(json.dumps(person), autoescape=True)  # as `columns.Json` writes it
    here = texts.c.place.startswith(person.partition(":")[0] + ":", autoescape=True)
    unknown = and_(here, ~asked.contains(f"{json.dumps(PEOPLE)}:", autoescape=True))  # of a version before
    await conn.execute(delete(texts).where(or_(theirs, unknown)))
