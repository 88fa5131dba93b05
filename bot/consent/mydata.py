"""All that is kept of a person to be learnt from, as a file of their own."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.wording import Wording
from bot.conversation import Attachment, Fleeting
from generators.errors import english
from storage import channel_models, consents, names, posts
from storage.consents import Consent
from storage.database import Database
from storage.sealed_posts import Post, post_of
from storage.vault import Vault

LARGEST: Final = 8_000_000  # bytes of a file that every platform takes; Discord takes 10 MB, Telegram 50


async def collected(database: Database, vault: Vault, person: str) -> dict[str, Any]:
    """Consents, names, texts, and the models that learned from them, as JSON has it.

    Raises:
        CannotOpen: the key that has sealed one of the texts is not there.
    """
    texts: list[dict[str, Any]] = []
    page = await database.read(partial(posts.sealed_of, person=person))
    while page:
        texts += await asyncio.to_thread(_opened, vault, page)
        page = await database.read(partial(posts.sealed_of, person=person, after=page[-1].id))
    texts.sort(key=itemgetter("place", "at"))
    known = await database.read(partial(_known, vault=vault, person=person))
    return {"person": person, **known, "texts": texts}


async def _known(conn: AsyncConnection, vault: Vault, person: str) -> dict[str, Any]:
    return {
        "consents": [_consent(consent) for consent in await consents.of_person(conn, person)],
        "names": await names.of_person(conn, vault, person),
        "models": [
            {"model": model.name, "place": model.place, "made": _time(model.made), "tainted": _time(model.tainted)}
            for model in await channel_models.learnt_from(conn, person)
        ],
    }


def file_of(data: dict[str, Any]) -> Attachment:
    """The data as a file that nobody keeps; packed where it would be too large for a platform."""
    written = json.dumps(data, ensure_ascii=False, indent=1).encode()
    if len(written) > LARGEST:
        return Fleeting("mydata.json.gz", "application/gzip", gzip.compress(written, mtime=0))
    return Fleeting("mydata.json", "application/json", written)


def _opened(vault: Vault, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    return [_post(post_of(vault, row)) for row in rows]


def _consent(consent: Consent) -> dict[str, Any]:
    told = Wording.of(consent.wording)
    times = {"granted": _time(consent.granted), "withdrawn": _time(consent.withdrawn)}
    return {
        "place": consent.place,
        "guild": consent.guild,
        "wording": consent.wording,
        "told": None if told is None else told.text(english),
        **times,
    }


def _post(post: Post) -> dict[str, Any]:
    plain = {name: value for name, value in asdict(post).items() if name != "person"}
    return {**plain, "at": _time(post.at), "edited": _time(post.edited)}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
