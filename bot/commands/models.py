"""Which models write, and which one writes here."""

from __future__ import annotations

from typing import Annotated

from bot.commands.declaration import Group, Permission
from bot.commands.invocation import Invocation
from bot.conversation import Message
from bot.models import NoModels
from bot.values import Model
from generators.completion import ModelInfo

models = Group("models", "List the models, or choose the one that writes here", default="list")


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
    invocation: Invocation, model: Annotated[Model, "a model's name, NAME@VERSION for one version; `default` unsets"]
) -> None:
    """Choose the model that writes here."""
    await invocation.settings.set("model", model)
    await invocation.answer(await invocation.settings.explanation("model"))


def _line(info: ModelInfo, here: str) -> str:
    """`hacker_news (charrnn, writes here): what its card says`."""
    marked = " ←" if here in (info.name, f"{info.name}@{info.version}") else ""
    described = f" · {info.description}" if info.description else ""
    labels = f" · {', '.join(info.labels)}" if info.labels else ""
    return f"{info.name}@{info.version} · {info.kind}{described}{labels}{marked}"
