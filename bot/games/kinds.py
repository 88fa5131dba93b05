"""What a game is to the host that keeps it going: a value for its state, and rules that make the next one of it.

A module of this package that has a `Kind` of its own in it is a game; nothing else is registered anywhere.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import bot.games
from bot.conversation import Attachment, Message, Person, Place
from bot.games.export import Format
from bot.games.house import House
from generators.errors import Translate, UserError, english


class Match(Protocol):
    """One game's state, a value: every change makes a new one."""

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        ...

    @property
    def deadline(self) -> datetime | None:
        """When something happens though nobody does anything."""
        ...

    @property
    def working(self) -> bool:
        """Whether it is a model's turn."""
        ...

    @property
    def page(self) -> int:
        """Counts the messages: a new page is a new message, the same page is the same message edited."""
        ...


M = TypeVar("M", bound=Match)
Rule: TypeAlias = Callable[[M, datetime], M]


@dataclass(eq=False)
class NotYourGame(UserError):
    """A move that only whoever started a game, or an admin, may make."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Only whoever started it, or an admin, can do this.")


class Kind(ABC, Generic[M]):
    """A game's rules and looks.

    Attributes:
        name: the game's own, and its command's.
        reply: the move that a reply to its message makes.
        noted: moves that leave a line in the audit.
    """

    name: str
    reply: str = ""
    noted: frozenset[str] = frozenset()

    @abstractmethod
    def load(self, state: dict[str, Any]) -> M:
        """A match from JSON."""

    @abstractmethod
    def dump(self, match: M) -> dict[str, Any]:
        """A match as JSON."""

    @abstractmethod
    def act(self, match: M, move: str, text: str, by: Person, at: datetime) -> M:
        """The match after somebody's move.

        Raises:
            UserError: they may not make it now.
        """

    @abstractmethod
    def told(self, match: M, move: str, by: Person, translate: Translate) -> str:
        """What somebody is told whose move has led to this match."""

    @abstractmethod
    def expired(self, match: M, at: datetime) -> M:
        """The match after its deadline; unchanged where that is still to come."""

    @abstractmethod
    def postponed(self, match: M, until: datetime) -> M:
        """The match whose deadline, if it has one, comes no sooner."""

    @abstractmethod
    def stalled(self, match: M, at: datetime) -> M:
        """The match that waits for people, because the model has failed; unchanged where it is nobody's fault."""

    @abstractmethod
    async def work(self, match: M, place: Place, house: House) -> Rule[M]:
        """Does the model's turn, and returns what that changes, in whatever the match has become meanwhile.

        Raises:
            UserError: the model cannot do it, or not now.
        """

    @abstractmethod
    def show(self, match: M, game: int, fault: UserError | None, translate: Translate) -> Message:
        """How the match looks on its newest message.

        Args:
            game: names it on its buttons.
            fault: why the model has failed.
        """

    @abstractmethod
    def turned(self, match: M, page: int, translate: Translate) -> Message:
        """What the message of an earlier page turns into."""

    @abstractmethod
    def summary(self, match: M, translate: Translate) -> str:
        """One sentence on how it stands."""

    @abstractmethod
    def file(self, match: M, game: int, form: Format, begun: datetime, translate: Translate) -> Attachment:
        """All of it as a file."""


def kinds() -> dict[str, Kind[Any]]:
    """Every game of this package, by its name."""
    found: dict[str, Kind[Any]] = {}
    for module in pkgutil.iter_modules(bot.games.__path__, bot.games.__name__ + "."):
        for entry in vars(importlib.import_module(module.name)).values():
            if isinstance(entry, Kind) and found.setdefault(entry.name, entry) is not entry:
                raise ValueError(f"there are two games called {entry.name}")
    return found
