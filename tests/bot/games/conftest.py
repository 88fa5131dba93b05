"""A table in the lobby, with real storage, a scripted model, and a clock that the test moves."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from bot.conversation import Button, Notice, Person, Place
from bot.games.tables import Tables
from bot.outbox import Outbox
from generators.completion import Generator, Unit
from generators.scripted import Script, ScriptedGenerator
from storage import rounds, stories, units
from storage.database import Database
from storage.rounds import Past
from storage.stories import Story
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, Said

LOBBY = Place("web", "lobby")
CELLAR = Place("web", "cellar")
ADA = Person("web", "ada", "Ada")
BEN = Person("web", "ben", "Ben")
CLEO = Person("web", "cleo", "Cleo")
ADMIN = Person("web", "root", "Root", admin=True)


@dataclass
class Lobby:
    """A place with people, and what they can do and see there."""

    database: Database
    generator: Generator
    platform: FakePlatform
    clock: FakeClock
    model: str
    seeds: Callable[[], int] = field(default_factory=lambda: count(1).__next__)
    tables: Tables = field(init=False)
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.tables = self.opened()

    def opened(self) -> Tables:
        """Tables as a process has them when it starts."""
        self.outbox = Outbox(self.platform, self.clock)
        outboxes = {self.platform.name: self.outbox}
        return Tables(self.database, self.generator, outboxes, clock=self.clock, seed=self.seeds)

    async def restart(self, *, after: float = 0.0) -> None:
        """The process ends without a farewell, and another takes up what is stored."""
        await self.tables.close()
        self.clock.advance(after)
        self.tables = self.opened()
        await self.tables.resume()
        await self.tables.settled()

    async def start(
        self,
        text: str = "Once upon a",
        *,
        place: Place = LOBBY,
        unit: Unit = Unit.WORD,
        candidates: int = 3,
        solo: bool = False,
        temperature: float | None = 1.0,
        origin: int | None = None,
    ) -> str:
        """Ada starts a story, and its first ballot is posted."""
        said = await self.tables.start(
            place,
            ADA,
            text=text,
            unit=unit,
            candidates=candidates,
            solo=solo,
            temperature=temperature,
            model=self.model,
            origin=origin,
        )
        await self.tables.settled()
        return said

    async def press(self, button: Button | str, by: Person, *, place: Place = LOBBY) -> Notice:
        """Somebody presses a button, and what follows from it is shown."""
        notice = await self.tables.votes.press(button.action if isinstance(button, Button) else button, by, place)
        await self.tables.settled()
        return notice

    async def wait(self, seconds: float) -> None:
        """Time passes, and what is due happens."""
        self.clock.advance(seconds)
        await self.tables.settled()

    @property
    def ballot(self) -> Said:
        """The newest message, which is the ballot while a round runs."""
        return self.platform.newest(LOBBY)

    @property
    def round_id(self) -> int:
        """Of the ballot."""
        return round_of(self.ballot)

    async def story(self) -> Story:
        """The lobby's newest story, as stored."""
        story = await self.database.read(lambda conn: stories.latest(conn, LOBBY.key))
        assert story is not None
        return story

    async def past(self, round_id: int) -> Past:
        """A round, as stored."""
        past = await self.database.read(lambda conn: rounds.round_with(conn, round_id))
        assert past is not None
        return past

    async def text(self) -> str:
        """The story's whole text, as stored."""
        story = await self.story()
        appended = await self.database.read(lambda conn: units.every(conn, story.id))
        return story.title_text + "".join(unit.text for unit in appended)

    async def votes(self, round_id: int) -> dict[str, int]:
        """Person to slot, as stored."""
        return {vote.person: vote.slot for vote in (await self.past(round_id)).votes}


def round_of(said: Said) -> int:
    """The round whose ballot a message is."""
    found = re.fullmatch(r"v:(\d+):\d+", said.buttons[0].action)
    assert found is not None
    return int(found[1])


TALES = (
    "Once upon a time there was a king who had a daughter and a dog and a hill.",
    "Once upon a time there lived a queen who had no daughter.",
    "Once upon a time there lived a king.",
    "Once upon a day the king rode to the hill and slept.",
    "Once upon a day the queen came.",
    "Once upon a hill there was a tree and a dog.",
    "Once upon a hill",
    "Once upon a",
    "It rained. The king slept.",
    "It rained. The dog barked.",
    "It rained. They ate soup.",
)


@pytest.fixture
async def generator() -> AsyncIterator[Generator]:
    """A model that knows a few tales, word by word."""
    generator = ScriptedGenerator(Script(name="tales", token="word", texts=TALES, order=3, smoothing=0.05))
    yield generator
    await generator.close()


@pytest.fixture
def model() -> str:
    """Its name."""
    return "tales"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A new SQLite database."""
    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as database:
        yield database


@pytest.fixture
def platform() -> FakePlatform:
    """The room, where everything is said."""
    return FakePlatform("web", edit_seconds=1.0)


@pytest.fixture
async def lobby(database: Database, platform: FakePlatform, generator: Generator, model: str) -> AsyncIterator[Lobby]:
    """The lobby, before its first story."""
    lobby = Lobby(database, generator, platform, FakeClock(), model)
    yield lobby
    await lobby.tables.close()
