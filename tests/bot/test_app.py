"""The bot as adapters use it: from a line to its answer, whatever goes wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from bot.app import Bot
from bot.commands.declaration import command, per_person, per_place
from bot.commands.invocation import Invocation
from bot.configuration import Configuration, ModelKeys, load_configuration
from bot.conversation import Message, Person, Place
from generators.errors import UnknownModel
from generators.scripted import Pace, Script, ScriptedGenerator
from storage import inbox
from storage.errors import DatabaseFull
from tests.bot.conftest import ADA, BEN, LOBBY, THREAD, Say, Ticks
from tests.fakes.platform import FakePlatform
from tests.patience import PATIENCE


class Hearing(FakePlatform):
    """Tells when something was posted."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        posted = await super().post(place, message, private_for=private_for, reply_to=reply_to)
        self.heard.set()
        return posted


async def received(bot: Bot, text: str) -> int:
    item = await bot.database.write(
        partial(inbox.receive, platform="web", update="1", payload={"text": text}, at=bot.started)
    )
    assert item is not None
    return item


async def pending(bot: Bot) -> int:
    return len(await bot.database.read(partial(inbox.pending, platform="web")))


@pytest.mark.parametrize("line", ["hello", " /generate x", ""])
async def test_no_command(bot: Bot, platform: FakePlatform, line: str) -> None:
    """What does not begin with a slash is nothing to the bot."""
    assert not await bot.invoke(line, person=ADA, place=LOBBY)

    assert platform.said == []


async def test_errors_are_private(say: Say) -> None:
    """What went wrong is told to the person alone."""
    (said,) = await say("/generat x", BEN)

    assert said.text == "There is no command /generat. Did you mean /generate?"
    assert said.private_for == BEN


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/generate " + "x" * 20_001, "The prompt has 20,001 characters; at most 20,000 fit, so shorten it."),
        ("/generate a\0b", "The line has a NUL character in it; leave it out."),
        ("/models use \ud800", "The line has half a character in it (a lone surrogate); type that character anew."),
        ("/settings \u202egnirts", "The line has invisible characters in it that turn the direction of writing;"),
        ("/generate model=scriptd x", "There is no model scriptd. Did you mean scripted?"),
        ("/generate temperature=nan x", "temperature cannot be nan; it has to be a number from 0 to 5."),
        ("/generate label=poem x", "No model here has labels; ask without the label poem."),
    ],
)
async def test_bad_input(say: Say, line: str, expected: str) -> None:
    """Any bad input gets one private sentence."""
    (said,) = await say(line)

    assert said.text.startswith(expected)
    assert "\n" not in said.text
    assert said.private_for == ADA


