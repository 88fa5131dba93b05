"""The directory that holds everything the program writes, and the lock of the one bot that may use it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from generators.errors import Translate, UserError, english

PRIVATE: Final = 0o700  # what people wrote is nobody else's to read


@dataclass(eq=False)
class HomeInUse(UserError):
    """Another bot holds the home's lock."""

    home: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Another Planchette runs with the home {home}; stop it, or set PLANCHETTE_HOME to another directory.",
            home=self.home,
        )


@dataclass(eq=False)
class UnusableHome(UserError):
    """A home that cannot be made or written to."""

    home: str
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The home {home} cannot be used: {reason}. Mend it, or set PLANCHETTE_HOME to another directory.",
            home=self.home,
            reason=self.reason,
        )


def default_home() -> Path:
    """`PLANCHETTE_HOME`, or `.planchette` in the user's own directory."""
    return Path(os.environ.get("PLANCHETTE_HOME") or "~/.planchette").expanduser().absolute()


def default_vault() -> Path:
    """The file with the key that seals people's text: apart from the home, so that no copy of that can be read."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser().absolute() / "planchette" / "vault.key"


@dataclass(frozen=True, slots=True)
class Home:
    """Where things lie in `PLANCHETTE_HOME`."""

    path: Path

    @property
    def configuration(self) -> Path:
        return self.path / "planchette.toml"

    @property
    def database(self) -> Path:
        return self.path / "planchette.db"

    @property
    def models(self) -> Path:
        return self.path / "models"

    @property
    def jobs(self) -> Path:
        return self.path / "jobs"

    @property
    def uploads(self) -> Path:
        return self.path / "uploads"

    @property
    def hosting(self) -> Path:
        return self.path / "hosting"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def faults(self) -> Path:
        return self.path / "faults.log"

    def create(self) -> None:
        """Makes what is missing, for the user alone; what is there keeps its modes.

        Raises:
            UnusableHome: the system refuses it.
        """
        try:
            self.path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            for directory in (self.models, self.jobs, self.uploads):
                directory.mkdir(mode=PRIVATE, exist_ok=True)
        except OSError as fault:
            broken = self.path.is_symlink() and not self.path.exists()
            reason = "it is a link to nothing" if broken else fault.strerror or type(fault).__name__
            raise UnusableHome(str(self.path), reason) from fault

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keeps every other bot out of the home; the system lets go of it when the process ends, however it ends.

        Raises:
            HomeInUse: another bot has it.
            UnusableHome: it cannot be made or written to.
        """
        self.create()
        lock = FileLock(self.lock, mode=0o600)
        try:
            lock.acquire(blocking=False)
        except Timeout as fault:
            raise HomeInUse(str(self.path)) from fault
        except OSError as fault:
            raise UnusableHome(str(self.path), fault.strerror or type(fault).__name__) from fault
        try:
            yield
        finally:
            lock.release()
