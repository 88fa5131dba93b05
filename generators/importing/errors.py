"""What can be wrong with a model that comes from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class CannotImport(UserError):
    """Something that holds no model we can read."""

    source: str
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("{source} cannot be imported: {reason}.", source=self.source, reason=self.reason)


@dataclass(eq=False)
class NoSource(UserError):
    """A word that names nothing to import from."""

    source: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{source} is no directory and no .zip, .tar, .tar.gz or .tar.xz; name one of these, or hub:NAME.",
            source=self.source,
        )
