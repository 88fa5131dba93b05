"""Which models write, and which one writes here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeVar

from bot import versions
from bot.commands.declaration import Group, Permission
from bot.commands.invocation import Invocation
from bot.conversation import Message
from bot.models import NoModels
from bot.names import no_such_model, versioned
from bot.values import Model
from generators.completion import ModelInfo
from generators.errors import Translate, UnknownModel, UserError, english
from storage.channel_models import ChannelModel

T = TypeVar("T")

HIDDEN: Final = "…"  # stands for models that nobody here may know of

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
    """List the models that can write now, and the versions that were trained here."""
    found = await invocation.models.all()
    if not found:
        raise NoModels
    here = (await invocation.settings.get()).model or found[0].name
    listed = {f"{info.name}@{info.version}" for info in found}
    versions_ = [row for row in await invocation.bot.lineages.known(invocation.place) if row.name not in listed]
    lines = [_line(info, here) for info in found] + [_version(row, here, invocation.translate) for row in versions_]
    await invocation.answer_privately(Message("\n".join(lines)))


@models.command(requires=Permission.ADMIN, sets=Permission.ADMIN)
async def use(
    invocation: Invocation, model: Annotated[Model, "a model's name, NAME@VERSION for one version; default unsets"]
) -> None:
    """Choose the model that writes here."""
    await invocation.settings.set("model", model)
    name = (await invocation.settings.get()).model
    if name is None:
        await invocation.answer(await invocation.settings.explanation("model"))
    else:
        await invocation.answer("{model} writes here now.", model=name)


@models.command(requires=Permission.ADMIN)
async def rollback(
    invocation: Invocation, model: Annotated[Model | None, "an own model; the one that writes here without it"] = None
) -> None:
    """Go back to what wrote before: here, where the model was trained here; else everywhere."""
    bot, home = invocation.bot, invocation.bot.configuration.home
    name = (await _here(invocation)).name if model is None else model
    await invocation.models.admit(name)
    if await bot.lineages.known(invocation.place, versioned(name)[0]):
        plain, version = versioned(name)
        done = await bot.lineages.roll_back(plain, invocation.person, invocation.place, invocation.origin, version)
        await invocation.answer(Message(done.sentence(invocation.translate)))
        return
    target = await _of_own(invocation, versions.earlier, name)
    if await invocation.record("rollback", {"model": target}):
        await asyncio.to_thread(versions.use, home, target)
        await invocation.answer("{model} writes now where no other version is asked for.", model=target)


@models.command(requires=Permission.ADMIN)
async def remove(
    invocation: Invocation, model: Annotated[Model, "an own model, or NAME@VERSION for one version of it"]
) -> None:
    """Delete a model of your own, or one that was trained here, from the bot's machine."""
    home, lineages = invocation.bot.configuration.home, invocation.bot.lineages
    await invocation.models.admit(model)
    trained = await lineages.known(invocation.place, model)
    if not trained:
        await _removable(invocation, model)
    plain, version = versioned(model)
    here = await _here(invocation)
    if plain == here.name and version in (None, here.version):
        raise WritesHere(model)
    await lineages.removable(trained)
    if await invocation.record("remove model", {"model": model}):
        if trained:
            await lineages.remove(trained)
        else:
            await asyncio.to_thread(versions.remove, home, model)
        await invocation.answer("{model} is removed.", model=model)


async def _removable(invocation: Invocation, model: str) -> None:
    """Makes sure that an own model can be removed; adapters of other servers are not named.

    Raises:
        UserError: it cannot.
    """
    try:
        await _of_own(invocation, versions.removable, model)
    except versions.HasAdapters as fault:
        visibility, place = invocation.bot.visibility, invocation.place
        known = [name if await visibility.may_know(name, place) else HIDDEN for name in fault.adapters]
        raise versions.HasAdapters(fault.name, tuple(dict.fromkeys(known))) from fault


async def _of_own(invocation: Invocation, look: Callable[[Path, str], T], name: str) -> T:
    """What is on the disk of an own model.

    Raises:
        UnknownModel: there is none; only names that may be known here are suggested.
    """
    try:
        return await asyncio.to_thread(look, invocation.bot.configuration.home, name)
    except UnknownModel as fault:
        raise no_such_model(name, [info.name for info in await invocation.models.all()]) from fault


async def _here(invocation: Invocation) -> ModelInfo:
    return await invocation.models.chosen(None, (await invocation.settings.get()).model)


def _line(info: ModelInfo, here: str) -> str:
    """`hacker_news (charrnn, writes here): what its card says`."""
    marked = " ←" if here in (info.name, f"{info.name}@{info.version}") else ""
    described = f" · {info.description}" if info.description else ""
    labels = f" · {', '.join(info.labels)}" if info.labels else ""
    return f"{info.name}@{info.version} · {info.kind}{described}{labels}{marked}"


def _version(row: ChannelModel, here: str, translate: Translate) -> str:
    """`web-lobby@0a1b2c · from charrnn@1 · 1.93 bits …`, and whether it is out of use."""
    parts = [row.name, translate("from {base}", base=row.base)]
    bits = row.facts.get("bits_per_character")
    if isinstance(bits, int | float):
        parts.append(translate("{bits} bits per character of the newest text", bits=f"{bits:.2f}"))
    if row.tainted is not None:
        parts.append(translate("out of use, because somebody has withdrawn"))
    return " · ".join(parts) + (" ←" if here == row.name else "")
