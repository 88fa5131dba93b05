"""One use of a command: who asked, where, and how the bot answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.declaration import Command, Permission
from bot.commands.faults import NotAllowed
from bot.conversation import Enclosed, Message, Person, Place
from bot.outbox import Outbox, Urgency
from bot.places import Effective, Scope
from bot.values import Default
from generators.errors import Translate, english
from storage import audit, inbox

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.models import Models


TITLE: Final = 80  # characters of a thread's title; Discord takes 100, Telegram 128


class Answer:
    """A posted message that still changes while a text is being written.

    Edits keep the pace of the platform; what comes in between is left out, and the last state is always sent.
    """

    def __init__(
        self,
        outbox: Outbox,
        place: Place,
        posted: str,
        message: Message,
        ticks: Callable[[], float],
    ) -> None:
        self.posted = posted
        self._outbox = outbox
        self._place = place
        self._shown = message
        self._ticks = ticks
        self._edited = ticks()

    async def edit(self, message: Message) -> None:
        """Shows a new state, unless the last one is too fresh."""
        fresh = self._ticks() - self._edited < self._outbox.edit_seconds(self._place)
        if not fresh and self._outbox.is_free(self._place):
            await self._show(message, Urgency.STREAM)

    async def finish(self, message: Message) -> None:
        """Shows a state in any case."""
        await self._show(message, Urgency.ANSWER)

    async def _show(self, message: Message, urgency: Urgency) -> None:
        if message != self._shown:
            self.posted = await self._outbox.edit(self._place, self.posted, message, urgency=urgency) or self.posted
            self._shown = message
        self._edited = self._ticks()


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a command is given besides its arguments.

    Attributes:
        bot: everything there is.
        person: who asked.
        place: where.
        command: what was asked for.
        outbox: takes the answers.
        origin: the inbox item that it came with; a command that stores something notes it as done with it.
        reply_to: the message that asked.
        translate: the language of the person.
        files: that came with the line.
    """

    bot: Bot
    person: Person
    place: Place
    command: Command
    outbox: Outbox
    origin: int | None = None
    reply_to: str | None = None
    translate: Translate = english
    files: Sequence[Enclosed] = ()

    @property
    def models(self) -> Models:
        """The models that may be known in the place."""
        return self.bot.models.at(self.place)

    @property
    def settings(self) -> SettingsHere:
        """The settings of the place, as this person may see and change them with this command."""
        return SettingsHere(self)

    async def answer(self, said: str | Message, plural: str | None = None, /, **facts: object) -> Answer:
        """Answers for all to see; a sentence is translated, a message is shown as it is."""
        message = self._message(said, plural, facts)
        posted = await self.outbox.post(self.place, message, reply_to=self.reply_to)
        return Answer(self.outbox, self.place, posted, message, self.bot.ticks)

    def answer_at(self, posted: str) -> Answer:
        """An answer that was posted already; whatever it says is not what it is to say."""
        return Answer(self.outbox, self.place, posted, Message(""), self.bot.ticks)

    async def answer_privately(self, said: str | Message, plural: str | None = None, /, **facts: object) -> None:
        """Answers the person alone."""
        message = self._message(said, plural, facts)
        await self.outbox.post(self.place, message, private_for=self.person, reply_to=self.reply_to)

    async def thread(self, title: str) -> Place:
        """Opens a thread below this place, named by the beginning of a text.

        Raises:
            NoThreads: there are none here.
        """
        title = " ".join(title.split())[:TITLE] or self.translate("A story")
        return await self.outbox.thread(self.place, title)

    async def record(self, action: str, facts: dict[str, Any]) -> bool:
        """Notes an admin's act in the audit before it is done; False where that was done for the same line before."""

        async def store(connection: AsyncConnection) -> bool:
            if self.origin is not None and not await inbox.done(connection, self.origin):
                return False
            await audit.record(connection, self.place.key, self.person.key, action, facts, datetime.now(UTC))
            return True

        return await self.bot.database.write(store)

    async def permits(self, permission: Permission) -> bool:
        """Whether the person may ask for what needs this permission here."""
        if permission in (Permission.ALL, Permission.STARTER) or self.person.admin:
            return True
        return permission is Permission.MANAGE and (await self.settings.get()).who_sets == "all"

    async def demand(self, permission: Permission) -> None:
        """Makes sure of a permission.

        Raises:
            NotAllowed: the person does not have it.
        """
        if not await self.permits(permission):
            raise NotAllowed(self.command.path)

    def _message(self, said: str | Message, plural: str | None, facts: dict[str, object]) -> Message:
        return said if isinstance(said, Message) else Message(self.translate(said, plural, **facts))


class SettingsHere:
    """Settings of the place of an invocation."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._all = invocation.bot.settings

    async def get(self) -> Effective:
        """What holds here."""
        return await self._all.get(self._invocation.place)

    async def explanation(self, name: str) -> Message:
        """What a setting is here, and where that comes from."""
        return Message(await self._all.explanation(self._invocation.place, name, self._invocation.translate))

    async def set(self, name: str, value: Any, scope: Scope = "here") -> None:
        """Sets a value, or what a text stands for; nothing is looked at before the person may do so.

        Raises:
            NotAllowed: the command's `sets` permission is not this person's.
            UserError: there is no such setting, or it cannot be that.
        """
        invocation = self._invocation
        await invocation.demand(invocation.command.sets or Permission.ADMIN)
        lineages, place = invocation.bot.lineages, invocation.place
        before = await lineages.set_in(place)
        await self._all.change(place, name, value, by=invocation.person, scope=scope, origin=invocation.origin)
        await lineages.rechosen(place, before)

    async def unset(self, name: str, scope: Scope = "here") -> None:
        """Goes back to what holds without this place's own value.

        Raises:
            NotAllowed, UserError: as `set` does.
        """
        await self.set(name, Default.DEFAULT, scope)
