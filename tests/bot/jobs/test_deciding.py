"""Who may have what trained, what waits for what, and what becomes of the result."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bot.app import Bot
from bot.collecting import Heard
from bot.conversation import Person, Place
from bot.jobs import estimates
from bot.jobs.actions import Press
from bot.jobs.errors import TooSmallMachine
from generators.training.sealed import read_sealed
from storage import channel_models, jobs
from storage.vault import Vault
from tests.bot.conftest import ADA, BEN, LOBBY, Say
from tests.bot.consent.conftest import HALL, labelled
from tests.bot.jobs.conftest import KEY, START, Chat, asked, directory_of, has_directories, until
from tests.bot.lineage import learn
from tests.fakes.clock import FakeClock
from tests.fakes.disk import full
from tests.fakes.platform import FakePlatform
from tests.fakes.training import FakeRunner

FAILURES = ("no_room", "host_full", "no_memory", "diverged", "no_text", "refused", "cancelled", "fault")


class Asked(FakePlatform):
    """A platform that can be asked who is an admin.

    Attributes:
        admins: ids of people.
    """

    def __init__(self) -> None:
        super().__init__(edit_seconds=0.0)
        self.admins = {"Ada"}

    async def administers(self, person: str, place: Place) -> bool:
        """Whether they are among them."""
        return person in self.admins


@pytest.fixture
def platform() -> Asked:
    return Asked()


@pytest.fixture
def runner() -> FakeRunner:
    """Carries nothing out by itself."""
    return FakeRunner()


async def begin(bot: Bot, say: Say, runner: FakeRunner, place: Place = LOBBY) -> None:
    """A training that runs."""
    (said,) = await say("/train start", place=place)
    before = len(runner.started)
    await bot.press(labelled(said, START), person=ADA, place=place)
    await until(lambda: len(runner.started) > before)


class TestAsking:
    """/train start."""

    async def test_what_it_would_be(self, say: Say, chat: Chat) -> None:
        """Nothing begins before somebody has seen what there is to learn from and what it takes."""
        await chat()

        said = await asked(say, "/train start epochs=3")

        assert "from 2 people; 80 messages." in said.text
        assert "It goes on from tiny, at most 3 times over the text. That takes about 1 min" in said.text
        assert [button.label for button in said.buttons] == [START, "Never mind"]

    async def test_one_voice(self, bot: Bot, say: Say, chat: Chat, clock: FakeClock) -> None:
        """Where all messages are one person's, the question says what the model would be."""
        warning = "All messages are one person's: the model would write like that person."
        await chat()
        of_two = await asked(say)
        await bot.consents.withdraw(BEN, LOBBY)
        for number in range(50):
            clock.advance(1)
            await bot.collecting.heard(Heard(ADA, LOBBY, f"n{number}", f"she counts {number} ships", clock.now()))

        of_one = await asked(say)

        assert warning not in of_two.text
        assert warning in of_one.text
        assert of_one.buttons

    async def test_admins_only(self, bot: Bot, say: Say, chat: Chat, platform: Asked) -> None:
        """Only admins ask, and only admins press; who was one when it was asked is looked at again."""
        await chat()
        (refused,) = await say("/train start", BEN)
        said = await asked(say)

        pressed = await bot.press(labelled(said, START), person=BEN, place=LOBBY)
        platform.admins.clear()
        later = await bot.press(labelled(said, START), person=replace(ADA, admin=False), place=LOBBY)

        assert refused.text == "Only an admin of this place can do this with /train start."
        assert pressed.text == later.text == "Only an admin of this channel can decide about its trainings."

    async def test_no_text(self, say: Say) -> None:
        """Where nobody gave anything, that is said with what helps."""
        said = await asked(say)

        assert said.text.startswith("There is no text to learn from here yet")
        assert "/train upload takes a file" in said.text

    async def test_a_lost_file(self, bot: Bot, say: Say, chat: Chat, home: Path) -> None:
        """A file whose key is gone is left out, as the question says; where it is all there is, that is said alone."""
        bot.uploads.keep(LOBBY.key, "tales.txt", b"a marvellous lamp\n")
        next((home / "uploads").rglob("tales.txt.key")).unlink()
        lost = "tales.txt cannot be read any more, as its key is gone"

        alone = await asked(say)
        await chat()
        beside = await asked(say)
        unasked = await asked(say, "/train start sources=channel_log")

        assert alone.text.startswith(lost)
        assert lost in beside.text
        assert beside.buttons
        assert lost not in unasked.text

    async def test_unknown_source(self, say: Say, chat: Chat) -> None:
        """A source that there is none of is named."""
        await chat()

        said = await asked(say, "/train start sources=channel_log,diary")

        assert said.text == "There is no source diary; there are file, submission, channel_log."

    async def test_another_channels_button(self, bot: Bot, say: Say, chat: Chat) -> None:
        """A button of one channel does nothing in another."""
        await chat()
        said = await asked(say)

        told = await bot.press(labelled(said, START), person=ADA, place=HALL)

        assert told.text.startswith("This is not open any more")

    async def test_no_room(self, say: Say, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
        """A disk with too little room is told of before anything begins."""
        await chat()
        monkeypatch.setattr(estimates, "SPARE", 1 << 60)

        said = await asked(say)

        assert said.text.startswith("There is no room for a training on the bot's disk")


class TestTwoAtOnce:
    """Trainings beside each other."""

    async def test_one_for_a_channel(self, bot: Bot, say: Say, chat: Chat, runner: FakeRunner) -> None:
        """Two questions may be open; of two presses at once one begins a training, and a second start is refused."""
        await chat()
        one, two = await asked(say), await asked(say)

        told = await asyncio.gather(
            *(bot.press(labelled(said, START), person=ADA, place=LOBBY) for said in (one, two, one))
        )
        await until(lambda: runner.started)

        assert sorted(notice.text[:20] for notice in told)[-1] == "The training begins."
        assert sum(notice.text == "The training begins." for notice in told) == 1
        (refused,) = await say("/train start")
        assert refused.text.startswith("A training for this channel is under way already")
        assert len(runner.started) == 1

    async def test_a_queue(self, bot: Bot, say: Say, chat: Chat, runner: FakeRunner) -> None:
        """Another channel's training waits for its turn, which comes when the first one is over."""
        await chat()
        await chat(HALL)
        await begin(bot, say, runner)
        (said,) = await say("/train start", place=HALL)

        told = await bot.press(labelled(said, START), person=ADA, place=HALL)
        assert told.text == "The training waits: 1 in the queue."
        assert said.text == "The training of web-hall waits; it is the next one."
        runner.finish(after=2.0)
        await until(lambda: len(runner.started) == 2)

        (refused,) = await say("/train status", BEN, place=HALL)
        (status,) = await say("/train status", place=HALL)
        assert refused.text == "Only an admin of this place can do this with /train status."
        assert status.text.startswith("The training of web-hall")


class TestTheResult:
    """What becomes of what was made."""

    async def test_better(self, bot: Bot, home: Path, say: Say, chat: Chat, runner: FakeRunner) -> None:
        """What is better on text that neither has seen goes into use."""
        await chat()
        await begin(bot, say, runner)

        runner.finish(after=2.0)
        await bot.jobs.settled()

        assert (await bot.settings.get(LOBBY)).model == "web-lobby@abc"
        assert not has_directories(home)
        (job,) = await bot.database.read(partial(jobs.of_place, place="web:lobby"))
        assert ADA.key not in str(job.facts)

    async def test_shown_after_a_crash(
        self, bot: Bot, say: Say, chat: Chat, runner: FakeRunner, platform: Asked
    ) -> None:
        """A platform that fails at the end loses nothing but the sight of it: the result is in use all the same."""
        await chat()
        await begin(bot, say, runner)

        platform.broken = RuntimeError("the platform's own")
        runner.finish(after=2.0)
        await bot.jobs.settled()

        job = (await bot.database.read(partial(jobs.of_place, place="web:lobby")))[0]
        assert job.state == "done"
        assert "hello there" not in str(job.facts)
        assert (await bot.settings.get(LOBBY)).model == "web-lobby@abc"

    async def test_whose_the_base_is(self, bot: Bot, home: Path, say: Say, chat: Chat, runner: FakeRunner) -> None:
        """A model has learnt from those whose text its base has learnt from."""
        await chat()
        await learn(bot, LOBBY, "base", people=["web:Cleo"])
        (said,) = await say("/train start base=web-lobby")
        await bot.press(labelled(said, START), person=ADA, place=LOBBY)
        await until(lambda: runner.started)

        runner.finish(after=2.0)
        await bot.jobs.settled()
        query = partial(channel_models.learners_of, model="web-lobby", version="abc")

        assert ("web:Cleo", "web:lobby") in await bot.database.read(query)

    async def test_forgotten_meanwhile(
        self, bot: Bot, clock: FakeClock, home: Path, say: Say, chat: Chat, runner: FakeRunner
    ) -> None:
        """A training that another process has cancelled is ended within a minute, and its text deleted."""
        await chat()
        await begin(bot, say, runner)
        job = directory_of(home).path.name

        await bot.database.write(partial(jobs.change, id=job, from_states=("running",), state="cancelled"))
        clock.advance(61)
        await until(lambda: not has_directories(home))

        assert not runner.alive

    async def test_cancelled_at_its_end(self, bot: Bot, say: Say, chat: Chat, runner: FakeRunner, home: Path) -> None:
        """What a training made that was cancelled at that very moment is kept by nobody who could write with it."""
        await chat()
        await begin(bot, say, runner)
        job = directory_of(home).path.name

        await bot.database.write(partial(jobs.change, id=job, from_states=("running",), state="cancelled"))
        runner.finish(after=2.0)
        await bot.jobs.settled()

        kept = await bot.database.read(partial(channel_models.get, model="web-lobby", version="abc"))
        assert kept is not None
        assert kept.tainted is not None
        assert (await bot.settings.get(LOBBY)).model is None

    async def test_another_key(
        self, bot: Bot, home: Path, say: Say, chat: Chat, runner: FakeRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the vault has another key when a killed training goes on, its text is gathered anew."""
        await chat()
        await begin(bot, say, runner)
        directory = directory_of(home)
        before = directory.corpus.read_bytes()

        monkeypatch.setattr(bot, "vault", Vault.of(f"new words, {KEY}"))
        runner.kill()
        await until(lambda: runner.started[directory.path.name] == 2)

        key = bot.vault.derived(f"corpus of job {directory.path.name}")
        assert directory.corpus.read_bytes() != before
        assert list(read_sealed(directory.corpus, key))

    async def test_worse(self, bot: Bot, say: Say, chat: Chat, runner: FakeRunner, platform: Asked) -> None:
        """What is worse is kept, and an admin can use it anyway."""
        await chat()
        await begin(bot, say, runner)

        runner.finish(after=5.0)
        await bot.jobs.settled()

        assert (await bot.settings.get(LOBBY)).model is None
        (button,) = platform.newest(LOBBY).buttons
        assert button.label == "Use it anyway"

    async def test_what_has_become_of_it(
        self, bot: Bot, say: Say, chat: Chat, runner: FakeRunner, platform: Asked
    ) -> None:
        """The message of a training says what its version does by now, and offers nothing that was done already."""
        await chat()
        await begin(bot, say, runner)
        runner.finish(after=5.0)
        await bot.jobs.settled()
        told = platform.newest(LOBBY)
        steps = len(told.before)

        await bot.press(labelled(told, "Use it anyway"), person=ADA, place=LOBBY)
        await bot.lineages.settled()
        used = told.message
        await say("/models rollback")
        await bot.lineages.settled()
        left = told.message
        await say("/models remove web-lobby@abc")
        await bot.lineages.settled()

        head = (
            "The training of web-lobby is over.\nOn the newest text, which it has not seen: 5.00 bits per character, "
        )
        assert used.text.startswith(head)
        assert used.text.endswith("\nweb-lobby@abc writes here now.")
        assert left.text.endswith("\nweb-lobby@abc does not write here any more.")
        assert told.text.endswith("\nweb-lobby@abc is removed.")
        assert not used.buttons + left.buttons + told.buttons
        assert len(told.before) == steps + 3

    async def test_a_better_one_later(
        self, bot: Bot, say: Say, chat: Chat, runner: FakeRunner, platform: Asked
    ) -> None:
        """Where a newer version comes to write, the older one's message says that; the newer one's stays as it ends."""
        await chat()
        for version, bits in (("abc", 3.0), ("def", 2.0)):
            await begin(bot, say, runner)
            runner.finish(after=bits, before=4.0, version=version)
            await bot.jobs.settled()
            await bot.lineages.settled()

        older, newer = (said for said in platform.of(LOBBY) if "is over" in said.text)

        assert older.text.endswith("\nweb-lobby@abc does not write here any more.")
        assert not older.buttons
        assert "web-lobby@def writes here now: 2.00 bits" in newer.text
        assert [button.label for button in newer.buttons] == ["Roll back"]
        assert "web-lobby@def writes here now." not in [said.text.rpartition("\n")[2] for said in newer.before]

    async def test_an_admin_no_longer(
        self, bot: Bot, say: Say, chat: Chat, runner: FakeRunner, platform: Asked
    ) -> None:
        """Where who began it has lost the role meanwhile, nothing goes into use before an admin says so."""
        await chat()
        await begin(bot, say, runner)

        platform.admins.clear()
        runner.finish(after=2.0)
        await bot.jobs.settled()

        assert (await bot.settings.get(LOBBY)).model is None
        assert "is no admin of this place any more" in platform.newest(LOBBY).text

    @pytest.mark.parametrize(("left", "model"), [("Ada", None), ("Cleo", "web-lobby@abc")])
    async def test_who_answers_for_it(
        self, bot: Bot, say: Say, chat: Chat, runner: FakeRunner, platform: Asked, left: str, model: str | None
    ) -> None:
        """Whose rights count in the end is who pressed the button, and not who typed the line."""
        await chat()
        (said,) = await say("/train start", Person("web", "Cleo", "Cleo", admin=True))
        await bot.press(labelled(said, START), person=ADA, place=LOBBY)
        await until(lambda: runner.started)

        platform.admins = {"Ada", "Cleo"} - {left}
        runner.finish(after=2.0)
        await bot.jobs.settled()

        assert (await bot.settings.get(LOBBY)).model == model

    async def test_killed_twice(self, bot: Bot, home: Path, say: Say, chat: Chat, runner: FakeRunner) -> None:
        """What is ended from outside goes on once; where it gets no further it ends in one sentence."""
        await chat()
        await begin(bot, say, runner)
        name = directory_of(home).path.name

        runner.kill()
        await until(lambda: runner.started[name] == 2)
        runner.kill()
        await bot.jobs.settled()

        (status,) = await say("/train status")
        assert status.text.startswith("No training is waiting or running here")
        assert not has_directories(home)

    @pytest.mark.parametrize("reason", FAILURES)
    async def test_fails(
        self, bot: Bot, say: Say, chat: Chat, runner: FakeRunner, platform: Asked, reason: str
    ) -> None:
        """However it fails, that is one sentence, and what wrote before still writes."""
        await chat()
        await begin(bot, say, runner)

        runner.fail(reason)
        await bot.jobs.settled()

        assert platform.newest(LOBBY).text.startswith("The training ended")
        assert "still writes" in platform.newest(LOBBY).text
        assert "It cannot be" not in platform.newest(LOBBY).text  # English, whatever the channel speaks

    async def test_a_full_disk_before(self, bot: Bot, home: Path, say: Say, chat: Chat, runner: FakeRunner) -> None:
        """A disk that is full before a training is told as that, and as no fault of ours."""
        await chat()
        said = await asked(say)
        full(home / "jobs" / labelled(said, START).rpartition(":")[2] / "plan.json")

        await bot.press(labelled(said, START), person=ADA, place=LOBBY)
        await bot.jobs.settled()

        assert said.text == "The training ended: the bot's disk is full. The model that wrote here before still writes."
        assert not runner.started

    async def test_a_full_disk_after(self, bot: Bot, home: Path, say: Say, chat: Chat, runner: FakeRunner) -> None:
        """So is one that has no room for what was made."""
        await chat()
        said = await asked(say)
        await bot.press(labelled(said, START), person=ADA, place=LOBBY)
        await until(lambda: runner.started)

        full(home / "models" / "web-lobby" / "planchette.json")
        runner.finish(after=2.0)
        await bot.jobs.settled()

        assert said.text == "The training ended: the bot's disk is full. The model that wrote here before still writes."
        assert (await bot.settings.get(LOBBY)).model is None

    async def test_asks_for_the_gpu(self, bot: Bot, home: Path, say: Say, chat: Chat, runner: FakeRunner) -> None:
        """While somebody writes, trainings are asked to wait; and not any more afterwards."""
        await chat()
        await begin(bot, say, runner)
        directory = directory_of(home)

        with bot.writing():
            await until(directory.is_asked_to_wait)
        await until(lambda: not directory.is_asked_to_wait())


def test_actions() -> None:
    """Buttons fit into what platforms send back."""
    assert len(str(Press("cancel", "0123456789ab")).encode()) <= 64


def test_small_machine() -> None:
    """A GPT-2 is refused where there are less than 3 GB; a char-RNN is not."""
    estimates.check_machine("titles", "charrnn", memory=1_000_000_000)

    with pytest.raises(TooSmallMachine) as raised:
        estimates.check_machine("gpt2", "gpt2", memory=2_000_000_000)

    assert "it has 2.0 GB of memory, and 3 GB are needed" in str(raised.value)
