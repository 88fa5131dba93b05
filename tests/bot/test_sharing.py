"""Several bots over one PostgreSQL database, each with its own shards of Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from bot.app import Bot
from bot.configuration import Configuration, DatabaseKeys, DiscordKeys, VaultKeys
from bot.conversation import Person, Place
from bot.lineages.succession import writing
from bot.platforms.discord.dealing import Dealing
from bot.platforms.discord.heard import HeardMessage
from bot.shards import Shards
from bot.shell.claiming import NoCommonKey, PlatformTaken, ShardsTaken, claimed, demand_common_key
from generators.completion import Generator
from generators.local import LocalGenerator, Shelf
from generators.scripted import ScriptedGenerator
from storage import games, jobs, posts, rounds, stories
from storage.database import Database
from storage.jobs import Job
from storage.posts import Post
from storage.rounds import Round
from storage.schema import metadata
from storage.vault import CannotOpen
from tests.bot.collected import logged
from tests.bot.conftest import SCRIPT
from tests.bot.lineage import learn
from tests.fakes.clock import FakeClock
from tests.fakes.models import save_tiny
from tests.fakes.platform import FakePlatform
from tests.storage.conftest import _command
from tests.storage.conftest import postgres as postgres

ADA: Final = Person("discord", "1", "Ada", admin=True)
GUILDS: Final = ("4194304", "8388608")  # of shards 1 and 0 of 2
THEIRS, OURS = (Place("discord", f"{guild}1", guild=guild) for guild in GUILDS)
BOTH: Final = (OURS, THEIRS)
FIRST, SECOND = Shards(0, 0, 2), Shards(1, 1, 2)
KEY: Final = "a key of these tests' own that is longer than thirty-two characters"


class Processes:
    """What runs over one database: a bot with some of the shards, as often as a test asks for one."""

    def __init__(self, url: str, home: Path, clock: FakeClock, stack: AsyncExitStack) -> None:
        self.url = url
        self.home = home
        self.clock = clock
        self._stack = stack

    def settings(self, shards: Shards | None, *, key: str | None = KEY) -> Configuration:
        """Those of a process, with a home of its own."""
        return Configuration(
            home=self.home / str(shards).replace("/", "of"),
            discord=DiscordKeys(shards=shards, training_permission="DSC-1"),
            database=DatabaseKeys(url=SecretStr(self.url)),
            vault=VaultKeys(key=None if key is None else SecretStr(key)),
        )

    async def open(
        self, shards: Shards | None, platform: FakePlatform | None = None, generator: Generator | None = None
    ) -> Bot:
        """Starts a process, which is ended with the test where that does not end it earlier."""
        configuration = self.settings(shards)
        bot = await Bot.open(configuration, generator=generator or ScriptedGenerator(SCRIPT), clock=self.clock)
        self._stack.push_async_callback(bot.close)
        bot.register(platform or FakePlatform("discord"))
        await bot.resume()
        return bot

    async def wait(self, bot: Bot, seconds: float) -> None:
        """Lets time pass."""
        self.clock.advance(seconds)
        await bot.tables.settled()


@pytest.fixture
async def processes(postgres: Callable[[str], str], tmp_path: Path, clock: FakeClock) -> AsyncIterator[Processes]:
    """A database that is empty, and whoever uses it."""
    url = postgres("migrated")
    async with AsyncExitStack() as stack:
        yield Processes(url, tmp_path, clock, stack)
    await _command(url, *(f"DELETE FROM {table}" for table in reversed(metadata.sorted_tables)))


async def open_round(bot: Bot, place: Place) -> Round:
    story = await bot.database.read(partial(stories.running, place=place.key))
    assert story is not None
    found = await bot.database.read(partial(rounds.current, story=story.id))
    assert found is not None
    return found


async def test_rounds(processes: Processes) -> None:
    """After a restart each process closes the rounds of its own servers, and touches no other's."""
    for shards, place in ((FIRST, OURS), (SECOND, THEIRS)):
        bot = await processes.open(shards)
        await bot.invoke("/story start seconds=60 Once upon a", person=ADA, place=place)
        await bot.invoke("/relay start seconds=60", person=ADA, place=place)
        await bot.tables.settled()
        await bot.close()
    platform = FakePlatform("discord")
    first = await processes.open(FIRST, platform)
    before = {place: await open_round(first, place) for place in BOTH}

    await processes.wait(first, 600)

    after = {place: await open_round(first, place) for place in BOTH}
    assert after[OURS].position == before[OURS].position + 1
    assert after[THEIRS] == before[THEIRS]
    assert {said.place for said in platform.said} == {OURS}

    second = await processes.open(SECOND)
    await processes.wait(second, 600)
    assert (await open_round(second, THEIRS)).position == before[THEIRS].position + 1


