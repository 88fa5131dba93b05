"""Finds every command: each module of the package is imported, and what it declares is there."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import TypeAlias

import bot.commands
from bot.commands.declaration import Command, Group

Entry: TypeAlias = Command | Group


class Commands:
    """Commands and groups by their first word."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            if self._entries.setdefault(entry.name, entry) is not entry:
                raise ValueError(f"/{entry.name} is declared twice")

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: str) -> Entry | None:
        """The command or group of that name."""
        return self._entries.get(name)

    @property
    def names(self) -> list[str]:
        """First words."""
        return list(self._entries)

    @property
    def all(self) -> list[Command]:
        """Every command, those of groups among them."""
        found: list[Command] = []
        for entry in self:
            found += entry.commands.values() if isinstance(entry, Group) else [entry]
        return found


def discover(package: ModuleType = bot.commands) -> Commands:
    """What the modules of a package declare, by name."""
    entries: dict[str, Entry] = {}
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        for entry in vars(importlib.import_module(module.name)).values():
            declared = isinstance(entry, Group) or (isinstance(entry, Command) and entry.group is None)
            if declared and entries.setdefault(entry.name, entry) is not entry:
                raise ValueError(f"/{entry.name} is declared twice")
    return Commands(entries[name] for name in sorted(entries))
