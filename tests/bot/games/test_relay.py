"""A relay in the lobby: turns, the clock, what is shown, and what a fall in between leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.conversation import MayNotWrite, Notice, Person
from bot.games import actions
from bot.games.hosting import GameOver, GameRuns, Games, NoGameRuns, NoGameYet
from bot.games.house import House
from bot.games.kinds import NotYourGame, kinds
from bot.games.relay import RELAY, ModelsTurn, NotYourTurn, Player, PlaysAlready, Relay
from bot.outbox import Outbox
from generators.completion import Generator
from generators.errors import UserError
from generators.scripted import Cue, Pace, Script, ScriptedGenerator
from storage import audit, games, inbox
from storage.database import Database
from tests.bot.games.conftest import ADA, ADMIN, BEN, CELLAR, CLEO, LOBBY
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


async def test_begun(ring: Ring) -> None:
    """A new relay shows whose turn it is, until when, and how to write."""
    await ring.start("Once.")

    assert ring.newest.text.startswith("Once.\n\nIt is Ada's turn until 12:01:00 UTC")
    assert "reply to this message, or use /relay write" in ring.newest.text
    await ring.wait(4)
    assert ring.newest.text.endswith("Sentences: 0 of 20.\nIn turn: Ada, Ben.")
    assert [button.label for button in ring.newest.message.buttons] == ["Join", "Write…"]
    assert ring.newest.message.buttons[1].asks == "Your sentence"
    assert all(len(button.action.encode()) <= 64 for button in ring.newest.message.buttons)


async def test_sentence_and_answer(ring: Ring) -> None:
    """After a person's sentence the model writes one, and the next person has the turn on a message of its own."""
    await ring.start()
    first = ring.newest

    told = await ring.act("write", ADA, "The king slept.")

    match = await ring.match()
    assert told == "Your sentence is in the text."
    assert match.text == "The king slept. He dreamt of soup."
    assert [each.writer for each in match.sentences] == [ADA.key, None]
    assert match.sentences[0].token_ids is not None
    assert match.sentences[1].seed == 8
    assert ring.newest.text.startswith("The king slept. He dreamt of soup.\n\nIt is Ben's turn")
    assert first.text == "Ada: «The king slept.»\ntales: «He dreamt of soup.»"
    assert first.message.buttons == ()


async def test_space_only_where_needed(ring: Ring) -> None:
    """A sentence is appended as typed, with a space where it would run into the one before."""
    await ring.start("Es war einmal。")
    await ring.act("write", ADA, "The queen came.")

    await ring.act("write", BEN, '"The soup!"')

    text = (await ring.match()).text
    assert text.startswith("Es war einmal。The queen came.")
    assert ' "The soup!"' in text


async def test_out_of_turn(ring: Ring) -> None:
    """Who writes when it is another's turn is told whose it is, and nothing changes."""
    await ring.start()

    with pytest.raises(NotYourTurn, match="It is Ada's turn; yours comes"):
        await ring.act("write", BEN, "No.")
    with pytest.raises(NotYourTurn, match="/relay join gives you one"):
        await ring.act("write", CLEO, "No.")

    assert (await ring.match()).sentences == ()


@pytest.mark.parametrize("text", ["", " \u2063 ", "a\0b", "x" * 301, "\u202eabc"])
async def test_unusable_sentence(ring: Ring, text: str) -> None:
    """A sentence that is empty, too long, or has characters that cannot be shown is refused with one sentence."""
    await ring.start()

    with pytest.raises(UserError) as refused:
        await ring.act("write", ADA, text)

    assert refused.value.sentence()
    assert (await ring.match()).sentences == ()


async def test_passed_over(ring: Ring) -> None:
    """Who does not write in time is passed over, on the same message."""
    await ring.start()
    posts = len(ring.platform.said)

    await ring.wait(60)

    assert "It is Ben's turn until 12:02:00" in ring.newest.text
    assert len(ring.platform.said) == posts


async def test_pause(ring: Ring) -> None:
    """Once everybody was passed over in a row the relay waits; a sentence of any player goes on with it."""
    await ring.start()
    await ring.wait(60)
    await ring.wait(60)
    assert "The relay is paused" in ring.newest.text
    assert (await ring.match()).deadline is None
    await ring.wait(3600)

    await ring.act("write", BEN, "The queen came.")

    assert "It is Ada's turn until" in ring.newest.text
    assert (await ring.match()).text == "The queen came. She rang a bell."


