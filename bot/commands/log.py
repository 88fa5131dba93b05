"""Whether messages of a channel are collected, for its model to learn from: an admin decides, and each person."""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.declaration import Group, Permission
from bot.commands.invocation import Invocation
from bot.consent import root, wording
from bot.consent.asking import asking
from bot.conversation import Message
from storage import consents, logs, posts
from storage.logs import Log
from storage.posts import Count

TELEGRAM: Final = "telegram"

log = Group("log", "Collect messages of who agrees, for this channel's model to learn from", default="status")


@log.command(requires=Permission.ADMIN, counted=False)
async def on(invocation: Invocation) -> None:
    """Begin to collect, and ask everybody here whether they agree."""
    desk, translate = invocation.bot.consents, invocation.translate
    await desk.turn_on(invocation.person, invocation.place, invocation.origin)
    asked = asking(desk.wording(wording.log_on(invocation.place.platform)), translate)
    hint = _how_to_be_heard(invocation)
    await invocation.answer(Message("\n\n".join((asked.text, *hint)), asked.buttons))


@log.command(requires=Permission.ADMIN, counted=False)
async def off(invocation: Invocation) -> None:
    """Collect no longer, and delete what was collected here."""
    deleted = await invocation.bot.consents.turn_off(invocation.person, invocation.place, invocation.origin)
    if deleted is None:
        await invocation.answer("Nothing is collected in this channel.")
    else:
        await invocation.answer(
            "Nothing more is collected in this channel, and one message is deleted.",
            "Nothing more is collected in this channel, and {count:,} messages are deleted.",
            count=deleted,
        )


@log.command(requires=Permission.ADMIN, counted=False)
async def status(invocation: Invocation) -> None:
    """Show whether messages are collected here, and how many there are."""
    here, translate = root(invocation.place), invocation.translate

    async def read(conn: AsyncConnection) -> tuple[Log | None, int, list[Count]]:
        return await logs.get(conn, here), len(await consents.of_place(conn, here)), await posts.counts(conn, here)

    found, agreeing, counted = await invocation.bot.database.read(read)
    lines = [
        translate("Messages have been collected in this channel since {day}.", day=found.since.date().isoformat())
        if found is not None and found.on
        else translate("Nothing is collected in this channel."),
        translate("One person agrees.", "{count:,} people agree.", count=agreeing),
        translate("One text is kept.", "{count:,} texts are kept.", count=sum(each.messages for each in counted)),
    ]
    await invocation.answer_privately(Message("\n".join(lines)))


def _how_to_be_heard(invocation: Invocation) -> list[str]:
    """What an admin has to change before the bot hears a group at all."""
    if invocation.place.platform != TELEGRAM:
        return []
    return [
        invocation.translate(
            "In a group I hear what people write to each other only if I am an admin of it, or if my privacy mode was "
            "turned off (@BotFather, /setprivacy) before I came in."
        )
    ]
