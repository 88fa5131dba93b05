"""What can be wrong with a command that a person gave in the shell."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class NothingToRun(UserError):
    """No platform is set up."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("No platform is set up; set web.enabled to true.")


@dataclass(eq=False)
class CannotImport(UserError):
    """A directory that holds no model we can read."""

    path: str
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("{path} cannot be imported: {reason}.", path=self.path, reason=self.reason)


@dataclass(eq=False)
class InTheWay(UserError):
    """Something stands where a new directory should."""

    path: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("{path} is there already; name a directory that is new or empty.", path=self.path)