async def test_votes(processes: Processes) -> None:
    """A vote in a server of the other process stays as it is, also where that one is away and rounds are closed."""
    first, second = await processes.open(FIRST), await processes.open(SECOND)
    for bot, place in ((first, OURS), (second, THEIRS)):
        await bot.invoke("/story start seconds=60 Once upon a", person=ADA, place=place)
        await bot.tables.settled()
    voted = await open_round(second, THEIRS)
    await second.press(f"v:{voted.id}:1", person=ADA, place=THEIRS)
    await second.close()

    await processes.wait(first, 600)

    past = await first.database.read(partial(rounds.round_with, round_id=voted.id))
    assert past is not None
    assert past.round.state == "open"
    assert [(vote.person, vote.slot) for vote in past.votes] == [(ADA.key, 1)]


async def test_games(processes: Processes) -> None:
    """A game's deadline is put off after a restart by the process that has its server, and no other."""
    for shards, place in ((FIRST, OURS), (SECOND, THEIRS)):
        bot = await processes.open(shards)
        await bot.invoke("/relay start seconds=60", person=ADA, place=place)
        await bot.close()
    before = await revisions(processes.url)

    await processes.open(FIRST)

    after = await revisions(processes.url)
    assert after[OURS.key] > before[OURS.key]
    assert after[THEIRS.key] == before[THEIRS.key]


async def revisions(url: str) -> dict[str, int]:
    """How often each game has changed."""
    async with await Database.open(url) as database:
        return {game.place: game.revision for game in await database.read(games.unfinished)}


async def test_what_came_in(processes: Processes) -> None:
    """What was in hand when the processes stopped is taken up by the one whose server it is of."""
    first, second = await processes.open(FIRST), await processes.open(SECOND)
    for number, place in enumerate((*BOTH, Place("discord", "77"))):
        heard = HeardMessage(ADA, place, f"m{number}", "hello", None)
        await dealing(first).store(number, heard)

    left = [[heard.place async for _, heard in dealing(bot).left()] for bot in (first, second)]

    assert left == [[OURS, Place("discord", "77")], [THEIRS]]


def dealing(bot: Bot) -> Dealing:
    from bot.platforms.discord.connection import Connection
    from bot.platforms.discord.speaking import Speaking

    connection = Connection()
    return Dealing(bot, Speaking(connection.wire, connection.permissions), connection)


async def test_trainings(processes: Processes) -> None:
    """A training is taken up by the process that has its server; the other one's waits, and keeps its place."""
    opened = await processes.open(SECOND)
    for place in BOTH:
        await opened.database.write(partial(jobs.add, job=job_of(place, processes)))
    await opened.close()

    first = await processes.open(FIRST)
    await first.jobs.settled()

    found = {job.place: job.state for job in await first.database.read(jobs.open_jobs)}
    assert found == {THEIRS.key: "queued"}
    ours = await first.database.read(partial(jobs.get, id=f"job-{OURS.id}"))
    assert ours is not None
    assert ours.state == "failed"  # there is nothing to learn from


def job_of(place: Place, processes: Processes) -> Job:
    options = {
        "base": "tales@1",
        "kind": "char",
        "sources": ["channel_log"],
        "epochs": 1,
        "name": "mine",
        "here": [place.platform, place.id, place.channel, place.guild],
    }
    guild = f"discord:{place.guild}"
    return Job(f"job-{place.id}", place.key, guild, ADA.key, "queued", options, "en", processes.clock.now())


async def test_forgotten(processes: Processes) -> None:
    """Who is forgotten on one server is forgotten on all; each process takes its own models out of use."""
    first, second = [await with_models(processes, shards) for shards in (FIRST, SECOND)]
    for bot, place in ((first, OURS), (second, THEIRS)):
        await learn(bot, place, f"v{place.id}", people=[ADA.key])
        assert (await bot.settings.get(place)).model is not None

    await first.consents.forget(ADA)

    assert (await first.settings.get(OURS)).model is None
    assert (await second.settings.get(THEIRS)).model is not None
    assert await writing(second, THEIRS) != (await second.settings.get(THEIRS)).model  # it is withheld from then on
    await second.lineages.resume()  # as it does once a minute
    assert (await second.settings.get(THEIRS)).model is None
    for bot in (first, second):
        await bot.lineages.settled()


