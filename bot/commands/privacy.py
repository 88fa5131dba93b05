"""What a person has allowed, and what is kept of them: shown, given to them, deleted."""

from __future__ import annotations

from functools import partial

from bot.commands.declaration import command, per_person
from bot.commands.invocation import Invocation
from bot.consent import mydata as files
from bot.consent import wording
from bot.consent.asking import forgetting
from bot.consent.asking import privacy as shown
from bot.consent.errors import OnlyAlone
from bot.conversation import Indiscreet, MayNotWrite, Message


@command(counted=False)
async def privacy(invocation: Invocation) -> None:
    """Show what you have allowed here and what is kept of you, and change it."""
    desk = invocation.bot.consents
    stands = await desk.standing(invocation.person, invocation.place)
    await invocation.answer_privately(shown(stands, desk.wording(wording.LOG), invocation.translate))


@command(cooldown=per_person(3, seconds=60))
async def mydata(invocation: Invocation) -> None:
    """Get everything that is kept of you to be learnt from, as a file."""
    bot, translate = invocation.bot, invocation.translate
    read = partial(files.collected, vault=bot.vault, person=invocation.person.key)
    data = await bot.database.read(read)
    told = translate("Everything that is kept of you to be learnt from, and what you have agreed to:")
    message = Message(told, attachments=(files.file_of(data),))
    if await _told_elsewhere(invocation, message):
        await invocation.answer_privately("I have sent it to you in our private chat.")
    else:
        await invocation.answer_privately(message)


@command(counted=False)
async def forgetme(invocation: Invocation) -> None:
    """Delete everything that is kept of you, everywhere, and withdraw all you have agreed to."""
    stands = await invocation.bot.consents.standing(invocation.person, invocation.place)
    await invocation.answer_privately(forgetting(invocation.person, stands, invocation.translate))


async def _told_elsewhere(invocation: Invocation, message: Message) -> bool:
    """Whether the person was told in a private chat, because here everybody would read it.

    Raises:
        OnlyAlone: there is no such chat yet.
    """
    platform, person = invocation.outbox.platform, invocation.person
    alone = platform.alone_with(person) if isinstance(platform, Indiscreet) else invocation.place
    if alone.key == invocation.place.key:
        return False
    try:
        await invocation.outbox.post(alone, message, private_for=person)
    except MayNotWrite as error:
        raise OnlyAlone(invocation.command.path) from error
    return True
