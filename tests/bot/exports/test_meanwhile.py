"""Imports of exports, and what people do before them and between two of their batches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from bot.app import Bot
from bot.consent import root
from bot.consent.wording import LOG
from bot.conversation import Person, Place
from bot.exports import opened, taking
from bot.exports.rights import Brought
from bot.exports.taking import Taken, take
from storage import consents, logs
from tests.bot.consent.conftest import kept, usable
from tests.bot.exports.writing import chat, wrote
from tests.fakes.clock import FakeClock

ADA: Final = Person("telegram", "1", "Ada", admin=True)
BEN: Final = Person("telegram", "2", "Ben")
GROUP: Final = Place("telegram", "-10042")
GRANTED: Final = datetime(2024, 1, 1, tzinfo=UTC)
BOTH: Final = {ADA.key: GRANTED, BEN.key: GRANTED}
MESSAGES: Final = 40

Import: Final = Callable[..., Awaitable[Taken]]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of five messages, and a retention that those of years ago are within."""
    monkeypatch.setattr(taking, "BATCH", 5)
    monkeypatch.setenv("PLANCHETTE_TRAINING__RETENTION_DAYS", "36500")


@pytest.fixture
def import_(bot: Bot, tmp_path: Path) -> Callable[..., Awaitable[Taken]]:
    """Imports what two people wrote in turns; somebody does something after the second batch."""

    async def run(
        meanwhile: Callable[[], Awaitable[object]] | None = None,
        *,
        agreed: dict[str, datetime] = BOTH,
        place: Place = GROUP,
        said_at: Place | None = None,
    ) -> Taken:
        path = tmp_path / "result.json"
        said = [wrote(number, f"text {number}", person=f"user{1 + number % 2}") for number in range(MESSAGES)]
        path.write_text(json.dumps(chat(said)), "utf-8")
        batches, done = 0, list[asyncio.Future[Any]]()

        def told() -> None:
            nonlocal batches
            batches += 1
            if batches == 2 and meanwhile is not None:
                done.append(asyncio.ensure_future(meanwhile()))

        brought = Brought(
            place.key,
            None,
            "ticket 7",
            agreed,
            None,
            elsewhere=said_at is not None,
            now=bot.clock.now(),
            days=36500,
            thread=None if said_at is None else said_at.key,
        )
        with opened(path) as (_, reader):
            (found,) = reader.chats()
            taken = await take(bot.database, bot.vault, reader, found, brought, told)
        await asyncio.gather(*done)
        return taken

    return run


async def of(bot: Bot, person: Person) -> int:
    """How much is kept of a person."""
    return sum(post.person == person.key for post in await kept(bot, GROUP))


class TestForgotten:
    """A list of consents that is older than what its people wanted since."""

    async def test_stays_forgotten(self, bot: Bot, import_: Any) -> None:
        """Whoever is forgotten stays so when the same list comes again, and the others are taken."""
        await import_()
        await bot.consents.forget(BEN)

        again = await import_()

        assert (again.taken, again.already, again.left_out) == (0, 20, {"no_consent": 20})
        assert await of(bot, BEN) == 0
        assert await bot.database.read(partial(consents.of_person, person=BEN.key)) == []

    async def test_where_they_never_were(self, bot: Bot, import_: Any) -> None:
        """An older list of a place of which nothing was known does not count either."""
        await bot.consents.forget(BEN)

        await import_()

        assert await of(bot, BEN) == 0

    async def test_agreed_since(self, bot: Bot, clock: FakeClock, import_: Any) -> None:
        """A list with a consent from after that counts, as does what the person says in the chat."""
        await bot.consents.forget(BEN)
        await bot.consents.forget(ADA)
        clock.advance(60)
        await bot.consents.turn_on(ADA, GROUP)
        agreed = await bot.consents.agree(ADA, GROUP, bot.consents.wording(LOG))

        taken = await import_(agreed={BEN.key: clock.now()})

        assert agreed
        assert taken.left_out == {"before_consent": MESSAGES}

    async def test_withdrawn(self, bot: Bot, import_: Any) -> None:
        """Whoever has withdrawn stays so, too."""
        await import_()
        await bot.consents.withdraw(BEN, GROUP)

        again = await import_()

        assert again.left_out == {"no_consent": 20}
        assert await of(bot, BEN) == 0


class TestMeanwhile:
    """Between two batches."""

    async def test_withdrawn(self, bot: Bot, import_: Any) -> None:
        """Of whoever withdraws nothing is kept, neither from before nor from after that."""
        taken = await import_(lambda: bot.consents.withdraw(BEN, GROUP))

        assert taken.left_out["no_consent"] > 0
        assert (await of(bot, ADA), await of(bot, BEN)) == (20, 0)

    async def test_forgotten(self, bot: Bot, import_: Any) -> None:
        """The same holds for whoever is forgotten."""
        taken = await import_(lambda: bot.consents.forget(BEN))

        assert taken.left_out["no_consent"] > 0
        assert (await of(bot, ADA), await of(bot, BEN)) == (20, 0)

    async def test_turned_off(self, bot: Bot, import_: Any) -> None:
        """An admin who turns the log off ends imports too, and nothing of them is kept."""
        taken = await import_(lambda: bot.consents.turn_off(ADA, GROUP))

        assert taken.left_out["log_off"] > 0
        assert await kept(bot, GROUP) == []

    async def test_moved(self, bot: Bot, import_: Any) -> None:
        """Where the group moves, nothing comes to where it was any more, and what was taken has moved along."""
        there = Place("telegram", "-100777")

        taken = await import_(lambda: bot.place_moved("telegram", GROUP.id, there.id))

        assert await kept(bot, GROUP) == []
        assert len(await kept(bot, there)) == len(await usable(bot, there)) == taken.taken < MESSAGES

    async def test_left(self, bot: Bot, import_: Any) -> None:
        """Where the bot has to leave, nothing is kept of the place, nor of what its people said."""
        await import_(lambda: bot.place_gone(GROUP))

        assert await kept(bot, GROUP) == []
        assert await bot.database.read(partial(logs.get, place=root(GROUP))) is None
        assert await bot.database.read(partial(consents.history, place=root(GROUP))) == []


class TestMoved:
    """A group that has become a supergroup."""

    async def test_the_same_again(self, bot: Bot, import_: Any) -> None:
        """An export of the group from before that was imported then is known again."""
        there = Place("telegram", "-100777")
        await import_()
        await bot.place_moved("telegram", GROUP.id, there.id)

        again = await import_(place=there, said_at=GROUP)

        assert (again.taken, again.already) == (0, MESSAGES)
        assert len(await usable(bot, there)) == MESSAGES

    async def test_numbers_of_another_chat(self, bot: Bot, import_: Any) -> None:
        """What another chat calls by the same numbers is taken too, and no deletion here is of it."""
        await import_()

        await import_(said_at=Place("telegram", "-10043"))
        await bot.collecting.look_again()
        await bot.collecting.deleted(GROUP, ["1"])

        assert len(await kept(bot, GROUP)) == 2 * MESSAGES - 1
