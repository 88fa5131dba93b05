"""Whether presses are acknowledged soon when many channels vote at once, on stand-ins for Discord and Telegram.

The real program runs in a process of its own with the model that ships, and plays a story in each of 200 channels; in
each, three people vote within two seconds of every ballot. The stand-ins enforce the platforms' rates and refuse what
passes them, but do not hold requests against the published APIs, which is for the tests.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil

from benchmarks.measure import table
from benchmarks.program import running

CHANNELS, VOTERS = 200, 3
HASTE = 2.0  # seconds within which everybody votes
SECONDS = 60.0  # of voting that count
FIRST = 75.0  # seconds before that: a first round lasts a minute, because nobody knows yet who plays
PATIENCE = 180.0  # seconds for every channel to have a ballot
COUNTED = ("You voted for", "Your vote is")


@dataclass(frozen=True, slots=True)
class Press:
    """A press that was answered.

    Attributes:
        person: their id.
        action: what the button sent.
        seconds: until the answer.
        told: the answer.
    """

    person: str
    action: str
    seconds: float
    told: str


@dataclass
class Crowd(ABC):
    """People who vote on one platform."""

    presses: list[Press] = field(default_factory=list)
    random: Random = field(default_factory=lambda: Random(20_261_121))
    voting: set[asyncio.Task[None]] = field(default_factory=set)
    seen: dict[int, int] = field(default_factory=dict)  # channel to its newest ballot that was looked at

    @property
    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The settings that lead the program here."""

    @abstractmethod
    async def start(self) -> None:
        """Begins a story in each channel."""

    @abstractmethod
    def ballots(self) -> Iterator[tuple[Any, Any]]:
        """Each channel's newest ballot that nobody has looked at yet."""

    @abstractmethod
    async def press(self, person: Any, ballot: Any) -> None:
        """Votes, and waits for the answer."""

    @abstractmethod
    def refusals(self) -> dict[int, int]:
        """How often the platform refused something, by status."""

    async def vote(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """Votes on every ballot that appears, for so long, or until something holds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            for people, ballot in self.ballots():
                for person in people:
                    self._soon(person, ballot)
            await asyncio.sleep(0.05)
        await asyncio.gather(*self.voting)

    def _soon(self, person: Any, ballot: Any) -> None:
        async def later() -> None:
            await asyncio.sleep(self.random.uniform(0, HASTE))
            await self.press(person, ballot)

        task = asyncio.create_task(later())
        self.voting.add(task)
        task.add_done_callback(self.voting.discard)


class DiscordCrowd(Crowd):
    """Two hundred channels of ten servers."""

    def __init__(self, discord: Any) -> None:
        super().__init__()
        self.discord = discord
        self.channels = []
        for number in range(10):
            guild = discord.guild(f"Server {number}", channels=[f"story-{n}" for n in range(CHANNELS // 10)])
            for channel in guild.channels:
                people = [discord.user(f"{channel.name}-{n}-{number}") for n in range(VOTERS)]
                guild.member(people[0], "manage_guild")
                self.channels.append((channel, people))

    @property
    def environment(self) -> dict[str, str]:
        return {"PLANCHETTE_DISCORD__TOKEN": self.discord.token, "PLANCHETTE_DISCORD__API": self.discord.api}

    async def start(self) -> None:
        await self.discord.ready(timeout=60)
        await self.discord.until(lambda: bool(self.discord.application.commands), timeout=60)
        for channel, people in self.channels:
            await people[0].slash(channel, "story start", text="Once upon a time", seconds=60)
            await asyncio.sleep(0.05)

    def ballots(self) -> Iterator[tuple[Any, Any]]:
        for channel, people in self.channels:
            newest = next((message for message in reversed(channel.messages[-3:]) if message.buttons), None)
            if newest is not None and newest.id != self.seen.get(channel.id):
                self.seen[channel.id] = newest.id
                yield people, newest

    async def press(self, person: Any, ballot: Any) -> None:
        votes = [button.custom_id for button in ballot.buttons if button.custom_id.startswith("v:")]
        if not votes:
            return  # the round closed while this person was thinking
        action = self.random.choice(votes)
        interaction = await person.press(ballot, action)
        try:
            answer = await interaction.answered(timeout=30)
        except AssertionError:  # nothing came
            self.presses.append(Press(str(person.id), action, 30.0, ""))
        else:
            self.presses.append(Press(str(person.id), action, interaction.latency, answer.content))

    def refusals(self) -> dict[int, int]:
        return _counted([request.status for request in self.discord.requests])


class TelegramCrowd(Crowd):
    """Two hundred groups."""

    def __init__(self, telegram: Any) -> None:
        super().__init__()
        self.telegram = telegram
        self.channels = []
        for number in range(CHANNELS):
            people = [telegram.user(f"P{number}x{n}", username=f"person_{number}_{n}") for n in range(VOTERS)]
            self.channels.append((telegram.group(f"Group {number}", members=people, admins=people[:1]), people))

    @property
    def environment(self) -> dict[str, str]:
        address = self.telegram.base_url.removesuffix("/bot")
        return {"PLANCHETTE_TELEGRAM__TOKEN": self.telegram.token, "PLANCHETTE_TELEGRAM__API": address}

    async def start(self) -> None:
        for chat, people in self.channels:
            await people[0].says(chat, "/story start seconds=60 Once upon a time")
            await asyncio.sleep(0.05)

    def ballots(self) -> Iterator[tuple[Any, Any]]:
        for chat, people in self.channels:
            newest = next((message for message in reversed(chat.said[-3:]) if message.buttons), None)
            if newest is not None and newest.id != self.seen.get(chat.id):
                self.seen[chat.id] = newest.id
                yield people, newest

    async def press(self, person: Any, ballot: Any) -> None:
        votes = [button.data for button in ballot.buttons if button.data.startswith("v:")]
        if not votes:
            return
        action = self.random.choice(votes)
        answer = await person.presses_raw(ballot, action)
        self.presses.append(Press(str(person.id), action, answer.seconds, answer.text or ""))

    def refusals(self) -> dict[int, int]:
        return _counted([request.status for request in self.telegram.requests])


def main(rounds: int) -> str:
    """Plays once on each platform; `rounds` is not used, because each run is many thousands of presses."""
    del rounds
    rows = [asyncio.run(_played(platform)) for platform in ("discord", "telegram")]
    return table(
        f"{CHANNELS} channels, each with a story and {VOTERS} voters, for {SECONDS:g} s; milliseconds to the answer",
        ("", "presses", "median", "99 %", "slowest", "429", "lost", "counted twice", "rounds", "MB", "to reach"),
        rows,
    )


async def _played(platform: str) -> tuple[object, ...]:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        async with _crowd(platform) as crowd, running(home, "run", **crowd.environment) as process:
            starting = asyncio.create_task(crowd.start())
            await crowd.vote(PATIENCE, until=lambda: starting.done() and len(crowd.seen) == CHANNELS)
            await starting
            await crowd.vote(FIRST)
            crowd.presses.clear()
            await crowd.vote(SECONDS)
            memory = psutil.Process(process.pid).memory_info().rss / 1e6
            refused = crowd.refusals().get(429, 0)
        lost, twice, rounds = _compared(home / "planchette.db", platform, crowd.presses)
    slow = sorted(press.seconds * 1_000 for press in crowd.presses)
    return (
        platform,
        f"{len(slow):,}",
        f"{slow[len(slow) // 2]:.0f}",
        f"{slow[int(len(slow) * 0.99)]:.0f}",
        f"{slow[-1]:.0f}",
        refused,
        lost,
        twice,
        rounds,
        f"{memory:.0f}",
        "99 % under 500, 0 of the rest",
    )


def _compared(database: Path, platform: str, presses: list[Press]) -> tuple[int, int, int]:
    """Presses that were acknowledged and are not there; those that count more than once; rounds that were closed."""
    with sqlite3.connect(database) as connection:
        votes = connection.execute("SELECT round, person, slot FROM votes").fetchall()
        (closed,) = connection.execute("SELECT count(*) FROM rounds WHERE state = 'closed'").fetchone()
    stored = {(int(round_id), person): slot for round_id, person, slot in votes}
    acknowledged = {}
    for press in presses:
        if press.told.startswith(COUNTED):
            _, round_id, slot = press.action.split(":")
            acknowledged[int(round_id), f"{platform}:{press.person}"] = int(slot)
    lost = sum(stored.get(key) != slot for key, slot in acknowledged.items())
    return lost, len(votes) - len(stored), closed


@asynccontextmanager
async def _crowd(platform: str) -> AsyncIterator[Crowd]:
    if platform == "discord":
        from tests.fakes.discord import DiscordServer

        async with DiscordServer(checked=False) as discord:
            yield DiscordCrowd(discord)
    else:
        from tests.fakes.telegram import TelegramServer

        async with TelegramServer(checked=False) as telegram:
            yield TelegramCrowd(telegram)


def _counted(statuses: list[int]) -> dict[int, int]:
    return {status: statuses.count(status) for status in set(statuses)}
