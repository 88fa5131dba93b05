"""A relay in the lobby, and people around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count

import pytest

from bot.conversation import Notice, Person
from bot.games import actions
from bot.games.hosting import Games
from bot.games.house import House
from bot.games.kinds import kinds
from bot.games.relay import RELAY, Player, Relay
from bot.outbox import Outbox
from generators.completion import Generator
from generators.scripted import Cue, Script, ScriptedGenerator
from storage import games
from storage.database import Database
from tests.bot.games.conftest import ADA, BEN, LOBBY
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, Said

TALES = (
    "The king slept. He dreamt of soup. The soup was hot. He woke up.",
    "The queen came. She rang a bell. The bell broke.",
)


@dataclass
class Ring:
    """A place with people who play, and what they can do and see there."""

    database: Database
    generator: Generator
    platform: FakePlatform
    clock: FakeClock
    seeds: Callable[[], int] = field(default_factory=lambda: count(1).__next__)
    games: Games = field(init=False)

    def __post_init__(self) -> None:
        self.games = self.opened()

    def opened(self) -> Games:
        """Games as a process has them when it starts."""
        outboxes = {self.platform.name: Outbox(self.platform, self.clock)}
        return Games(House(self.database, self.generator, outboxes, self.clock, self.seeds), kinds())

    async def restart(self, *, after: float = 0.0) -> None:
        """The process ends without a farewell, and another takes up what is stored."""
        await self.games.close()
        self.clock.advance(after)
        self.games = self.opened()
        await self.games.resume()
        await self.games.settled()

    async def start(self, text: str = "", *, most: int = 20, players: tuple[Person, ...] = (ADA, BEN)) -> None:
        """Ada starts a relay, the others join, and its message is posted."""
        match = Relay(
            model="tales@script",
            temperature=0.0,
            seconds=60.0,
            most=most,
            seed=7,
            started_by=ADA.key,
            beginning=text,
            players=(Player(ADA.key, ADA.name),),
            deadline=self.clock.now() + timedelta(seconds=60),
        )
        await self.games.start(RELAY, match, LOBBY, ADA)
        for person in players[1:]:
            await self.games.act(RELAY, LOBBY, "join", person)
        await self.games.settled()

    async def act(self, move: str, by: Person, text: str = "", origin: int | None = None) -> str:
        """Somebody makes a move, and what follows from it is shown."""
        told = await self.games.act(RELAY, LOBBY, move, by, text=text, origin=origin)
        await self.games.settled()
        return told

    async def press(self, label: str, by: Person, said: Said | None = None, text: str = "") -> Notice:
        """Somebody presses a button of a message."""
        button = next(button for button in (said or self.newest).message.buttons if button.label == label)
        play = actions.play(button.action)
        assert play is not None
        notice = await self.games.press(play, by, LOBBY, text=text)
        await self.games.settled()
        return notice

    async def wait(self, seconds: float) -> None:
        """Time passes, and what is due happens."""
        self.clock.advance(seconds)
        await self.games.settled()

    @property
    def newest(self) -> Said:
        """The newest message."""
        return self.platform.newest(LOBBY)

    async def match(self) -> Relay:
        """The newest relay, as stored."""
        game = await self.database.read(partial(games.latest, place=LOBBY.key, kind="relay"))
        assert game is not None
        return RELAY.load(game.state)


SCRIPT = Script(name="tales", token="word", texts=TALES, order=3, cues=(Cue(when="thunder"),))


@pytest.fixture
async def ring(database: Database, platform: FakePlatform) -> AsyncIterator[Ring]:
    generator = ScriptedGenerator(SCRIPT)
    ring = Ring(database, generator, platform, FakeClock())
    yield ring
    await ring.games.close()
    await generator.close()
