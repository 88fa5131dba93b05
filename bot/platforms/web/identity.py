"""Who somebody is in the page: a name, signed into a cookie."""

from __future__ import annotations

import os
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer

from bot.platforms.web.errors import Refusal
from bot.platforms.web.names import folded, person_name

YEAR: Final = 365 * 24 * 3600  # s; how long a browser keeps a name
HELD: Final = 24 * 3600  # s; how long a name stays its browser's after that was last here
KEPT: Final = 10_000  # names held at once


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser and the name it goes by; `browser` tells apart two people who want the same name."""

    name: str
    browser: str


class Identities:
    """Signs names into cookies and reads them again; a cookie that is not ours is no cookie."""

    def __init__(self, key: str) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="person")

    def signed(self, visitor: Visitor) -> str:
        """The cookie's value."""
        return self._serializer.dumps([visitor.name, visitor.browser])

    def read(self, cookie: str | None) -> Visitor | None:
        """Who the cookie says it is, if we signed it within a year."""
        if cookie is None:
            return None
        try:
            name, browser = self._serializer.loads(cookie, max_age=YEAR)
            return Visitor(person_name(name), browser)
        except (BadData, Refusal):
            return None


class NameHolders:
    """Which browser goes by which name: the first that asked, for a day after it was last here.

    Kept in memory: after a restart each browser's cookie claims its name again.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._held: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def claim(self, visitor: Visitor) -> None:
        """Holds the name for this browser.

        Raises:
            Refusal: another browser holds it.
        """
        name = folded(visitor.name)
        now = self._clock()
        holder, seen = self._held.get(name, (visitor.browser, now))
        if holder != visitor.browser and now - seen < HELD:
            raise Refusal(409, "Somebody else here is called {name}; choose another name.", {"name": visitor.name})
        self._held[name] = (visitor.browser, now)
        self._held.move_to_end(name)
        if len(self._held) > KEPT:
            self._held.popitem(last=False)

    def release(self, visitor: Visitor) -> None:
        """Lets go of a name that this browser holds."""
        if self._held.get(folded(visitor.name), ("", 0.0))[0] == visitor.browser:
            del self._held[folded(visitor.name)]


def signing_key(path: Path) -> str:
    """The key in the file, made there at first use, readable by its owner only."""
    try:
        return path.read_text("ascii")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # unlike a rename it never replaces a key that another process made meanwhile
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text("ascii")
