"""Versions of a channel's model, from the end of their training to their removal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import choice
from bot.conversation import Message, Notice, Person, Place
from bot.jobs.remote import remote_runner
from bot.languages import translator
from bot.lineages import pressing, room
from bot.lineages.adoption import UNDECIDED, Adopted, Result, Verdict, back_button, row_of, verdict
from bot.lineages.disk import Disk
from bot.lineages.elsewhere import Elsewhere
from bot.lineages.errors import InTraining, NotInUse, WritesSomewhere
from bot.lineages.retelling import is_owed, note_retold, retold
from bot.lineages.succession import earlier, writing
from bot.lineages.tainting import take_out
from bot.lineages.telling import Telling
from bot.models import REMOTE
from bot.names import versioned
from bot.places import place_of
from bot.sharing import place_at
from bot.visibility import OutOfUse, Owner, owner_of
from generators.errors import Translate
from storage import audit, channel_models, inbox, jobs
from storage.channel_models import ChannelModel

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.consent.desk import Change

log = structlog.get_logger(__name__)


class RolledBack(NamedTuple):
    """What writes after a roll back, what wrote before, and whether it was this one that changed it."""

    writes: str
    left: str
    new: bool

    def sentence(self, translate: Translate) -> str:
        """The same in words."""
        return translate("{model} writes here again, instead of {left}.", model=self.writes, left=self.left)


class Lineages:
    """The versions that channels have made; `bot.lineages`."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._disk = Disk(bot.configuration.home)
        self._telling = Telling(bot)
        host = remote_runner(bot.configuration.remote)
        self._elsewhere = Elsewhere(bot.configuration.home / "models", None if host is None else host.delete_model)

    async def claim(self, place: Place) -> str:
        """The name of a channel's models, which is nobody else's; to be asked before a training begins."""
        owner, rows = owner_of(place), await self._bot.database.read(channel_models.every)
        named = [row.model for row in rows if row.place == owner.place and not row.model.startswith(REMOTE)]
        others = {row.model for row in rows if row.place != owner.place}
        return named[0] if named else await asyncio.to_thread(self._disk.claim, owner, others)

    async def adopt(self, result: Result) -> Adopted:
        """Keeps what a training has made, and writes with it where it is better than what writes now.

        The same result a second time, as after a crash, changes nothing. Whose text it has learnt from is known before
        it lies where it could write.

        Raises:
            OSError: the disk is full; nothing is kept.
        """
        owner, now = owner_of(result.place), await writing(self._bot, result.place)
        before = await self.set_in(result.place)
        found = verdict(result, now)
        made = await self._bot.database.write(partial(self._keep, result=result, owner=owner))
        if made.tainted is None:
            await self._take_in(result, owner)
            decide = partial(self._decide, result=result, owner=owner, found=found)
            made, found = await self._bot.database.write(decide)
        if made.tainted is not None:
            await self.tainted([made])
            await note_retold(self._bot, [made])  # by who handed the result on
            return Adopted(result, made, Verdict.TAINTED, now)
        if found is Verdict.USED:
            await asyncio.to_thread(self._disk.use, made.model, made.version)
            await self._delete_tainted(owner)
            await self._retell([row for row in await self._of(owner) if row.name == before != made.name])
        await self._make_room(owner, made)
        return Adopted(result, made, found, now)

    async def press(self, action: str, person: Person, place: Place, origin: int | None = None) -> Notice:
        """Does what a button says.

        Raises:
            UserError: it means nothing, or the person may not do it.
        """
        return await pressing.press(self._bot, action, person, place, origin)

    async def use(self, row: ChannelModel, person: Person, place: Place, origin: int | None = None) -> bool:
        """Writes with a version in the whole channel, and tells everybody; False where it does so already.

        Raises:
            UserError: it is tainted, or cannot write.
        """
        await self._bot.models.at(place).usable(row.name)
        key, before = owner_of(place).place, await self.set_in(place)

        async def store(conn: AsyncConnection) -> bool:
            kept = await channel_models.get(conn, row.model, row.version)
            if kept is None or kept.tainted is not None:
                raise OutOfUse(row.name)
            if not await inbox.is_new(conn, origin) or (await choice.chosen(conn, key)).name == row.name:
                return False
            await self._choose(conn, key, row, person.key)
            return True

        if not await self._bot.database.write(store):
            return False
        await asyncio.to_thread(self._disk.use, row.model, row.version)
        translate = translator(person.language)
        # it stays in the chat for good, so that it names nobody who may want to be forgotten
        said = translate("{model} writes here now; an admin chose it.", model=row.name)
        self._telling.say(place, Message(said, (back_button(row.name, translate),)))
        await self.rechosen(place, before)
        return True

    async def roll_back(
        self, model: str, person: Person, place: Place, origin: int | None = None, version: str | None = None
    ) -> RolledBack:
        """Writes again with what wrote here before a channel's model.

        Args:
            version: that is to be left; None for whichever writes.

        Raises:
            NotInUse: it does not write here.
        """
        scope = (await self._bot.settings.origins(place))["model"].scope
        key = place_of(place, scope or "channel")
        now = await self._bot.database.read(partial(choice.chosen, key=key))
        plain, left = versioned(now.name or "")
        left = left or await asyncio.to_thread(self._disk.current, plain)
        if plain != model or left is None or version not in (None, left):
            raise NotInUse(model if version is None else f"{model}@{version}")
        leaving = f"{model}@{left}"
        before = await earlier(self._bot, now, owner_of(place), {leaving})

        async def store(conn: AsyncConnection) -> bool:
            if not await inbox.is_new(conn, origin) or await choice.chosen(conn, key) != now:
                return False
            at = self._bot.clock.now()
            await choice.step_back(conn, key, before, at)
            facts = {"model": leaving, "instead": before.name}
            await audit.record(conn, key, person.key, "rollback", facts, at)
            return True

        was = await self.set_in(place)
        changed = await self._bot.database.write(store)
        if before.name is not None:
            await asyncio.to_thread(self._disk.use, *versioned(before.name))
        await self.rechosen(place, was)
        writes = await writing(self._bot, place) or "–"
        return RolledBack(writes, leaving, changed)

    async def set_in(self, place: Place) -> str | None:
        """`NAME@VERSION` of what is set in the channel of a place; None where nobody has set anything."""
        channel = replace(place, id=owner_of(place).place.partition(":")[2], channel=None)
        name = (await self._bot.settings.get(channel)).model
        if name is None:
            return None
        plain, version = versioned(name)
        version = version or await asyncio.to_thread(self._disk.current, plain)
        return plain if version is None else f"{plain}@{version}"

    async def rechosen(self, place: Place, before: str | None) -> None:
        """Lets the messages of trainings say which version writes in a channel now, and which one did before.

        Args:
            before: as `set_in` said.
        """
        now = await self.set_in(place)
        if now != before:
            await self._retell([row for row in await self._of(owner_of(place)) if row.name in (now, before)], now)

    async def tainted(self, models: Sequence[ChannelModel]) -> None:
        """Takes versions out of use wherever they write; their channels are told, with an offer to train again.

        Args:
            models: as they are marked in the database already.
        """
        ours = [row for row in models if self._is_ours(row)]
        if ours:
            for place, message in (await take_out(self._bot, self._disk, ours)).items():
                self._telling.say(place, message)
            await self._elsewhere.delete(ours)
        for row in models:
            if row not in ours:  # which the process that serves them follows within a minute, in its own home
                await asyncio.to_thread(self._disk.put_aside, row.model, row.version)

    async def follow(self, change: Change) -> None:
        """Takes out of use what a change of the ledger has tainted."""
        await self.tainted(change.tainted)
        await self._retell_tainted([row for row in change.tainted if self._is_ours(row)])

    async def resume(self) -> None:
        """Does again what a crash may have cut off, and what follows from what other processes have stored."""
        rows = await self._bot.database.read(channel_models.every)
        tainted = [row for row in rows if row.tainted is not None]
        ours = [row for row in tainted if self._is_ours(row)]
        fresh = [row for row in ours if is_owed(row) or await asyncio.to_thread(self._disk.has, row.model, row.version)]
        await self.tainted(tainted)
        await self._retell_tainted(fresh)
        await self.clear()
        await self._elsewhere.resume()

    async def clear(self) -> None:
        """Deletes what was made for places that are gone: nobody is left who could."""
        for row in await self._bot.database.read(channel_models.every):
            if row.facts.get(channel_models.ORPHAN) and self._is_ours(row):
                await room.delete(self._bot.database, self._disk, row)

    async def removable(self, rows: Iterable[ChannelModel]) -> None:
        """Makes sure that nothing writes with some versions, and no training needs them.

        Raises:
            WritesSomewhere, InTraining: something does.
        """
        used, training = await room.in_use(self._bot.database, self._disk), await room.in_training(self._bot.database)
        for row in rows:
            if row.name in used:
                raise WritesSomewhere(row.name)
            if row.name in training:
                raise InTraining(row.name)

    async def remove(self, rows: Iterable[ChannelModel]) -> None:
        """Deletes versions, here and on the host of the models."""
        for row in rows:
            await self._elsewhere.delete([row])
            await room.delete(self._bot.database, self._disk, row)
            await self._retell([row], removed=True)

    async def known(self, place: Place, name: str | None = None) -> list[ChannelModel]:
        """The versions that may be known in a place, newest first: all, or those that `NAME[@VERSION]` means."""
        rows = await self._bot.visibility.known(place)
        if name is not None:
            plain, version = versioned(name)
            rows = [row for row in rows if row.model == plain and version in (None, row.version)]
        return [row for row in rows if await asyncio.to_thread(self._is_there, row)]

    async def usable(self, owner: Owner) -> list[ChannelModel]:
        """The versions that may be known where an owner is, and may write."""
        rows = await self._bot.database.read(channel_models.every)
        shared = [row for row in rows if row.tainted is None and Owner(row.place, row.guild).shares_with(owner)]
        return [row for row in shared if await asyncio.to_thread(self._is_there, row)]

    def say(self, place: Place, message: Message) -> None:
        """Tells a channel what has become of its model, beside whatever led to it."""
        self._telling.say(place, message)

    async def settled(self) -> None:
        """Returns once all is said and deleted that was to be."""
        await self._telling.settled()
        await self._elsewhere.settled()

    async def close(self) -> None:
        """Says and deletes nothing any more."""
        await self._telling.close()
        await self._elsewhere.close()

    def _is_ours(self, row: ChannelModel) -> bool:
        """Whether it was made for a place that this process serves, so that it lies in this home."""
        return self._bot.share.has(place_at(row.place, row.guild))

    def _is_there(self, row: ChannelModel) -> bool:
        """Whether a version has not been removed by other hands, as the operator may."""
        return row.tainted is not None or row.model.startswith(REMOTE) or self._disk.has(row.model, row.version)

    async def _keep(self, conn: AsyncConnection, result: Result, owner: Owner) -> ChannelModel:
        """Keeps a result as a version of which nobody has decided yet whether it goes into use."""
        known = await channel_models.get(conn, result.model, result.version)
        if known is not None:
            return known
        row = row_of(result, owner)
        training = None if result.job is None else await jobs.get(conn, result.job)
        if training is not None and training.state == "cancelled":  # by who forgot the text, or the place is gone
            row = replace(row, tainted=row.made)
        return await channel_models.add(conn, row, result.learnt_from, result.read)

    async def _take_in(self, result: Result, owner: Owner) -> None:
        if result.directory is None:
            return
        lineage = {**result.facts, "trained_from": result.base}
        try:
            await asyncio.to_thread(self._disk.take_in, result.directory, result.model, owner, lineage)
        except OSError:
            remove = partial(channel_models.remove, model=result.model, version=result.version)
            await self._bot.database.write(remove)
            raise

    async def _decide(
        self, conn: AsyncConnection, result: Result, owner: Owner, found: Verdict
    ) -> tuple[ChannelModel, Verdict]:
        """Takes a version into use that is found to be better, once; what was decided before stays so."""
        row = await channel_models.get(conn, result.model, result.version)
        if row is None:  # deleted with its place meanwhile
            row = replace(row_of(result, owner), tainted=result.made)
        if row.tainted is not None:
            return row, found
        if row.job == result.job and UNDECIDED not in row.facts:
            used = (await choice.chosen(conn, owner.place)).name == row.name
            return row, Verdict.USED if used else Verdict.NOT_COMPARED if found is Verdict.USED else found
        facts = {name: fact for name, fact in row.facts.items() if name != UNDECIDED}
        await channel_models.describe(conn, row.model, row.version, facts)
        if found is Verdict.USED:
            await self._choose(conn, owner.place, row, result.person)
        return replace(row, facts=facts), found

    async def _choose(self, conn: AsyncConnection, key: str, row: ChannelModel, person: str) -> None:
        """Sets a version at a place, and notes who did."""
        at, before = self._bot.clock.now(), (await choice.chosen(conn, key)).name
        await choice.choose(conn, key, row.name, at)
        await audit.record(conn, key, person, "use model", {"model": row.name, "instead of": before}, at)

    async def _of(self, owner: Owner) -> list[ChannelModel]:
        """The versions that were made for a place, newest first."""
        return await self._bot.database.read(partial(channel_models.of_place, place=owner.place))

    async def _delete_tainted(self, owner: Owner) -> None:
        """Deletes what a version has come instead of that must never write again."""
        for row in await self._of(owner):
            if row.tainted is not None:
                await self.remove([row])

    async def _make_room(self, owner: Owner, newest: ChannelModel) -> None:
        limit = self._bot.configuration.training.disk_mb * 1_000_000
        for row in await room.make_room(self._bot.database, self._disk, owner, limit, {newest.name}):
            log.info("a version was removed to make room", model=row.name)
            await self._retell([row], removed=True)

    async def _retell_tainted(self, rows: Sequence[ChannelModel]) -> None:
        """Lets the messages of trainings say that their versions are tainted, which is noted."""
        await self._retell(rows)
        await note_retold(self._bot, rows)

    async def _retell(self, rows: Iterable[ChannelModel], writes: str | None = None, removed: bool = False) -> None:
        """Lets the messages of trainings say what has become of their versions."""
        for row in rows:
            said = await retold(self._bot, row, row.name == writes, removed)
            if said is not None:
                self._telling.change(said)
