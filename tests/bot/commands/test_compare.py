"""Several models write from the same beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.conversation import Message
from bot.intake import Begun
from bot.values import Label, Models, kind_of
from generators.registry import CombinedGenerator
from generators.scripted import Cue, Script, ScriptedGenerator
from storage import inbox, texts
from tests.bot.conftest import ADA, BEN, LOBBY, Say, Ticks
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform

SCRIPTS = (
    Script(name="first", texts=("Once upon a time.",)),
    Script(name="second", texts=("Once more a fox.",), cues=(Cue(when="a broken model", after=3),)),
    Script(name="third", texts=("Once.",)),
)


@pytest.fixture
async def bot(home: Path, platform: FakePlatform, clock: FakeClock, ticks: Ticks) -> AsyncIterator[Bot]:
    """A bot with three models whose texts are foreseen."""
    generator = CombinedGenerator([ScriptedGenerator(script) for script in SCRIPTS], None)
    bot = await Bot.open(load_configuration(home), generator=generator, clock=clock, ticks=ticks)
    bot.register(platform)
    await bot.resume()
    yield bot
    await bot.close()


async def test_side_by_side(say: Say) -> None:
    """One answer has a text of each model, and what decided them all."""
    (said,) = await say("/compare models=first,second temperature=0 seed=7 Once")

    assert said.text == (
        "Once▸\n\nfirst▸ upon a time.\n\nsecond▸ more a fox.\n\n— models=first,second temperature=0 seed=7"
    )
    assert said.private_for is None


async def test_grows(say: Say) -> None:
    """The answer is there with the first model's first characters, and shows nothing of models that have not begun."""
    (said,) = await say("/compare models=first,second temperature=0 Once")

    assert said.before[0].text.startswith("Once▸\n\nfirst▸ u")
    assert "second" not in said.before[0].text


async def test_the_same_seed(say: Say) -> None:
    """All models write with one seed, and the one that an answer names writes the same again."""
    (first,) = await say("/compare models=first,second,third temperature=3 length=30 Once")

    (second,) = await say("/compare " + first.text.rpartition("— ")[2] + " Once")

    assert second.text == first.text


async def test_defaults(bot: Bot, say: Say) -> None:
    """Without names the model that writes here is compared with the first of the others, as the place has it."""
    await bot.settings.change(LOBBY, "model", "third", by=ADA)
    await bot.settings.change(LOBBY, "temperature", 0.0, by=ADA)

    (said,) = await say("/compare seed=1 length=3")

    assert said.text == "third▸Onc\n\nfirst▸Onc\n\n— models=third,first temperature=0 length=3 seed=1"


async def test_a_text_that_ends_at_once(say: Say) -> None:
    """Of a model that adds nothing it is said so, below its name."""
    (said,) = await say('/compare models="third, first" temperature=0 seed=1 Once.')

    assert "third▸\n(The model ended the text at once.)\n\nfirst▸" in said.text


@pytest.mark.parametrize("models", ["first", "first,first", ",", "a,b,c,d,e"])
async def test_how_many(say: Say, models: str) -> None:
    """Fewer than two different models, and more than four, are refused."""
    (said,) = await say(f"/compare models={models} Once")

    assert "it has to be 2 to 4 different models with commas between them." in said.text
    assert said.private_for == ADA


async def test_no_such_model(say: Say) -> None:
    """A model that is not there is told to whoever asked, before any has written."""
    (said,) = await say("/compare models=first,secnd Once")

    assert said.text == "There is no model secnd. Did you mean second?"
    assert said.private_for == ADA


async def test_broken(say: Say) -> None:
    """Where a model fails, what there is stays and says that it was broken off."""
    public, private = await say("/compare models=first,second temperature=0 a broken model Once")

    assert public.text.endswith("(The text was broken off here.)")
    assert private.private_for == ADA


async def test_each_text_counts(bot: Bot, say: Say, ticks: Ticks) -> None:
    """Each text counts towards the quota, and a comparison that does not fit is refused as a whole."""
    bot.spend(BEN, bot.configuration.quota.per_minute - 3)

    (refused,) = await say("/compare models=first,second,third,first@script Once", person=BEN)
    (said,) = await say("/compare models=first,second seed=1 Once", person=BEN)

    assert refused.private_for == BEN
    assert "try again in" in refused.text
    assert "seed=1" in said.text


async def test_only_one_model(home: Path, platform: FakePlatform, clock: FakeClock, ticks: Ticks) -> None:
    """Where there is nothing to compare with, that is said."""
    bot = await Bot.open(load_configuration(home), generator=ScriptedGenerator(SCRIPTS[0]), clock=clock, ticks=ticks)
    bot.register(platform)

    await bot.invoke("/compare Once", person=ADA, place=LOBBY)
    await bot.close()

    assert platform.said[-1].text.startswith("first is the only model here;")


async def test_last_text_stays(bot: Bot, say: Say) -> None:
    """A comparison is no text to go on with: the last one of the place stays what it was."""
    await say("/generate model=first temperature=0 length=5 Once")

    await say("/compare models=second,third Once")

    last = await bot.database.read(partial(texts.last, place=LOBBY.key))
    assert last is not None
    assert last.model == "first"


async def test_once(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """A line that was carried out is not carried out again, and its answer says the same."""
    item = await bot.database.write(partial(inbox.receive, platform="web", update="1", payload={}, at=bot.started))
    (said,) = await say("/compare models=first,second temperature=0 Once", origin=item)

    again = await say("/compare models=first,second temperature=0 Once", origin=item)

    assert again == []
    assert said.text.startswith("Once▸\n\nfirst▸ upon")


async def test_after_a_restart(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """Where the process ended in the middle, the message that stood there shows the texts of the seed of then."""
    item = await bot.database.write(partial(inbox.receive, platform="web", update="1", payload={}, at=bot.started))
    posted = await platform.post(LOBBY, Message("Once▸"))
    assert item is not None
    await bot.database.write(partial(Begun(posted, 9).note, item=item))

    again = await say("/compare models=first,second temperature=2 Once", origin=item)

    assert again == []
    assert platform.newest(LOBBY).id == posted
    assert platform.newest(LOBBY).text.endswith("— models=first,second temperature=2 seed=9")


async def test_offers(bot: Bot) -> None:
    """While somebody types, pairs with the model that writes here are offered; labels only where models have some."""
    pairs, labels = kind_of(Models).suggest, kind_of(Label).suggest

    assert pairs is not None
    assert labels is not None
    assert await pairs.offer(bot, LOBBY, "th") == ["first,third"]
    assert await labels.offer(bot, LOBBY, "") == []
