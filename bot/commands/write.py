"""Asking a model for a text, for more of it, or for another one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from bot.commands.declaration import command, per_person, per_place
from bot.commands.invocation import Invocation
from bot.text import LONGEST_PROMPT
from bot.values import Choices, Length, Model, OfLabel, OfTemperature, OfTopK, OfTopP, Seed, Text
from bot.writing import Order, write
from generators.errors import Translate, UnknownModel, UserError, english
from storage import texts

A_PERSON: Final = per_person(5, seconds=10)
A_PLACE: Final = per_place(30, seconds=60)  # more than one person's quota, so that nobody takes it from all others


@dataclass(eq=False)
class NothingWritten(UserError):
    """More of a text was asked for in a place where none was written."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Nothing has been written here yet; /generate begins a text.")


@command(cooldown=A_PERSON, place_cooldown=A_PLACE)
async def generate(
    invocation: Invocation,
    prompt: Annotated[Text, "the text goes on from here"] = "",
    model: Annotated[Model | None, "the model that writes"] = None,
    temperature: OfTemperature = None,
    length: Annotated[Length | None, "tokens to write"] = None,
    top_k: OfTopK = None,
    top_p: OfTopP = None,
    seed: Annotated[Seed | None, "the same seed writes the same text"] = None,
    n: Annotated[Choices, "how many texts, side by side"] = 1,
    label: OfLabel = None,
) -> None:
    """Write a text with a model."""
    await write(invocation, Order(model, prompt, None, temperature, length, top_k, top_p, seed, n, label))


@command(name="continue", cooldown=A_PERSON, place_cooldown=A_PLACE)
async def go_on(invocation: Invocation) -> None:
    """Write more of the last text of this place."""
    await write(invocation, await continued(invocation))


@command(cooldown=A_PERSON, place_cooldown=A_PLACE)
async def retry(invocation: Invocation) -> None:
    """Write the last text of this place anew, with another seed."""
    last = await _last(invocation)
    version = await _version_of(invocation, last)
    await write(invocation, _again(last, version, last.request["before"], last.prompt_ids))


async def continued(invocation: Invocation) -> Order:
    """What writes the place's last text on.

    Raises:
        NothingWritten: there is none.
    """
    last = await _last(invocation)
    version = await _version_of(invocation, last)
    before = (last.request["before"] + last.text)[-LONGEST_PROMPT:]
    return _again(last, version, before, last.prompt_ids + last.token_ids, n=1)


def _again(last: texts.Text, version: str | None, before: str, ids: tuple[int, ...], **changed: int) -> Order:
    options = ("temperature", "length", "top_k", "top_p", "n", "label")
    known = {name: last.request[name] for name in options if name in last.request}
    people = tuple(last.request.get(texts.PEOPLE, ()))
    model = version or last.model
    return Order(model=model, before=before, ids=ids if version else None, people=people, **{**known, **changed})


async def _last(invocation: Invocation) -> texts.Text:
    last = await invocation.bot.database.read(partial(texts.last, place=invocation.place.key))
    if last is None:
        raise NothingWritten
    return last


async def _version_of(invocation: Invocation, last: texts.Text) -> str | None:
    """The very version that wrote the text, if it is still there: token ids mean nothing to another."""
    if not last.version:  # of a host that tells neither versions nor token ids
        return None
    name = f"{last.model}@{last.version}"
    try:
        await invocation.models.find(name)
    except UnknownModel:
        return None
    return name
