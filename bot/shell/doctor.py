"""`planchette doctor`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.shell.output import Json, emit, say, table
from generators.errors import Translate, UserError, english

if TYPE_CHECKING:
    from bot.configuration import Configuration

SIGNS: Final = {"good": "✓", "note": "·", "problem": "✗"}


@dataclass(eq=False)
class ToBeMended(UserError):
    """Something that the doctor found does not work."""

    checks: tuple[str, ...]

    def sentence(self, translate: Translate = english) -> str:
        return translate("To be mended: {checks}.", checks=", ".join(self.checks))


def doctor(as_json: Json = False) -> None:
    """Check settings, models, database and devices.

    Each finding says how to mend it; nothing is changed.
    """
    from bot.configuration import Shown, load_configuration, shown

    configuration = load_configuration()
    origin = "environment variable PLANCHETTE_HOME" if os.environ.get("PLANCHETTE_HOME") else "default"
    settings = [Shown("home", str(configuration.home), origin), *shown(configuration)]
    if as_json:
        for key, value, origin in settings:
            emit({"setting": key, "value": value, "origin": origin})
    else:
        table(("setting", "value", "from"), settings)
        say()
    problems = asyncio.run(_checked(configuration, as_json))
    if problems:
        raise ToBeMended(problems)


async def _checked(configuration: Configuration, as_json: bool) -> tuple[str, ...]:
    from bot.shell.checks import State, findings

    problems = []
    async for finding in findings(configuration):
        if as_json:
            emit({"check": finding.check, "state": finding.state.value, "text": finding.text})
        else:
            say(f"{SIGNS[finding.state]} {finding.check}: {finding.text}")
        if finding.state is State.PROBLEM:
            problems.append(finding.check)
    return tuple(problems)
