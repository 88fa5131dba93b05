"""A story that the whole place writes with a model, vote by vote."""

from __future__ import annotations

from typing import Annotated, Literal

from bot.commands.declaration import Group, Permission
from bot.commands.invocation import Invocation
from bot.consent import Verdict
from bot.consent.submitting import refused
from bot.conversation import Message
from bot.models import pinned
from bot.values import Candidates, Model, OfLabel, OfStory, Seconds, Temperature, Text, WriteIn
from generators.completion import Unit

story = Group("story", "Write a story together: everybody votes on what comes next", default="show")


@story.command()
async def start(
    invocation: Invocation,
    text: Annotated[Text, "how the story begins"] = "",
    unit: Annotated[Unit | None, "what each vote is about"] = None,
    candidates: Annotated[Candidates | None, "candidates on a ballot"] = None,
    seconds: Annotated[Seconds | None, "seconds that a round takes"] = None,
    solo: Annotated[bool, "whether the first vote closes a round"] = False,
    model: Annotated[Model | None, "the model that offers the candidates"] = None,
    temperature: Annotated[Temperature | None, "of draws between tied candidates; 0 takes the likeliest"] = None,
    label: OfLabel = None,
    thread: Annotated[bool, "whether the story gets a thread of its own, where there are threads"] = False,
) -> None:
    """Begin a story; the rest of the line is its beginning."""
    here = await invocation.settings.get()
    bot = invocation.bot
    info = await invocation.models.chosen(model, here.model)
    await invocation.models.check_label(label, info)
    place = await invocation.thread(text) if thread else invocation.place
    told = await bot.tables.start(
        place,
        invocation.person,
        text=text,
        unit=unit or here.unit,
        candidates=candidates or here.candidates,
        seconds=seconds or here.seconds,
        solo=solo,
        model=pinned(info),
        temperature=temperature,
        label=label,
        origin=invocation.origin,
    )
    await invocation.answer(Message(told))


@story.command(counted=False)
async def join(invocation: Invocation) -> None:
    """Play along: rounds wait for your vote."""
    told = await invocation.bot.tables.join(invocation.place, invocation.person, origin=invocation.origin)
    await invocation.answer(Message(told))


@story.command(counted=False)
async def write(invocation: Invocation, text: Annotated[WriteIn, "your own candidate"]) -> None:
    """Put your own words on the ballot."""
    told = await invocation.bot.tables.votes.write(invocation.place, invocation.person, text, origin=invocation.origin)
    await invocation.answer_privately(Message(told))


@story.command(requires=Permission.STARTER, counted=False)
async def pause(invocation: Invocation) -> None:
    """Stop the clock until somebody presses a button."""
    told = await invocation.bot.tables.pause(invocation.place, invocation.person, origin=invocation.origin)
    await invocation.answer(Message(told))


@story.command(requires=Permission.STARTER, counted=False)
async def undo(invocation: Invocation) -> None:
    """Take the last choice back and vote on it again."""
    told = await invocation.bot.tables.undo(invocation.place, invocation.person, origin=invocation.origin)
    await invocation.answer(Message(told))


@story.command(requires=Permission.STARTER, counted=False)
async def skip(invocation: Invocation) -> None:
    """Close the round now."""
    told = await invocation.bot.tables.skip(invocation.place, invocation.person, origin=invocation.origin)
    await invocation.answer(Message(told))


@story.command(requires=Permission.STARTER, counted=False)
async def stop(invocation: Invocation) -> None:
    """End the story."""
    told = await invocation.bot.tables.stop(invocation.place, invocation.person, origin=invocation.origin)
    await invocation.answer(Message(told))


@story.command()
async def show(invocation: Invocation, story: OfStory = None) -> None:
    """Show the story as it stands."""
    await invocation.answer(await invocation.bot.tables.show(invocation.place, invocation.translate, name=story))


@story.command()
async def export(
    invocation: Invocation,
    format: Annotated[Literal["md", "json", "html"], "Markdown or HTML to read, JSON to replay"] = "md",  # noqa: A002
    story: OfStory = None,
) -> None:
    """Get the story as a file."""
    tables, translate = invocation.bot.tables, invocation.translate
    await invocation.answer(await tables.export(invocation.place, format, translate, name=story))


@story.command()
async def teach(invocation: Invocation, story: OfStory = None) -> None:
    """Let this channel's model learn from a story that is over, once all who wrote it want that."""
    found = await invocation.bot.tables.chosen(invocation.place, story)
    given = await invocation.bot.consents.give(invocation.person, invocation.place, found)
    if given.verdict is not Verdict.ALLOWED:
        await invocation.answer_privately(
            await refused(invocation.bot, given.verdict, invocation.person, invocation.place)
        )
    elif given.missing:
        await invocation.answer(
            "You give this story. The model learns from it once one more writer does, with /story teach.",
            "You give this story. The model learns from it once {count} more writers do, with /story teach.",
            count=given.missing,
        )
    else:
        await invocation.answer("All who wrote this story give it, and the model of this channel can learn from it.")
