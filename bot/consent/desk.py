"""The ledger's desk: agreeing, withdrawing, teaching and forgetting, each in one transaction that asks the gate."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent import wording
from bot.consent.errors import AgreedToMore, LogIsOff, NoPermission, NotOver, NotYourStory
from bot.consent.gate import DISCORD, Verdict, guild_of, root
from bot.consent.ledger import IMPORT, Ledger, ledger_of
from bot.consent.records import Change, Given, Standing, Watcher, Withdrawn
from bot.consent.wording import TEXTS, Covers, Wording
from bot.conversation import Person, Place
from bot.progress import Progress
from storage import audit, channel_models, consents, contributions, erasing, forgotten, inbox, logs, names, posts, texts
from storage.consents import Consent
from storage.errors import StorageError
from storage.logs import Log
from storage.posts import Post
from storage.stories import Story

if TYPE_CHECKING:
    from bot.app import Bot

__all__ = ["Change", "Consents"]

COLLECTED: Final = ("channel_log", IMPORT)  # sources of posts that nobody gave by an act of their own

log = structlog.get_logger(__name__)


class Consents:
    """What people allow, asked and changed; `bot.consents`."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._watchers: list[Watcher] = []

    @property
    def permission(self) -> str | None:
        """Discord's, by the operator's settings."""
        return self._bot.configuration.discord.training_permission or None

    @property
    def days(self) -> int:
        """For how long messages are kept, as people are told who agree now."""
        return self._bot.configuration.training.retention_days

    def wording(self, edition: int) -> Wording:
        """The wording of today."""
        return Wording(edition, self.days)

    def watch(self, watcher: Watcher) -> None:
        """Has somebody told of every change, after it is committed."""
        self._watchers.append(watcher)

    async def ledger(self, conn: AsyncConnection, place: str, person: str | None = None) -> Ledger:
        """What is allowed in a place (by `root`) now, for everybody or for one person; in the caller's transaction."""
        return await ledger_of(conn, place, self.permission, self._now(), person)

    async def standing(self, person: Person, place: Place) -> Standing:
        """What holds for a person in a place."""
        here = root(place)

        async def read(conn: AsyncConnection) -> Standing:
            counted = await posts.count_of(conn, person.key)
            consent = await consents.open_at(conn, person.key, here)
            kept = counted.pop(here, 0)
            return Standing(await logs.get(conn, here), consent, kept, sum(counted.values()))

        return await self._bot.database.read(read)

    async def agree(self, person: Person, place: Place, told: Wording) -> bool:
        """Records that a person agrees; False where that holds already.

        Raises:
            NoPermission, LogIsOff: there is nothing to agree to.
            AgreedToMore: what holds covers what this would not.
        """
        here = root(place)

        async def store(conn: AsyncConnection) -> bool:
            await self._demand(conn, place, told)
            agreed = await _agree(conn, Consent(person.key, here, guild_of(place), told.number, self._now()))
            await names.know(conn, self._bot.vault, here, person.key, [person.name])
            return agreed

        agreed = await self._bot.database.write(store)
        if agreed:
            await self._tell(Change(here, person.key))
        return agreed

    async def teach(self, person: Person, place: Place, text: str, origin: int | None = None) -> Verdict:
        """Keeps a text that a person gives, where the gate allows it; the same inbox item keeps it once."""
        here = root(place)
        message = f"teach:{uuid.uuid4().hex if origin is None else origin}"
        post = Post(here, guild_of(place), "submission", person.key, message, self._now(), text, kind="text")

        async def store(conn: AsyncConnection) -> Verdict:
            said = (await self.ledger(conn, here, person.key)).verdict(post)
            if said is Verdict.ALLOWED:
                await posts.add(conn, self._bot.vault, [post])
            return said

        return await self._bot.database.write(store)

    async def give(self, person: Person, place: Place, story: Story) -> Given:
        """Keeps that a person gives a story that is over; the model learns from it once all who wrote it have.

        Raises:
            NotOver, NotYourStory: it is none that they can give.
        """
        here, now = root(place), self._now()
        message = contributions.messages_of(story.id, [person.key])[person.key]
        post = Post(here, guild_of(place), "submission", person.key, message, now, "", kind=contributions.KIND)

        async def store(conn: AsyncConnection) -> Given:
            if story.state != "ended":
                raise NotOver
            if person.key not in await contributions.writers_of(conn, story):
                raise NotYourStory
            said = (await self.ledger(conn, here, person.key)).verdict(post)
            if said is not Verdict.ALLOWED:
                return Given(said, 0)
            return Given(said, len(await contributions.give(conn, self._bot.vault, story, post, now)))

        return await self._bot.database.write(store)

    async def withdraw(self, person: Person, place: Place) -> Withdrawn:
        """Ends a person's consent in a place: what they gave there is deleted, and what learned from it is tainted."""
        here = root(place)
        done = await self._bot.database.write(partial(_withdraw, person=person.key, place=here, at=self._now()))
        await self._after(Change(here, person.key, withdrawn=True, tainted=done.tainted))
        return done

    async def forget(self, person: Person) -> Withdrawn:
        """Withdraws everywhere, and deletes what else is stored of a person."""

        async def store(conn: AsyncConnection) -> Withdrawn:
            now = self._now()
            done = await _withdraw(conn, person.key, None, now)
            await consents.erase(conn, person.key)
            await forgotten.note(conn, self._bot.vault, person.key, now)
            await texts.forget(conn, person.key)
            await erasing.erase(conn, person.key)
            return done

        done = await self._bot.database.write(store)
        await self._after(Change(None, person.key, withdrawn=True, tainted=done.tainted))
        return done

    async def turn_on(self, by: Person, place: Place, origin: int | None = None) -> bool:
        """Begins to collect a place's messages, of those who agree; False where that is so already.

        Where it was turned off before, nothing of the time until now is read from the platform's history.

        Raises:
            NoPermission: nothing may be collected on this platform.
        """
        here = root(place)
        if place.platform == DISCORD and self.permission is None:
            raise NoPermission

        async def store(conn: AsyncConnection) -> bool:
            before = await logs.get(conn, here)
            if (before is not None and before.on) or not await inbox.is_new(conn, origin):
                return False
            permission, now = None if before is None else before.permission, self._now()
            history = Progress.from_now_on(now).json() if _was_off(before) else None
            await logs.turn(conn, Log(here, guild_of(place), True, now, by.key, permission, history))
            await audit.record(conn, here, by.key, "log on", {}, self._now())
            return True

        turned = await self._bot.database.write(store)
        if turned:
            await self._tell(Change(here))
        return turned

    async def turn_off(self, by: Person, place: Place, origin: int | None = None) -> int | None:
        """Ends that, imports too, and deletes what was collected, which nothing could use any more.

        Returns:
            How much was deleted; None where nothing was collected.
        """
        here = root(place)

        async def store(conn: AsyncConnection) -> int | None:
            before = await logs.get(conn, here)
            collected = before is not None and (before.on or before.permission is not None)
            if before is None or not collected or not await inbox.is_new(conn, origin):
                return None
            off = Progress.from_now_on(self._now()).json()
            await logs.turn(conn, replace(before, on=False, by=by.key, permission=None, history=off))
            deleted = await posts.delete_from(conn, here, COLLECTED)
            await audit.record(conn, here, by.key, "log off", {"deleted": deleted}, self._now())
            return deleted

        deleted = await self._bot.database.write(store)
        if deleted is not None:
            await self._after(Change(here))
        return deleted

    async def terms(self) -> list[tuple[int, list[int] | None]]:
        """After how many days messages are deleted: all of them, and those of people who were told fewer, by wording.

        What one person was told says nothing of the messages of others.
        """
        told = [Wording.of(number) for number in await self._bot.database.read(consents.wordings)]
        fewer = [each for each in told if each is not None and each.days is not None and each.days < self.days]
        return [(self.days, None), *((each.days or self.days, [each.number]) for each in fewer)]

    async def _demand(self, conn: AsyncConnection, place: Place, told: Wording) -> None:
        """Makes sure that there is something to agree to."""
        kept = await logs.get(conn, root(place))
        recorded = None if kept is None else kept.permission
        if place.platform == DISCORD and not (self.permission or recorded):
            raise NoPermission
        if told.covers(Covers.CHANNEL_LOG) and (kept is None or not (kept.on or recorded)):
            raise LogIsOff

    async def _after(self, change: Change) -> None:
        """What follows a deletion: models stop writing, and the text leaves the database's files too."""
        await self._tell(change)
        try:
            purged = await self._bot.database.purge()
        except StorageError as fault:
            log.warning("what was deleted is purged within the hour", reason=str(fault))
        else:
            if not purged:
                log.info("what was deleted is purged within the hour", reason="the database is in use")

    async def _tell(self, change: Change) -> None:
        for watcher in self._watchers:
            try:
                await watcher(change)
            except Exception:  # what is committed stays so, and the others are still to be told
                log.exception("a change of the ledger was not followed", place=change.place)

    def _now(self) -> datetime:
        return self._bot.clock.now()