async def test_go_on(ring: Ring) -> None:
    """The button of a paused relay gives whose turn it was all the time; a second press says that it goes on."""
    await ring.start()
    await ring.wait(60)
    await ring.wait(60)
    paused = ring.newest.message

    notice = await ring.press("Go on", CLEO)

    assert notice == Notice("The relay goes on.")
    await ring.wait(4)
    assert "It is Ada's turn until 12:03:00" in ring.newest.text
    play = actions.play(paused.buttons[0].action)
    assert play is not None
    with pytest.raises(UserError, match="The relay is going on already"):
        await ring.games.press(play, CLEO, LOBBY)


async def test_late_sentence(ring: Ring) -> None:
    """A sentence that comes after its time is refused, however late the clock's bell rings."""
    await ring.start()
    ring.clock._now += timedelta(seconds=61)  # no bell has rung

    with pytest.raises(NotYourTurn, match="It is Ben's turn"):
        await ring.games.act(RELAY, LOBBY, "write", ADA, text="Too late.")

    assert (await ring.match()).sentences == ()


async def test_join_while_it_runs(ring: Ring) -> None:
    """Who joins comes after all the others; a second press says that they play already."""
    await ring.start()

    notice = await ring.press("Join", CLEO)

    assert notice == Notice("Cleo plays along, and writes after the others.")
    assert [player.name for player in (await ring.match()).players] == ["Ada", "Ben", "Cleo"]
    with pytest.raises(PlaysAlready):
        await ring.press("Join", CLEO)


async def test_written_through_a_form(ring: Ring) -> None:
    """The line that the button asks for is a sentence."""
    await ring.start()

    notice = await ring.press("Write…", ADA, text="The king slept.")

    assert notice == Notice("Your sentence is in the text.")
    assert len((await ring.match()).sentences) == 2


async def test_reply(ring: Ring) -> None:
    """A reply to the relay's message is a sentence, also where that has become an older one without buttons."""
    await ring.start()
    first = ring.newest.id
    told = await ring.games.reply(first, "The king slept.", ADA, LOBBY)
    await ring.games.settled()

    again = await ring.games.reply(first, "The queen came.", BEN, LOBBY)

    assert told == again == "Your sentence is in the text."
    assert await ring.games.reply("nothing of ours", "Hello.", BEN, LOBBY) is None


async def test_leave(ring: Ring) -> None:
    """Whose turn it is may leave; the next one has all the time. Without anybody the relay waits for who joins."""
    await ring.start()
    await ring.wait(30)

    await ring.act("leave", ADA)

    assert (await ring.match()).deadline == ring.clock.now() + timedelta(seconds=60)
    await ring.act("leave", BEN)
    await ring.wait(4)
    assert "nobody plays" in ring.newest.text
    await ring.act("join", CLEO)
    await ring.wait(4)
    assert "It is Cleo's turn" in ring.newest.text


async def test_skip(ring: Ring) -> None:
    """Whose turn it is may pass it on, as may who started it and admins; nobody else."""
    await ring.start()
    with pytest.raises(NotYourGame):
        await ring.act("skip", BEN)

    await ring.act("skip", ADA)
    await ring.act("skip", BEN)

    assert (await ring.match()).paused


async def test_stop(ring: Ring) -> None:
    """Who started it or an admin ends it; the whole is shown, nothing can be pressed, and the audit knows."""
    await ring.start("Once.")
    with pytest.raises(NotYourGame):
        await ring.act("stop", BEN)

    assert await ring.act("stop", ADMIN) == "The relay was ended."

    assert ring.newest.text == "Once.\n\nThe end.\n/relay export gives the whole text as a file."
    assert all(not said.message.buttons for said in ring.platform.said)
    assert [entry.action for entry in await ring.database.read(partial(audit.entries, place=LOBBY.key))] == [
        "relay stop"
    ]
    with pytest.raises(NoGameRuns):
        await ring.act("join", CLEO)


async def test_number_of_sentences(ring: Ring) -> None:
    """The relay ends with its last sentence, whoever writes it."""
    await ring.start(most=3)
    await ring.act("write", ADA, "The king slept.")

    await ring.act("write", BEN, "The soup was hot.")

    assert ring.newest.text.startswith("The king slept. He dreamt of soup. The soup was hot.\n\nThe end.")
    assert "Written by Ada, Ben and a language model." in ring.newest.text


async def test_model_ends_the_text(ring: Ring) -> None:
    """Where the model ends its text, the relay is over."""
    await ring.start("The queen came. She rang a bell.")

    await ring.act("write", ADA, "The bell broke.")

    match = await ring.match()
    assert match.ended
    assert "The end." in ring.newest.text


