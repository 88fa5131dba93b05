"""A text that people and a model write in turns, a sentence each."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated, Literal

from bot.commands.declaration import Group, Permission
from bot.commands.invocation import Invocation
from bot.conversation import Message
from bot.games.relay import LONGEST_SENTENCE, MOST, RELAY, Player, Relay
from bot.models import pinned
from bot.text import checked
from bot.values import Between, Model, RestOfLine, Seconds, Temperature, Text
from generators.errors import Phrase

relay = Group("relay", "Write a text in turns: a sentence each, yours and the model's", default="show")


@relay.command()
async def start(
    invocation: Invocation,
    text: Annotated[Text, "how the text begins"] = "",
    seconds: Annotated[Seconds | None, "seconds that a person has for a sentence"] = None,
    sentences: Annotated[int, Between(0, MOST), "sentences in all; 0 for no end"] = 20,
    model: Annotated[Model | None, "the model that writes along"] = None,
    temperature: Annotated[Temperature | None, "of the model's sentences; 0 always takes the likeliest token"] = None,
    thread: Annotated[bool, "whether the relay gets a thread of its own, where there are threads"] = False,
) -> None:
    """Begin a relay, with you as its first writer; the rest of the line is its beginning."""
    here, bot = await invocation.settings.get(), invocation.bot
    checked(text, Phrase("the beginning"))
    info = await invocation.models.chosen(model, here.model)
    person = invocation.person
    lasting = seconds or here.seconds
    match = Relay(
        model=pinned(info),
        temperature=here.temperature if temperature is None else temperature,
        seconds=lasting,
        most=sentences,
        seed=secrets.randbits(63),
        started_by=person.key,
        beginning=text,
        players=(Player(person.key, person.name),),
        deadline=bot.clock.now() + timedelta(seconds=lasting),
    )
    place = await invocation.thread(text) if thread else invocation.place
    begun = await bot.games.start(RELAY, match, place, person, origin=invocation.origin)
    if begun:
        await invocation.answer("A relay begins; /relay join gives you a turn of your own.")
    else:
        await invocation.answer("This was done already.")


@relay.command(counted=False)
async def join(invocation: Invocation) -> None:
    """Play along: your turn comes after the others'."""
    await invocation.answer(Message(await _moved(invocation, "join")))


@relay.command(counted=False)
async def leave(invocation: Invocation) -> None:
    """Play no longer."""
    await invocation.answer(Message(await _moved(invocation, "leave")))


@relay.command(counted=False)
async def write(
    invocation: Invocation, text: Annotated[str, RestOfLine(LONGEST_SENTENCE), "your sentence, as it is to stand"]
) -> None:
    """Write your sentence when it is your turn."""
    await invocation.answer_privately(Message(await _moved(invocation, "write", text)))


@relay.command(requires=Permission.STARTER, counted=False)
async def skip(invocation: Invocation) -> None:
    """Pass the turn on."""
    await invocation.answer(Message(await _moved(invocation, "skip")))


@relay.command(requires=Permission.STARTER, counted=False)
async def stop(invocation: Invocation) -> None:
    """End the relay."""
    await invocation.answer(Message(await _moved(invocation, "stop")))


@relay.command()
async def show(invocation: Invocation) -> None:
    """Show the relay as it stands."""
    await invocation.answer(await invocation.bot.games.show(RELAY, invocation.place, invocation.translate))


@relay.command()
async def export(
    invocation: Invocation,
    format: Annotated[Literal["md", "json", "html"], "Markdown or HTML to read, JSON for programs"] = "md",  # noqa: A002
) -> None:
    """Get the text as a file."""
    await invocation.answer(await invocation.bot.games.export(RELAY, invocation.place, format, invocation.translate))


async def _moved(invocation: Invocation, move: str, text: str = "") -> str:
    return await invocation.bot.games.act(
        RELAY, invocation.place, move, invocation.person, text=text, origin=invocation.origin
    )
