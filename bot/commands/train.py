"""A channel's own model: trained on what people of the channel agreed to give."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from bot.commands.declaration import Group, Permission
from bot.commands.invocation import Invocation
from bot.consent.gate import root
from bot.conversation import Message
from bot.corpora.errors import KeyLost, NoFile
from bot.corpora.uploads import check
from bot.jobs.drafting import base_of, sources_of
from bot.values import Between, Model
from generators.errors import UserError
from storage.errors import StorageError

MOST_EPOCHS: Final = 100

train = Group("train", "Train this channel's own model on what people here agreed to give", default="status")


@train.command(requires=Permission.ADMIN, counted=False)
async def start(
    invocation: Invocation,
    base: Annotated[Model | None, "the model to go on from"] = None,
    sources: Annotated[str | None, "of file, submission and channel_log, with commas between; all without it"] = None,
    epochs: Annotated[float | None, Between(0.1, MOST_EPOCHS), "times that the text is gone through, at most"] = None,
) -> None:
    """Show what a training would be; a button begins it."""
    bot, place, translate = invocation.bot, invocation.place, invocation.translate
    wanted = sources_of(sources)
    await bot.jobs.refuse_second(place)
    found = await base_of(bot, place, base)
    answer = await invocation.answer("Looking at what there is to learn from …")
    try:
        message = await bot.jobs.draft(
            found, wanted, epochs, person=invocation.person, place=place, message=answer.posted
        )
    except (UserError, StorageError) as fault:
        await answer.finish(Message(fault.sentence(translate)))
        return
    await answer.finish(message)


@train.command(requires=Permission.ADMIN, counted=False)
async def cancel(invocation: Invocation) -> None:
    """End the training that waits or runs here."""
    await invocation.bot.jobs.cancel(invocation.place, invocation.person)
    await invocation.answer("The training is cancelled.")


@train.command(requires=Permission.ADMIN, counted=False)
async def status(invocation: Invocation) -> None:
    """Show the training that waits or runs here."""
    shown = await invocation.bot.jobs.status(invocation.place, invocation.person.language)
    await invocation.answer_privately(Message(shown.text))


@train.command(requires=Permission.ADMIN, counted=False, file="the text file to keep")
async def upload(invocation: Invocation) -> None:
    """Keep a text file, to learn from."""
    uploads, place = invocation.bot.uploads, root(invocation.place)
    if not invocation.files:
        raise NoFile(uploads.folder_of(place))
    for file in invocation.files:
        check(file.name, file.size)
        data = await file.fetch()
        kept = await asyncio.to_thread(uploads.keep, place, file.name, data)
        await invocation.record("upload", {"name": kept.name, "bytes": len(data)})
        await invocation.answer("{name} is kept, to be learnt from by the next training here.", name=kept.name)


@train.command(requires=Permission.ADMIN, counted=False)
async def files(invocation: Invocation, remove: Annotated[str | None, "the name of a file to delete"] = None) -> None:
    """List the files that are learnt from here, or delete one."""
    uploads, place = invocation.bot.uploads, root(invocation.place)
    if remove is not None:
        await asyncio.to_thread(uploads.remove, place, remove)
        await invocation.record("remove upload", {"name": remove})
        await invocation.answer("{name} is deleted.", name=remove)
        return
    lost = await asyncio.to_thread(uploads.lost, place)
    names = [name for name in await asyncio.to_thread(uploads.names, place) if name not in lost]
    if not names and not lost:
        raise NoFile(uploads.folder_of(place))
    told = [KeyLost(name).sentence(invocation.translate) for name in lost]
    if names:
        told.insert(0, invocation.translate("Files that are learnt from here: {names}.", names=", ".join(names)))
    await invocation.answer_privately(Message("\n".join(told)))