async def test_model_fails(ring: Ring) -> None:
    """Where the model fails, the relay is paused and says why; its turn can be tried again, or skipped."""
    await ring.start()

    await ring.act("write", ADA, "thunder.")
    await ring.wait(4)

    assert "The relay is paused. The model tales failed to answer. Press the button" in ring.newest.text
    with pytest.raises(ModelsTurn):
        await ring.act("write", BEN, "Hello.")
    await ring.press("Go on", BEN)
    assert (await ring.match()).paused
    await ring.act("skip", ADA)
    assert "It is Ben's turn" in ring.newest.text


async def test_one_a_place(ring: Ring) -> None:
    """A place has one relay at a time; a game that is over leaves room for another."""
    await ring.start()

    with pytest.raises(GameRuns):
        await ring.start()
    await ring.act("stop", ADA)
    await ring.start("Again.")

    assert ring.newest.text.startswith("Again.")


async def test_other_places(ring: Ring) -> None:
    """A button means nothing in another place, and nothing once its game is over."""
    await ring.start()
    play = actions.play(ring.newest.message.buttons[0].action)
    assert play is not None

    with pytest.raises(UserError, match="another place"):
        await ring.games.press(play, CLEO, CELLAR)
    await ring.act("stop", ADA)
    with pytest.raises(GameOver):
        await ring.games.press(play, CLEO, LOBBY)


async def test_twice(ring: Ring) -> None:
    """What comes in twice is written once."""
    await ring.start()
    item = await ring.database.write(
        partial(inbox.receive, platform="web", update="1", payload={}, at=ring.clock.now())
    )

    await ring.act("write", ADA, "The king slept.", origin=item)
    told = await ring.act("write", ADA, "The king slept.", origin=item)

    assert told == "This was done already."
    assert len((await ring.match()).sentences) == 2


async def test_restart_in_the_middle_of_a_turn(ring: Ring) -> None:
    """A turn goes on for ten seconds at least, on a message of its own; the old one can still be pressed."""
    await ring.start()
    first = ring.newest
    button = first.message.buttons[0]

    await ring.restart(after=3600)

    assert ring.newest.id != first.id
    assert "It is Ada's turn until 13:00:10" in ring.newest.text
    assert first.text == "The relay goes on below."
    play = actions.play(button.action)
    assert play is not None
    await ring.games.press(play, CLEO, LOBBY)
    await ring.wait(10)
    assert (await ring.match()).turn == 1


async def test_restart_in_a_pause(ring: Ring) -> None:
    """A paused relay stays paused on its old message."""
    await ring.start()
    await ring.wait(60)
    await ring.wait(60)
    posts = len(ring.platform.said)

    await ring.restart(after=3600)

    assert len(ring.platform.said) == posts
    await ring.press("Go on", ADA)
    await ring.wait(4)
    assert "It is Ada's turn" in ring.newest.text


async def test_killed_before_the_model_wrote(ring: Ring) -> None:
    """A sentence that was stored is answered by the model after the restart, with the same seed."""
    await ring.start()
    await ring.games.close()
    ring.games = ring.opened()
    await ring.games.act(RELAY, LOBBY, "write", ADA, text="The king slept.")

    await ring.restart()

    match = await ring.match()
    assert match.text == "The king slept. He dreamt of soup."
    assert match.sentences[1].seed == 8
    assert "It is Ben's turn" in ring.newest.text


async def test_killed_before_the_end_was_shown(ring: Ring) -> None:
    """The end of a relay is shown after the restart, and then never again."""
    await ring.start("Once.")
    await ring.games.close()
    ring.games = ring.opened()
    await ring.games.act(RELAY, LOBBY, "stop", ADA)

    await ring.restart()
    posts = len(ring.platform.said)
    await ring.restart()

    assert "The end." in ring.newest.text
    assert len(ring.platform.said) == posts


async def test_platform_down(ring: Ring) -> None:
    """While the platform takes nothing, moves are stored; it is shown as soon as it can be."""
    await ring.start()
    ring.platform.broken = ConnectionError("down")
    await ring.act("write", ADA, "The king slept.")

    ring.platform.broken = None
    for _ in range(8):
        await ring.wait(60)

    assert (await ring.match()).text.startswith("The king slept. He dreamt of soup.")
    assert ring.newest.text.startswith("The king slept. He dreamt of soup.")


async def test_deleted_message(ring: Ring) -> None:
    """A message that somebody deleted is posted again."""
    await ring.start()
    gone = ring.newest
    ring.platform.said.remove(gone)

    ring.games.repost(LOBBY, gone.id)
    await ring.games.settled()

    assert "It is Ada's turn" in ring.newest.text