def _was_off(log: Log | None) -> bool:
    """Whether somebody turned a log off that is there, so that nothing from before is collected any more.

    One that only records the right to an import was never on.
    """
    return log is not None and (log.history is not None or log.permission is None)


async def _agree(conn: AsyncConnection, consent: Consent) -> bool:
    """Opens a consent; one that covers less is closed in the same moment, and what was given under it stays."""
    before = await consents.open_at(conn, consent.person, consent.place)
    if before is not None:
        held, wanted = Wording.of(before.wording), TEXTS[consent.wording % wording.EDITIONS].covers
        covered = frozenset() if held is None else TEXTS[held.edition].covers
        if wanted <= covered:
            return False
        if not covered <= wanted:
            raise AgreedToMore
        await consents.withdraw(conn, consent.person, consent.place, consent.granted)
    else:
        known = await consents.history(conn, consent.place, consent.person)
        while any(row.withdrawn == consent.granted for row in known):  # a withdrawal is a gap, however short
            consent = replace(consent, granted=consent.granted + timedelta.resolution)
    return await consents.grant(conn, consent)


async def _withdraw(conn: AsyncConnection, person: str, place: str | None, at: datetime) -> Withdrawn:
    closed = await consents.withdraw(conn, person, place, at)
    deleted = await contributions.take_back(conn, person, place) + await posts.delete_of(conn, person, place)
    await names.forget(conn, person, place)
    tainted = await channel_models.taint(conn, [(person, place)], at)
    return Withdrawn(len(closed), deleted, tuple(tainted))
