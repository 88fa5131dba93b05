"""What can be wrong with the database, as sentences to the person who runs the bot.

The errors carry facts and survive pickling; the sentence is made where the reader's language is known. `database` is
always the path or the URL, with its password masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Translate(Protocol):
    """Renders a whole English sentence, with its facts filled in, in the reader's language.

    Where a `plural` is given, the fact `count` decides which of a language's forms is taken.
    """

    def __call__(self, sentence: str, plural: str | None = None, /, **facts: object) -> str: ...


def english(sentence: str, plural: str | None = None, /, **facts: object) -> str:
    """The sentence as it is written in the code, its facts filled in."""
    return (sentence if plural is None or facts["count"] == 1 else plural).format(**facts)


@dataclass(eq=False)
class StorageError(Exception):
    """Something could not be stored or read; `sentence` says why and what to do."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This could not be saved or read; try again in a moment.")

    def __str__(self) -> str:
        return self.sentence(english)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), {name: getattr(self, name) for name in self.__dataclass_fields__})


def _rebuilt(kind: type[StorageError], facts: dict[str, object]) -> StorageError:
    return kind(**facts)


@dataclass(eq=False)
class DatabaseFault(StorageError):
    """The database itself does not do its work; nothing of what was asked is in it."""

    database: str
    reason: str = ""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The database {database} failed: {reason}. Look at its disk or server, and try again.",
            database=self.database,
            reason=self.reason,
        )


@dataclass(eq=False)
class DatabaseNewer(DatabaseFault):
    """A newer version of the program has written it; `reason` is the revision that this version does not know."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The database {database} was written by a newer version of Planchette; it is as it was. "
            "Update Planchette, or set another database.url.",
            database=self.database,
        )


@dataclass(eq=False)
class DatabaseReadOnly(DatabaseFault):
    """It can be read, but not written."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The database {database} cannot be written; allow this user to write it and the folder that it is in.",
            database=self.database,
        )


@dataclass(eq=False)
class DatabaseFull(DatabaseFault):
    """There is no room for more."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The disk of the database {database} is full and nothing was saved; make room there, and try again.",
            database=self.database,
        )


@dataclass(eq=False)
class DatabaseBusy(DatabaseFault):
    """Another program has held it for too long."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Another program is holding the database {database} and nothing was saved; "
            "close that program, or try again in a moment.",
            database=self.database,
        )


@dataclass(eq=False)
class DatabaseUnreachable(DatabaseFault):
    """It cannot be opened at all."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The database {database} cannot be opened: {reason}. "
            "Check that it is there, that it runs, and that this user may open it; database.url names it.",
            database=self.database,
            reason=self.reason,
        )


@dataclass(eq=False)
class DatabaseForeign(DatabaseFault):
    """What is there is no database of ours: another kind of file, a damaged one, or another program's."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{database} is not a database of Planchette, or it is damaged: {reason}. "
            "Move it away or restore a copy of it, or set another database.url.",
            database=self.database,
            reason=self.reason,
        )


@dataclass(eq=False)
class DatabaseClosed(DatabaseFault):
    """Something was asked of it after it was closed."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Planchette is stopping and nothing was saved; try again when it is back.", database=self.database
        )


@dataclass(eq=False)
class UnusableUrl(DatabaseFault):
    """An address that names no database that we can use."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "database.url cannot be {database}; it has to be sqlite:///PATH or postgresql://USER@HOST/NAME.",
            database=self.database,
        )


@dataclass(eq=False)
class MissingDriver(DatabaseFault):
    """The base install leaves the driver of this kind of database out."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The database {database} needs packages that are not installed; make run EXTRAS=postgres brings them.",
            database=self.database,
        )
