"""What can be wrong with the operator's settings, each as one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class UnreadableFile(UserError):
    """A file of settings or a secret's file that cannot be read."""

    path: str
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("{path} cannot be read: {reason}. Mend the file.", path=self.path, reason=self.reason)


@dataclass(eq=False)
class UnknownKey(UserError):
    """A key that no part of the program reads; `nearest` is the closest one that there is."""

    key: str
    origin: str
    nearest: str | None = None

    def sentence(self, translate: Translate = english) -> str:
        if self.nearest is None:
            return translate(
                "There is no setting {key} ({origin}); `planchette doctor` lists what there is.",
                key=self.key,
                origin=self.origin,
            )
        return translate(
            "There is no setting {key} ({origin}). Did you mean {nearest}?",
            key=self.key,
            origin=self.origin,
            nearest=self.nearest,
        )


@dataclass(eq=False)
class ConfigurationFault(UserError):
    """A value of the wrong kind; `value` is None for a secret, which is never shown."""

    key: str
    value: str | None
    origin: str
    allowed: str

    def sentence(self, translate: Translate = english) -> str:
        if self.value is None:
            return translate(
                "The value of {key} ({origin}) has to be {allowed}.",
                key=self.key,
                origin=self.origin,
                allowed=self.allowed,
            )
        return translate(
            "{key} cannot be {value} ({origin}); it has to be {allowed}.",
            key=self.key,
            value=self.value,
            origin=self.origin,
            allowed=self.allowed,
        )


@dataclass(eq=False)
class Exposed(UserError):
    """A server that others could reach, without a key."""

    section: str
    host: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{section}.host is {host}, which other machines can reach, so {section}.key has to be set too.",
            section=self.section,
            host=self.host,
        )


@dataclass(eq=False)
class NothingToShare(UserError):
    """A part of Discord's shards, over a database that no other process can use."""

    shards: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "discord.shards is {shards}, but the database is a file, which only one process can use; set database.url "
            "to a PostgreSQL database that the processes share, or take discord.shards out.",
            shards=self.shards,
        )
