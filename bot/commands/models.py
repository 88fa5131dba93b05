"""Which models write, and which one writes here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from bot import versions
from bot.commands.declaration import Group, Permission
from bot.commands.invocation import Invocation
from bot.conversation import Message
from bot.models import NoModels
from bot.names import versioned
from bot.values import Model
from generators.completion import ModelInfo
from generators.errors import Translate, UserError, english

models = Group("models", "List the models, or choose the one that writes here", default="list")


@dataclass(eq=False)
class WritesHere(UserError):
    """A model that is to be removed, but writes in this place."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The model {name} writes here; choose another with /models use before you remove it.", name=self.name
        )


@models.command(name="list")
async def listing(invocation: Invocation) -> None:
    """List the models that can write now."""
    found = await invocation.bot.models.all()
    if not found:
        raise NoModels
    here = (await invocation.settings.get()).model or found[0].name
    lines = [_line(info, here) for info in found]
    await invocation.answer_privately(Message("\n".join(lines)))


@models.command(requires=Permission.ADMIN, sets=Permission.ADMIN)
async def use(
    invocation: Invocation, model: Annotated[Model, "a model's name, NAME@VERSION for one version; default unsets"]
) -> None:
    """Choose the model that writes here."""
    await invocation.settings.set("model", model)
    await invocation.answer(await invocation.settings.explanation("model"))


@models.command(requires=Permission.ADMIN)
async def rollback(
    invocation: Invocation, model: Annotated[Model | None, "an own model; the one that writes here without it"] = None
) -> None:
    """Go back to the version before the one in use, everywhere."""
    home = invocation.bot.configuration.home
    name = (await _here(invocation)).name if model is None else model
    target = await asyncio.to_thread(versions.earlier, home, name)
    if await invocation.record("rollback", {"model": target}):
        await asyncio.to_thread(versions.use, home, target)
        await invocation.answer("{model} writes now where no other version is asked for.", model=target)


@models.command(requires=Permission.ADMIN)
async def remove(
    invocation: Invocation, model: Annotated[Model, "an own model, or NAME@VERSION for one version of it"]
) -> None:
    """Delete a model of your own from the bot's machine."""
    home = invocation.bot.configuration.home
    await asyncio.to_thread(versions.removable, home, model)
    plain, version = versioned(model)
    here = await _here(invocation)
    if plain == here.name and version in (None, here.version):
        raise WritesHere(model)
    if await invocation.record("remove model", {"model": model}):
        await asyncio.to_thread(versions.remove, home, model)
        await invocation.answer("{model} is removed.", model=model)


async def _here(invocation: Invocation) -> ModelInfo:
    return await invocation.bot.models.chosen(None, (await invocation.settings.get()).model)


def _line(info: ModelInfo, here: str) -> str:
    """`hacker_news (charrnn, writes here): what its card says`."""
    marked = " ←" if here in (info.name, f"{info.name}@{info.version}") else ""
    described = f" · {info.description}" if info.description else ""
    labels = f" · {', '.join(info.labels)}" if info.labels else ""
    return f"{info.name}@{info.version} · {info.kind}{described}{labels}{marked}"
