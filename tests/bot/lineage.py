"""Trainings that are over, as the tests of channels' models begin with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from bot.app import Bot
from bot.consent.wording import EDITIONS
from bot.conversation import Place
from bot.lineages import Adopted, Result
from bot.visibility import owner_of
from storage import channel_models, consents
from storage.channel_models import ChannelModel
from storage.consents import Consent
from tests.bot.conftest import ADA
from tests.fakes.models import save_tiny

MADE: Final = datetime(2026, 10, 20, tzinfo=UTC)  # less than thirty days before the tests' clock begins
TALES: Final = "tales@1"  # an own model of the operator, from which channels' are made

Learn: TypeAlias = Callable[..., Awaitable[Adopted]]


def made(home: Path, name: str, version: str, seed: int = 1) -> Path:
    """A version as a job leaves it."""
    return save_tiny(home / "jobs" / version / "output" / name / version, seed, version=version, name=name)


async def learn(
    bot: Bot,
    place: Place,
    version: str,
    bits: float = 2.0,
    *,
    measured: Mapping[str, float] | None = None,
    base: str = TALES,
    people: Collection[str] = (),
    **facts: Any,
) -> Adopted:
    """A training in a place ends with a version; the people have agreed there before."""
    name = await bot.lineages.claim(place)
    here = owner_of(place)
    for person in people:
        consent = Consent(person, here.place, here.guild, EDITIONS, MADE)
        await bot.database.write(partial(consents.grant, consent=consent))
    result = Result(
        place=place,
        person=ADA.key,
        model=name,
        version=version,
        base=base,
        bits=bits,
        made=MADE,
        directory=made(bot.configuration.home, name, version, sum(version.encode())),
        measured={TALES: 3.0} if measured is None else measured,
        learnt_from=[(person, here.place) for person in people],
        read=MADE,
        job=version,
    )
    return await bot.lineages.adopt(replace(result, **facts))


async def withdraw(bot: Bot, person: str, place: Place | None) -> list[ChannelModel]:
    """Somebody withdraws, as the ledger notes it before it tells the models."""
    key = None if place is None else owner_of(place).place
    await bot.database.write(partial(consents.withdraw, person=person, place=key, at=MADE))
    return await bot.database.write(partial(channel_models.taint, withdrawn=[(person, key)], at=MADE))


def versions_in(home: Path) -> list[str]:
    """The versions of channels' models that lie in a home, also those that are put aside."""
    return sorted(config.parent.name for config in home.rglob("web-*/*/config.json"))