async def with_models(processes: Processes, shards: Shards) -> Bot:
    """A process that writes with what lies in its home."""
    models = processes.settings(shards).home / "models"
    save_tiny(models / "tales" / "1")
    return await processes.open(shards, generator=LocalGenerator([Shelf(models)]))


async def test_collecting(processes: Processes) -> None:
    """A process listens where its own servers are logged, and follows what is kept of them."""
    first, second = await processes.open(FIRST), await processes.open(SECOND)
    await logged(first.database, THEIRS.key, processes.clock.now(), ADA.key, guild=f"discord:{THEIRS.guild}")
    post = Post(THEIRS.key, f"discord:{THEIRS.guild}", "channel_log", ADA.key, "m1", processes.clock.now(), "hello")
    await first.database.write(partial(posts.add, vault=first.vault, given=[post]))

    for bot in (first, second):
        await bot.collecting.look_again()

    told = [(bot.collecting.hears("discord"), bot.collecting.keeps(THEIRS)) for bot in (first, second)]
    assert told == [(False, False), (True, True)]


@pytest.mark.parametrize("theirs", [Shards(1, 2, 4), Shards(4, 5, 8), None], ids=["overlapping", "of more", "all"])
async def test_shards_taken(processes: Processes, theirs: Shards | None) -> None:
    """A process that wants shards which another one has, or divides them differently, is refused in one sentence."""
    async with claimed(processes.settings(Shards(0, 1, 4)), ["discord", "web"]):
        with pytest.raises(ShardsTaken) as refused:
            async with claimed(processes.settings(theirs), ["discord"], patience=0):
                pass

        async with claimed(processes.settings(Shards(2, 3, 4)), ["discord"], patience=0):
            pass

    said = str(refused.value)
    wanted = "all" if theirs is None else str(theirs)
    assert f"has Discord's shards 0-1/4 already, so that this one cannot have {wanted};" in said
    assert "discord.shards" in said


@pytest.mark.parametrize(("platform", "remedy"), [("telegram", "telegram.token"), ("web", "web.enabled = false")])
async def test_platform_taken(processes: Processes, platform: str, remedy: str) -> None:
    """A platform without shards is one process's; the second is told which setting to change."""
    async with claimed(processes.settings(FIRST), ["discord", platform]):
        with pytest.raises(PlatformTaken, match=remedy):
            async with claimed(processes.settings(SECOND), ["discord", platform], patience=0):
                pass


async def test_common_key(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that share a database are refused where what one seals the others could not open."""
    first = await processes.open(FIRST)
    async with claimed(processes.settings(FIRST), ["discord"]) as ours:
        assert ours is not None
        await demand_common_key(first, ours)
        for key, fault in ((KEY, None), (None, NoCommonKey), ("quite another key" * 3, CannotOpen)):
            configuration = processes.settings(SECOND, key=key)
            async with claimed(configuration, ["discord"], patience=0) as theirs:
                assert theirs is not None
                second = await Bot.open(configuration, generator=ScriptedGenerator(SCRIPT))
                if fault is None:
                    await demand_common_key(second, theirs)
                else:
                    with pytest.raises(fault):
                        await demand_common_key(second, theirs)
                await second.close()


async def test_common_key_at_once(processes: Processes) -> None:
    """Of two processes that begin at one moment, the one whose key comes second is refused, whoever claimed first."""
    settings = [processes.settings(None, key=key) for key in ("quite another key" * 3, KEY)]
    async with claimed(settings[0], ["web"]) as ours, claimed(settings[1], ["discord"]) as theirs:
        assert ours is not None
        assert theirs is not None
        first, second = [await Bot.open(each, generator=ScriptedGenerator(SCRIPT)) for each in settings]

        await demand_common_key(second, theirs)
        with pytest.raises(CannotOpen):
            await demand_common_key(first, ours)

        await first.close()
        await second.close()


async def test_alone(processes: Processes) -> None:
    """A process that shares with nobody may have a key of its own, also another one than before."""
    for key in (None, "quite another key" * 3):
        configuration = processes.settings(None, key=key)
        async with claimed(configuration, ["web"], patience=0) as claims:
            assert claims is not None
            bot = await Bot.open(configuration, generator=ScriptedGenerator(SCRIPT))
            await demand_common_key(bot, claims)
            await bot.close()
