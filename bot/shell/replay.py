"""`planchette replay`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from bot.shell.output import Json, emit, note, say
from bot.shell.writers import open_desk


def replay(
    file: Annotated[Path, typer.Argument(help="A story that `/story export json` wrote.", metavar="FILE")],
    as_json: Json = False,
) -> None:
    """Write an exported story again from its tokens, votes and seeds."""
    from bot.games.errors import UnreadableStory
    from bot.games.replay import replay as again

    try:
        document = json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError) as fault:
        raise UnreadableStory(f"it is not JSON ({fault})") from fault
    told = again(document, asyncio.run(_versions()))
    if as_json:
        emit({"text": told.text, "rounds": told.rounds, "differences": list(told.differences)})
        return
    say(told.text)
    for difference in told.differences:
        note(difference)
    if not told.differences:
        note(f"All {told.rounds} rounds were decided as the record says.")


async def _versions() -> dict[str, str]:
    async with open_desk() as desk:
        return {model.name: model.version for model in await desk.models.all()}