async def test_fault_of_ours(bot: Bot, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is one sentence with the number under which it is logged."""

    async def broken(place: Place) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(bot.settings, "get", broken)

    (said,) = await say("/generate Once")

    assert said.text.startswith("Something went wrong on our side. Tell whoever runs the bot this number: ")
    assert said.private_for == ADA


async def test_storage_fault(bot: Bot, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database refuses is its own sentence."""

    async def full(*_: object) -> None:
        raise DatabaseFull("planchette.db")

    monkeypatch.setattr(bot.database, "write", full)

    (said,) = await say("/temperature 1")

    assert said.text.startswith("The disk of the database planchette.db is full and nothing was saved;")


async def test_platform_that_is_down(bot: Bot, platform: FakePlatform) -> None:
    """Where not even the error can be told, the bot goes on."""
    platform.broken = ConnectionError("down")

    assert await bot.invoke("/status", person=ADA, place=LOBBY)


async def test_quota(say: Say, ticks: Ticks) -> None:
    """The 21st request of a minute is told how long to wait; others' requests are not touched."""
    for _ in range(20):
        await say("/status", BEN)
    ticks.now += 15

    (refused,) = await say("/status", BEN)
    (other,) = await say("/status", ADA)
    ticks.now += 45
    (later,) = await say("/status", BEN)

    assert refused.text == "That is more than 20 in 60 seconds; try again in 45 s."
    assert refused.private_for == BEN
    assert other.text.startswith("Planchette ")
    assert later.text.startswith("Planchette ")


async def test_origin_is_done(bot: Bot, say: Say) -> None:
    """What came in is dealt with once its command has ended, also where it was refused."""
    item = await received(bot, "/generat")

    await say("/generat", origin=item)

    assert await pending(bot) == 0


async def test_set_twice(bot: Bot, say: Say) -> None:
    """A line that comes in again after a crash sets nothing twice: somebody may have set another value since."""
    item = await received(bot, "/temperature 1")
    await say("/temperature 1", origin=item)
    await say("/temperature 2")

    await say("/temperature 1", origin=item)

    assert (await bot.settings.get(LOBBY)).temperature == 2


async def test_cut_short(home: Path) -> None:
    """What is being written when the process ends stays open, and is asked for again."""
    pace = Pace()
    bot = await Bot.open(load_configuration(home), generator=ScriptedGenerator(Script(), pace=pace))
    platform = Hearing()
    bot.register(platform)
    item = await received(bot, "/generate Once")
    writing = asyncio.create_task(bot.invoke("/generate Once", person=ADA, place=LOBBY, origin=item))
    pace.allow(20)  # of about a hundred steps
    await asyncio.wait_for(platform.heard.wait(), PATIENCE)

    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    assert await pending(bot) == 1
    assert bot.texts_in_hand == 0
    await bot.close()


async def test_ready(home: Path) -> None:
    """The bot is ready once its default model has written something."""
    pace = Pace()
    bot = await Bot.open(load_configuration(home), generator=ScriptedGenerator(Script(), pace=pace))
    before = bot.ready

    pace.free()
    await asyncio.wait_for(bot._warming.run(), PATIENCE)

    assert (before, bot.ready) == (False, True)
    await bot.close()


async def test_unknown_default(home: Path) -> None:
    """A default model that is not there is refused at the start, with the nearest one."""
    configuration = Configuration(home=home, models=ModelKeys(default="scriptd"))

    with pytest.raises(UnknownModel) as fault:
        await Bot.open(configuration, generator=ScriptedGenerator())

    assert fault.value.nearest == "scripted"


async def test_restart(home: Path) -> None:
    """Settings and texts are there after a restart."""
    for line in ("/temperature 0", "/generate length=5 Once", "/continue"):
        bot = await Bot.open(load_configuration(home), generator=ScriptedGenerator())
        platform = FakePlatform()
        bot.register(platform)
        await bot.resume()
        await bot.invoke(line, person=ADA, place=LOBBY)
        await bot.close()

    assert platform.said[0].text.startswith("Once upon▸ a ")


async def test_arguments_of_a_platform(bot: Bot, platform: FakePlatform) -> None:
    """A platform with options of its own hands arguments over as values."""
    command = next(command for command in bot.commands.all if command.path == "generate")

    await bot.run(command, {"prompt": "Once", "temperature": 0.0, "length": 5}, person=ADA, place=LOBBY)

    assert platform.said[0].text.startswith("Once▸ upon\n")


async def test_cooldown(bot: Bot, platform: FakePlatform, ticks: Ticks) -> None:
    """A command with a cooldown rests after its uses, for that person alone."""

    @command(cooldown=per_person(1, seconds=10))
    async def bell(invocation: Invocation) -> None:
        """Ring."""
        await invocation.answer("Ding.")

    for person, seconds in ((ADA, 0), (ADA, 3), (BEN, 0), (ADA, 7)):
        ticks.now += seconds
        await bot.run(bell, {}, person=person, place=LOBBY)

    too_often = "That is more than 1 in 10 seconds; try again in 7 s."
    assert [said.text for said in platform.said] == ["Ding.", too_often, "Ding.", "Ding."]
    assert platform.said[1].private_for == ADA


async def test_cooldown_of_a_place(bot: Bot, platform: FakePlatform, ticks: Ticks) -> None:
    """A command may rest for all persons of a channel and its threads together, and not for other places."""

    @command(place_cooldown=per_place(2, seconds=60))
    async def gong(invocation: Invocation) -> None:
        """Ring."""
        await invocation.answer("Dong.")

    channel = Place("web", "channel", guild="guild")
    for person, place in ((ADA, THREAD), (BEN, channel), (ADA, THREAD), (ADA, LOBBY)):
        await bot.run(gong, {}, person=person, place=place)

    assert [said.text for said in platform.said] == [
        "Dong.",
        "Dong.",
        "Everybody here together has asked for more than 2 in 60 seconds; try again in 60 s.",
        "Dong.",
    ]


async def test_a_place_that_rests_takes_nothing_from_a_person(bot: Bot, platform: FakePlatform, ticks: Ticks) -> None:
    """Whoever is refused because the place rests has used nothing up."""

    @command(cooldown=per_person(1, seconds=60), place_cooldown=per_place(1, seconds=10))
    async def horn(invocation: Invocation) -> None:
        """Blow."""
        await invocation.answer("Toot.")

    for person, seconds in ((ADA, 0), (BEN, 0), (BEN, 10)):
        ticks.now += seconds
        await bot.run(horn, {}, person=person, place=LOBBY)

    assert [said.private_for for said in platform.said] == [None, BEN, None]


async def test_cooldown_of_texts(bot: Bot, say: Say, ticks: Ticks) -> None:
    """A person may ask for five texts in ten seconds."""
    for _ in range(5):
        await say("/generate length=3 Once")

    (refused,) = await say("/generate length=3 Once")

    assert refused.text == "That is more than 5 in 10 seconds; try again in 10 s."
    ticks.now += 10
    (written,) = await say("/generate length=3 Once")
    assert written.text.startswith("Once▸")


async def test_press_on_nothing(bot: Bot) -> None:
    """A button that means nothing is told so."""
    notice = await bot.press("x", person=ADA, place=LOBBY)

    assert notice.text == "This button means nothing here; press one below a ballot."


def test_light() -> None:
    """The bot imports neither torch nor transformers."""
    script = "import bot.app, sys; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
