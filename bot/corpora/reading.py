"""One passage over what a place gave: page by page, and past the gate once more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.gate import Source, Verdict
from bot.consent.ledger import Ledger
from bot.corpora.cleaning import Cleaning, Made
from bot.corpora.errors import EmptyCorpus
from bot.corpora.names import names_in, names_of_players
from bot.corpora.used import Used
from generators.training import Corpus
from storage import names, posts
from storage.database import Database
from storage.posts import Post
from storage.vault import Vault

RightsOf: TypeAlias = Callable[[AsyncConnection, str], Awaitable[Ledger]]  # of a place, in the transaction of a page
Write: TypeAlias = Callable[[str, tuple[str, ...]], None]  # a document, and its labels

STORED_AS: Final[Mapping[Source, tuple[str, ...]]] = {  # the sources of posts that belong to what an admin can choose
    Source.FILE: (),
    Source.SUBMISSION: ("submission",),
    Source.CHANNEL_LOG: ("channel_log", "import"),
}
LABELS: Final[Mapping[str, str]] = {
    "text": "text",
    "story": "story",
}  # by kind; what is said needs none, and is the rest
PAGE: Final = 1000  # posts in memory at a time


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A text file to learn from.

    Attributes:
        path: of a text file, or of a sealed one.
        name: as people call it.
        key: of a sealed one.
    """

    path: Path
    name: str
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What a corpus is to be made of.

    Attributes:
        place: the channel's key.
        sources: to take.
        files: text files; they are taken where `Source.FILE` is among the sources.
    """

    place: str
    sources: frozenset[Source]
    files: tuple[GivenFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """What became of what a place gave.

    Attributes:
        documents, characters: that there are to learn from.
        people: whose text is among it, each with the place; nobody for files.
        removed: how many posts or documents were left out, by reason: what the gate says (`Verdict`), or `commands`,
            `empty`, `symbols`, `duplicates`.
        replaced: how many traces of people were replaced, by kind (`Anonymiser.replaced`).
        sources: how many posts, or documents of files, there are of each source, by `Source`.
        voices: how many people's messages of the log there are; where it is one, a model would write like that person.
        used: the posts that it is made of, of each person and source.
    """

    documents: int
    characters: int
    people: frozenset[tuple[str, str]]
    removed: Mapping[str, int]
    replaced: Mapping[str, int]
    sources: Mapping[str, int]
    voices: int = 0
    used: tuple[Used, ...] = ()


class _Page(NamedTuple):
    allowed: list[Post]
    refused: Counter[str]
    last: tuple[datetime, int] | None


class Reading:
    """Reads all of it once.

    Args:
        database: with the posts.
        vault: that has sealed them.
        rights_of: the ledger of a place.
        given: what is read.
        write: takes each document, in a thread of its own.
    """

    def __init__(self, database: Database, vault: Vault, rights_of: RightsOf, given: Given, write: Write) -> None:
        self._database = database
        self._vault = vault
        self._rights_of = rights_of
        self._given = given
        self._write = write
        self._stored = [name for source in sorted(given.sources) for name in STORED_AS[source]]
        self._cleaning = Cleaning()
        self._first: dict[tuple[str, str], Post] = {}  # of each person and source, the earliest post that is used
        self._sources: Counter[str] = Counter()
        self._documents = self._characters = 0

    async def run(self) -> Built | None:
        """What it came to; None where somebody has withdrawn meanwhile, and what was written is of no use.

        Raises:
            EmptyCorpus: nothing is left.
            UserError: a file cannot be read, or a document not be written.
            StorageError: the database, or what is sealed in it, cannot be read.
        """
        if Source.FILE in self._given.sources:
            await asyncio.to_thread(self._read_files)
        if self._stored:
            await self._read_posts()
            if not await self._database.read(self._still_allowed):
                return None
        if not self._documents:
            raise EmptyCorpus(dict(self._cleaning.removed))
        return Built(
            documents=self._documents,
            characters=self._characters,
            people=frozenset((person, self._given.place) for person, _ in self._first),
            removed=dict(self._cleaning.removed),
            replaced=dict(self._cleaning.replaced),
            sources=dict(self._sources),
            voices=len({person for person, source in self._first if source in STORED_AS[Source.CHANNEL_LOG]}),
            used=self._used(),
        )

    async def _read_posts(self) -> None:
        for name in await self._database.read(self._names):
            self._cleaning.know(name)
        after: tuple[datetime, int] | None = None
        while True:
            page = await self._database.read(partial(self._page, after=after))
            if page.last is None:
                break
            self._cleaning.removed.update(page.refused)
            await asyncio.to_thread(self._take, page.allowed)
            after = page.last
        await asyncio.to_thread(self._put, self._cleaning.end())

    async def _names(self, conn: AsyncConnection) -> set[str]:
        ledger = await self._rights_of(conn, self._given.place)
        kept = await names.of_place(conn, self._vault, self._given.place)
        return {*kept, *names_in(ledger.consents), *await names_of_players(conn, self._given.place)}

    async def _page(self, conn: AsyncConnection, after: tuple[datetime, int] | None) -> _Page:
        """Posts, and what the ledger says of them in the same moment."""
        ledger = await self._rights_of(conn, self._given.place)
        found = await posts.page(conn, self._vault, self._given.place, after, self._stored, PAGE)
        verdicts = [(post, ledger.verdict(post)) for _, post in found]
        refused = Counter(verdict.value for _, verdict in verdicts if verdict is not Verdict.ALLOWED)
        allowed = [post for post, verdict in verdicts if verdict is Verdict.ALLOWED]
        return _Page(allowed, refused, (found[-1][1].at, found[-1][0]) if found else None)

    async def _still_allowed(self, conn: AsyncConnection) -> bool:
        """Whether all whose posts were used allow it still."""
        ledger = await self._rights_of(conn, self._given.place)
        return all(used.is_allowed(ledger) for used in self._used())

    def _used(self) -> tuple[Used, ...]:
        return tuple(Used.of(self._first[key]) for key in sorted(self._first))

    def _take(self, allowed: Sequence[Post]) -> None:
        for post in allowed:
            self._note(post)
            self._put(self._cleaning.post(post))

    def _note(self, post: Post) -> None:
        source = Source.SUBMISSION if post.source in STORED_AS[Source.SUBMISSION] else Source.CHANNEL_LOG
        self._sources[source.value] += 1
        known = self._first.get((post.person, post.source))
        if known is None or _begins(post) < _begins(known):
            self._first[post.person, post.source] = replace(post, text="")

    def _read_files(self) -> None:
        for file in self._given.files:
            before = self._documents
            self._put(self._cleaning.file(iter(Corpus([file.path], key=file.key))))
            self._sources[Source.FILE.value] += self._documents - before

    def _put(self, made: Iterable[Made]) -> None:
        for kind, text in made:
            label = LABELS.get(kind)
            self._write(text, () if label is None else (label,))
            self._documents += 1
            self._characters += len(text)


def _begins(post: Post) -> datetime:
    return post.at if post.edited is None else min(post.at, post.edited)
