"""What a person has allowed, and what is kept of them: shown, given to them, deleted."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.commands.declaration import command, per_person
from bot.commands.invocation import Invocation
from bot.consent import mydata as files
from bot.consent import wording
from bot.consent.asking import forgetting
from bot.consent.asking import privacy as shown
from bot.consent.errors import OnlyAlone
from bot.consent.records import Standing
from bot.conversation import Indiscreet, MayNotWrite, Message, Place


@command(counted=False)
async def privacy(invocation: Invocation) -> None:
    """Show what you have allowed here and what is kept of you, and change it."""
    offered = invocation.bot.consents.wording(wording.log_on(invocation.place.platform))
    await invocation.answer_privately(shown(await _standing(invocation), offered, invocation.translate))


@command(cooldown=per_person(3, seconds=60))
async def mydata(invocation: Invocation) -> None:
    """Get everything that is kept of you to be learnt from, as a file."""
    bot, translate = invocation.bot, invocation.translate
    data = await files.collected(bot.database, bot.vault, invocation.person.key)
    told = translate("Everything that is kept of you to be learnt from, and what you have agreed to:")
    message = Message(told, attachments=(await asyncio.to_thread(files.file_of, data),))
    if await _told_elsewhere(invocation, message):
        await invocation.answer_privately("I have sent it to you in our private chat.")
    else:
        await invocation.answer_privately(message)


@command(counted=False)
async def forgetme(invocation: Invocation) -> None:
    """Delete everything that is kept of you, everywhere, and withdraw all you have agreed to."""
    stands = await _standing(invocation)
    kept = stands.here + stands.elsewhere if _is_alone(invocation) else None
    await invocation.answer_privately(forgetting(invocation.person, kept, invocation.translate))


async def _standing(invocation: Invocation) -> Standing:
    """What holds for the person; where everybody reads the answer, nothing of other places."""
    stands = await invocation.bot.consents.standing(invocation.person, invocation.place)
    return stands if _is_alone(invocation) else replace(stands, elsewhere=0)


def _is_alone(invocation: Invocation) -> bool:
    """Whether nobody else reads what the person is told here."""
    return _alone(invocation).key == invocation.place.key


def _alone(invocation: Invocation) -> Place:
    """Where the person can be told something that nobody else reads."""
    platform = invocation.outbox.platform
    return platform.alone_with(invocation.person) if isinstance(platform, Indiscreet) else invocation.place


async def _told_elsewhere(invocation: Invocation, message: Message) -> bool:
    """Whether the person was told in a private chat, because here everybody would read it.

    Raises:
        OnlyAlone: there is no such chat yet.
    """
    alone = _alone(invocation)
    if alone.key == invocation.place.key:
        return False
    try:
        await invocation.outbox.post(alone, message, private_for=invocation.person)
    except MayNotWrite as error:
        raise OnlyAlone(invocation.command.path) from error
    return True