async def test_a_message_that_keeps_being_deleted(ring: Ring) -> None:
    """Where somebody, or something, deletes each message at once, they are posted ten seconds apart."""
    await ring.start(players=(ADA,))
    before = len(ring.platform.said)

    for _ in range(5):
        ring.platform.delete(ring.newest)
        ring.games.repost(LOBBY, ring.newest.id)
        await ring.games.settled()

    assert len(ring.platform.said) == before + 1
    await ring.wait(10)
    assert len(ring.platform.said) == before + 2


async def test_silenced(ring: Ring) -> None:
    """Where the bot may not write any more, one warning says so, and the game is shown once it may again."""
    await ring.start()
    ring.platform.broken = MayNotWrite()
    with capture_logs() as warnings:
        await ring.act("write", ADA, "The king slept.")
        for _ in range(3):
            ring.games.look_again(LOBBY)
            await ring.games.settled()
    ring.platform.broken = None

    ring.games.look_again(LOBBY)
    await ring.games.settled()

    told = [line for line in warnings if line["log_level"] == "warning"]
    assert [line["event"] for line in told] == ["a game may not be shown"]
    assert ring.newest.text.startswith("The king slept. He dreamt of soup.")


async def test_an_end_that_may_not_be_shown(ring: Ring) -> None:
    """A game that ends where the bot may not write is over all the same, also for the next process."""
    await ring.start()
    ring.platform.broken = MayNotWrite()

    await ring.act("stop", ADA)

    assert ring.games.running_on("web") == 0
    assert await ring.database.read(games.unfinished) == []


@pytest.mark.parametrize("form", ["md", "json", "html"])
async def test_export(ring: Ring, form: Any) -> None:
    """The whole text is had as a file, while it runs and afterwards."""
    with pytest.raises(NoGameYet):
        await ring.games.export(RELAY, LOBBY, form)
    await ring.start()
    await ring.act("write", ADA, "The king slept.")

    message = await ring.games.export(RELAY, LOBBY, form)

    (file,) = message.attachments
    assert file.name.endswith(form)
    assert "He dreamt of soup." in file.data.decode()


async def test_summary(ring: Ring) -> None:
    """One sentence tells how a relay stands."""
    await ring.start()

    assert await ring.games.summaries(LOBBY) == ["A relay is running here; it is Ada's turn."]


async def test_names_do_not_ping_or_break(ring: Ring) -> None:
    """A name is shown short and on one line."""
    await ring.start(players=(ADA, Person("web", "x", "A\n" + "b" * 80)))

    await ring.wait(60)

    assert "It is A⏎bbbbbbbbbbbbbbbbbbbbb…'s turn" in ring.newest.text


@pytest.fixture
def pace() -> Pace:
    """Lets the model go step by step."""
    return Pace()


@pytest.fixture
async def slow(database: Database, platform: FakePlatform, pace: Pace) -> AsyncIterator[Ring]:
    """A lobby whose model takes its time; Ada has written."""
    generator = ScriptedGenerator(SCRIPT, pace=pace)
    ring = Ring(database, generator, platform, FakeClock())
    await ring.start()
    await ring.games.act(RELAY, LOBBY, "write", ADA, text="The king slept.")
    yield ring
    await ring.games.close()
    await generator.close()


async def until(ring: Ring, words: str, *, passing: float = 0) -> None:
    """Returns once the newest message has these words; so many seconds pass with each look at it."""
    async with asyncio.timeout(10):
        while words not in ring.newest.text:
            ring.clock.advance(passing)
            await asyncio.sleep(0.005)


async def test_slow_model(slow: Ring, pace: Pace) -> None:
    """While a model takes its time, the message says that it writes, and people can join meanwhile."""
    await until(slow, "The model is writing…", passing=1)
    assert [button.label for button in slow.newest.message.buttons] == ["Join"]

    await slow.games.act(RELAY, LOBBY, "join", CLEO)
    pace.free()

    await until(slow, "It is Ben's turn")
    match = await slow.match()
    assert match.text == "The king slept. He dreamt of soup."
    assert [player.name for player in match.players] == ["Ada", "Ben", "Cleo"]


async def test_stopped_while_the_model_writes(slow: Ring) -> None:
    """A relay that is stopped ends at once; nobody waits for the model."""
    await slow.games.act(RELAY, LOBBY, "stop", ADA)

    await until(slow, "The end.")
    assert (await slow.match()).text == "The king slept."


async def test_skipped_while_the_model_writes(slow: Ring, pace: Pace) -> None:
    """Where the model's turn is skipped, its sentence comes too late."""
    await slow.games.act(RELAY, LOBBY, "skip", ADA)
    await until(slow, "It is Ben's turn")

    pace.free()
    await slow.games.settled()

    assert (await slow.match()).text == "The king slept."
