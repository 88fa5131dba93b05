"""Makes sure that nothing is two processes' that share a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from bot.shards import Shards
from bot.sharing import DISCORD
from generators.errors import Translate, UserError, english
from storage import forgotten
from storage.claims import DYING, Claim, Claims, Taken
from storage.vault import CannotOpen

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.configuration import Configuration

PLATFORMS: Final = (DISCORD, "telegram", "web", "terminal")

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class ShardsTaken(UserError):
    """Another process has some of Discord's shards, or has divided them into another number."""

    database: str
    ours: str
    theirs: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Another process on the database {database} has Discord's shards {theirs} already, so that this one cannot "
            "have {ours}; stop that one, or give each process shards of its own, of the same number in all, with "
            "discord.shards.",
            database=self.database,
            theirs=self.theirs,
            ours=self.ours,
        )


@dataclass(eq=False)
class PlatformTaken(UserError):
    """Another process is on a platform that has no shards."""

    database: str
    platform: str

    def sentence(self, translate: Translate = english) -> str:
        match self.platform:
            case "telegram":
                return translate(
                    "Another process on the database {database} is on Telegram already; stop that one, or take "
                    "telegram.token out of the settings of this one.",
                    database=self.database,
                )
            case "web":
                return translate(
                    "Another process on the database {database} has the room in the browser already; stop that one, or "
                    "set web.enabled = false in the settings of this one.",
                    database=self.database,
                )
        return translate(
            "Another process on the database {database} is on {platform} already; stop that one.",
            database=self.database,
            platform=self.platform,
        )


@dataclass(eq=False)
class NoCommonKey(UserError):
    """Processes that share a database have a vault each."""

    database: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Several processes share the database {database}, so vault.key has to be set, to the same key in the "
            "settings of each.",
            database=self.database,
        )


@asynccontextmanager
async def claimed(
    configuration: Configuration, platforms: Collection[str], patience: float = DYING
) -> AsyncIterator[Claims | None]:
    """Claims the platforms that a process is to be on; None where no other process can use the database.

    Args:
        platforms: by their names.
        patience: seconds in which another process may still give one of them up, as one whose machine has just died.

    Raises:
        ShardsTaken, PlatformTaken: another process has one of them.
        StorageError: the database cannot be reached.
    """
    if configuration.alone:
        yield None
        return
    wanted = _wanted(configuration.discord.shards, platforms)
    take = partial(Claims.take, configuration.database_url, wanted, PLATFORMS)
    try:
        try:
            claims = await take(patience=0)
        except Taken:
            log.warning("another process has what this one is to have; waiting whether it is about to end")
            claims = await take(patience=patience)
    except Taken as fault:
        raise _refusal(fault) from fault
    try:
        yield claims
    finally:
        await claims.close()


async def keep(claims: Claims) -> None:
    """Keeps what is claimed.

    Raises:
        ShardsTaken, PlatformTaken: another process has taken it while the database could not be reached.
    """
    try:
        await claims.keep()
    except Taken as fault:
        raise _refusal(fault) from fault


async def demand_common_key(bot: Bot, claims: Claims) -> None:
    """Makes sure that what one process seals the others can open.

    Raises:
        NoCommonKey: the key is this process's own.
        CannotOpen: it is another one than that of the others.
    """
    common = await bot.database.write(partial(forgotten.is_open, vault=bot.vault))
    if bot.share.part == 1.0 and not await claims.others():  # whoever comes later looks at what is stored by now
        return
    if not bot.vault.given:
        raise NoCommonKey(bot.database.name)
    if not common:
        raise CannotOpen(bot.vault.name)


def _wanted(shards: Shards | None, platforms: Collection[str]) -> list[Claim]:
    wanted = [Claim(platform) for platform in platforms if platform != DISCORD or shards is None]
    if DISCORD in platforms and shards is not None:
        wanted += [Claim(DISCORD, shard, shards.count) for shard in shards]
    return wanted


def _refusal(fault: Taken) -> UserError:
    platform = fault.wanted[0].what
    if platform != DISCORD:
        return PlatformTaken(fault.database, platform)
    return ShardsTaken(fault.database, _written(fault.wanted), _written(fault.held))


def _written(claims: Collection[Claim]) -> str:
    """Shards as `discord.shards` would have them."""
    count = max(claim.parts for claim in claims)
    if count == 1:
        return "all"
    ranges: list[Shards] = []
    for part in sorted(claim.part for claim in claims):
        if ranges and ranges[-1].last == part - 1:
            ranges[-1] = Shards(ranges[-1].first, part, count)
        else:
            ranges.append(Shards(part, part, count))
    return ", ".join(map(str, ranges))
