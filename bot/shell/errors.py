"""What can be wrong with a command that a person gave in the shell."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class NothingToRun(UserError):
    """No platform is set up."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("No platform is set up; set web.enabled to true, or give discord.token or telegram.token.")
