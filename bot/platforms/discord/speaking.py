"""What the bot says on Discord: messages, changes of them, answers to interactions, and threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

import discord
import structlog

from bot.conversation import MayNotWrite, Message, NoThreads, Person, Place, parts
from bot.platforms.discord import asked
from bot.platforms.discord.asked import Asked
from bot.platforms.discord.body import Body, bodies
from bot.platforms.discord.errors import GONE, UNKNOWN_MESSAGE, writing
from bot.platforms.discord.people import lacking
from bot.platforms.discord.wire import Wire

KEPT: Final = 10_000  # messages whose present state is remembered
UNHEARD: Final = "unheard"  # what a message is called that somebody does not take

log = structlog.get_logger(__name__)


class Speaking:
    """Posts and changes messages.

    Args:
        wire: requests to Discord, once there is a connection.
        permissions: what the bot may do in a channel, as far as that is known.
    """

    def __init__(self, wire: Callable[[], Wire], permissions: Callable[[Place], discord.Permissions | None]) -> None:
        self._wire = wire
        self._permissions = permissions
        self._asked: dict[str, Asked] = {}
        self._shown: OrderedDict[str, str] = OrderedDict()  # message to the digest of what it says
        self._gone: OrderedDict[str, None] = OrderedDict()  # deleted messages

    def take(self, interaction: Asked) -> None:
        """An interaction is in hand: answers to it go this way."""
        self._asked[interaction.reference] = interaction

    def drop(self, interaction: Asked) -> None:
        """It is in hand no more."""
        self._asked.pop(interaction.reference, None)

    def answers(self, reply_to: str | None) -> bool:
        """Whether an answer to this goes through an interaction, which no rate counts."""
        interaction = self._interaction(reply_to)
        return interaction is not None and interaction.alive

    def was_deleted(self, message: str) -> bool:
        """Notes that a message is gone; False where that is known, as of those that the bot deletes itself."""
        if message in self._gone:
            return False
        self._shown.pop(message, None)
        self._gone[message] = None
        if len(self._gone) > KEPT:
            self._gone.popitem(last=False)
        return True

    async def post(self, place: Place, message: Message, private_for: Person | None, reply_to: str | None) -> str:
        """A new message, or several where the text is long.

        Raises:
            MayNotWrite: the bot may not write there.
        """
        interaction = self._interaction(reply_to)
        answered = None if interaction is not None else reply_to
        said = []
        for body in bodies(message):
            id_ = None
            if interaction is not None:
                id_ = await interaction.say(body, private=private_for is not None)
            if id_ is None and private_for is not None and place.guild is not None:
                id_ = await self._told(private_for, place, body)
            elif id_ is None:
                id_ = await self._posted(place, body.posted(place, answered))
            said.append(id_)
            answered = None
            self._remember(id_, body)
        return ",".join(said)

    async def edit(self, place: Place, posted: str, message: Message) -> str | None:
        """Another content for a message, which may then be more or fewer of Discord's; None where it is gone.

        Raises:
            MayNotWrite: the bot may not write there any more.
        """
        ids, wanted = parts(posted), bodies(message)
        kept = []
        for id_, body in zip(ids, wanted, strict=False):
            if self._shown.get(id_) != body.digest and not await self._changed(place, id_, body):
                return None
            kept.append(id_)
        for body in wanted[len(ids) :]:
            kept.append(await self._posted(place, body.again()))
            self._remember(kept[-1], body)
        for id_ in ids[len(wanted) :]:
            await self._take_away(place, id_)
        return ",".join(kept)

    async def thread(self, place: Place, title: str) -> Place:
        """A public thread under a channel of a server.

        Raises:
            NoThreads: there can be none.
        """
        if place.guild is None or place.channel is not None:
            raise NoThreads
        try:
            opened = await self._wire().thread(place.id, title)
        except discord.HTTPException as fault:
            if fault.status not in (400, 403, 404):
                raise
            raise NoThreads from fault
        return Place(place.platform, opened, channel=place.id, guild=place.guild)

    def _interaction(self, reply_to: str | None) -> Asked | None:
        """The interaction in hand that a reference names; one of an earlier process is asked how far it was."""
        if reply_to is None or (named := asked.read(reply_to)) is None:
            return None
        return self._asked.get(reply_to) or Asked(self._wire, *named, known=False, answered=lambda: None)

    async def _posted(self, place: Place, body: Body) -> str:
        """A new message, or the one of the same name that is there already, which says then what it is to say."""
        wire = self._wire()
        with self._refusals(place, files=bool(body.files)):
            sent = await wire.create(place.id, body)
            id_ = str(sent["id"])
            if id_ in self._gone or (not _says(sent, body) and not await self._changed(place, id_, body.nameless)):
                id_ = str((await wire.create(place.id, body.again()))["id"])
        return id_

    async def _told(self, person: Person, place: Place, body: Body) -> str:
        """Tells somebody directly, because nothing that is posted in a channel is for one person alone."""
        try:
            direct = Place(place.platform, await self._wire().direct(person.id))
            return await self._posted(direct, body.posted(direct, None))
        except (MayNotWrite, discord.Forbidden):
            log.info("somebody takes no direct messages and is not told", person=person.key)
            return UNHEARD

    async def _changed(self, place: Place, message: str, body: Body) -> bool:
        """Whether a message could be changed; False where it is gone."""
        if not message.isdecimal():
            return False
        try:
            with self._refusals(place, files=bool(body.files)):
                await self._wire().edit(place.id, message, body)
        except MayNotWrite as fault:
            if getattr(fault.__cause__, "code", None) in GONE:
                return False
            raise
        except discord.HTTPException as fault:
            if fault.code in GONE:
                return False
            raise
        self._remember(message, body)
        return True

    async def _take_away(self, place: Place, message: str) -> None:
        self.was_deleted(message)
        try:
            await self._wire().delete(place.id, message)
        except discord.NotFound as fault:
            if fault.code != UNKNOWN_MESSAGE:
                raise

    def _refusals(self, place: Place, *, files: bool) -> AbstractContextManager[None]:
        held = self._permissions(place)
        return writing("" if held is None else lacking(held, thread=place.channel is not None, files=files))

    def _remember(self, message: str, body: Body) -> None:
        self._shown[message] = body.digest
        self._shown.move_to_end(message)
        if len(self._shown) > KEPT:
            self._shown.popitem(last=False)


def _says(sent: dict[str, object], body: Body) -> bool:
    """Whether a message says what it is to say; Discord trims what is sent."""
    return sent["content"] == body.json["content"].strip() and bool(sent["components"]) == bool(body.json["components"])
