"""From what a place gave to a sealed corpus."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from bot.consent.gate import Source
from bot.corpora.errors import ConsentsChange
from bot.corpora.reading import Built as Built
from bot.corpora.reading import Given as Given
from bot.corpora.reading import GivenFile as GivenFile
from bot.corpora.reading import Reading, RightsOf
from generators.training.sealed import SealedWriter
from storage.database import Database
from storage.vault import Vault

ATTEMPTS: Final = 3  # at a corpus, while people change what they allow


async def build(
    database: Database,
    vault: Vault,
    rights_of: RightsOf,
    place: str,
    sources: Collection[Source],
    files: Sequence[GivenFile],
    to: Path,
    key: bytes,
) -> Built:
    """Writes the sealed corpus of a place: files first, then what people gave, so that its end is its newest part.

    It stands there only when it is whole, and nothing is in it that somebody withdrew while it was made.

    Args:
        database: with the posts.
        vault: that has sealed them.
        rights_of: the ledger of a place, which is asked for each page, in the page's transaction.
        place: the channel's key.
        sources: to take.
        files: text files; they are taken where `Source.FILE` is among the sources.
        to: the corpus, a file that is called `*.sealed`.
        key: of the corpus, 32 bytes.

    Raises:
        EmptyCorpus: there is nothing that may be used.
        ConsentsChange: people kept changing what they allow.
        UserError: a file cannot be read, or the corpus cannot be written.
        StorageError: the database, or what is sealed in it, cannot be read.
    """
    given = Given(place, frozenset(sources), tuple(files))
    for _ in range(ATTEMPTS):
        writer = await asyncio.to_thread(SealedWriter, to, key)
        try:
            built = await Reading(database, vault, rights_of, given, writer.write).run()
            if built is not None:
                await asyncio.to_thread(writer.finish)
                return built
        finally:
            writer.discard()
    raise ConsentsChange


async def survey(
    database: Database,
    vault: Vault,
    rights_of: RightsOf,
    place: str,
    sources: Collection[Source],
    files: Sequence[GivenFile],
) -> Built:
    """What `build` would come to, for a dry run; nothing is written.

    Raises:
        UserError: as for `build`.
        StorageError: as for `build`.
    """
    given = Given(place, frozenset(sources), tuple(files))
    for _ in range(ATTEMPTS):
        built = await Reading(database, vault, rights_of, given, lambda _text, _labels: None).run()
        if built is not None:
            return built
    raise ConsentsChange
