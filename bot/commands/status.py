"""How the bot is doing."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from bot.commands.declaration import command
from bot.commands.invocation import Invocation
from bot.conversation import Message
from generators.errors import Translate
from storage import stories
from storage.stories import Story


@command()
async def status(invocation: Invocation) -> None:
    """Show how the bot is doing: version, models, the story and the games here."""
    bot, translate = invocation.bot, invocation.translate
    models = await invocation.models.all()
    story = await bot.database.read(partial(stories.running, place=invocation.place.key))
    minutes = int((datetime.now(UTC) - bot.started).total_seconds() // 60)
    lines = [
        translate("Planchette {version}, up for {hours} h {minutes} min.", version=_version(), **_hours(minutes)),
        translate("The default model can write.")
        if bot.ready
        else translate("The default model is still being loaded."),
        translate("Models: {names}.", names=", ".join(info.name for info in models) or "–"),
        translate("Texts being written: {count}.", count=bot.texts_in_hand),
        _story(story, translate),
        *await bot.games.summaries(invocation.place, translate),
    ]
    await invocation.answer_privately(Message("\n".join(lines)))


def _hours(minutes: int) -> dict[str, int]:
    return {"hours": minutes // 60, "minutes": minutes % 60}


def _story(story: Story | None, translate: Translate) -> str:
    if story is None:
        return translate("No story is running here.")
    if story.state == "paused":
        return translate("A story by {model} is paused here.", model=story.model)
    return translate("A story by {model} is running here.", model=story.model)


def _version() -> str:
    try:
        return version("planchette")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
