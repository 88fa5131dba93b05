"""`planchette replay`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from bot.shell.errors import DoesNotReplay
from bot.shell.output import Json, emit, note, say
from bot.shell.writers import open_desk
from bot.shelves import found
from generators.errors import UnknownModel


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
    differences = (*told.differences, *_spelt(document))
    noted = differences if told.model is None else (told.model, *differences)
    if as_json:
        emit({"text": told.text, "rounds": told.rounds, "differences": list(noted)})
    else:
        say(told.text)
        for difference in noted:
            note(difference)
    if differences:
        raise DoesNotReplay(len(differences))
    if not as_json:
        rounds = "The round was" if told.rounds == 1 else f"All {told.rounds} rounds were"
        note(f"{rounds} decided as the record says.")


def _spelt(document: object) -> tuple[str, ...]:
    """What the token ids say otherwise, where the very version that wrote them is a directory here."""
    from bot.configuration import load_configuration
    from bot.games.replay import recorded
    from bot.shell.spelling import differences
    from generators.vocabulary import Vocabulary

    record = recorded(document)
    try:
        _, directory = found(load_configuration().home, f"{record.model}@{record.version}")
    except UnknownModel:  # elsewhere, or gone; the replay itself says so
        return ()
    return tuple(differences(document, record, Vocabulary.load(directory)))


async def _versions() -> dict[str, str]:
    async with open_desk() as desk:
        return {model.name: model.version for model in await desk.models.all()}
