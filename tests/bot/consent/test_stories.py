"""Stories that all who wrote them give."""

from __future__ import annotations

from bot.app import Bot
from bot.conversation import Person
from tests.bot.conftest import ADA, BEN, LOBBY, Say
from tests.bot.consent.conftest import AGREE, CLEO, WITHDRAW, Press, kept, tainted, trained, usable
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform


async def written(bot: Bot, say: Say, platform: FakePlatform, clock: FakeClock, *people: Person) -> None:
    """A story that Ada began, in which each of these people has a word of their own, and that is over."""
    await say("/story start Once upon")
    await bot.tables.settled()
    for number, person in enumerate(people):
        await say(f"/story write word{number}", person)
        clock.advance(61)
        await bot.tables.settled()
    await say("/story stop")
    await bot.tables.settled()


async def agree(say: Say, press: Press, *people: Person) -> None:
    """Each of these people agrees to give texts."""
    for person in people:
        (asked,) = await say("/story teach", person)
        await press(asked, AGREE, person)


async def test_all_who_wrote(bot: Bot, say: Say, press: Press, platform: FakePlatform, clock: FakeClock) -> None:
    """The model may learn from a story once whoever began it and all who have words in it give it."""
    await written(bot, say, platform, clock, BEN)
    await agree(say, press, ADA, BEN)

    (first,) = await say("/story teach", ADA)
    between = [text for text in await usable(bot) if text]
    (second,) = await say("/story teach", BEN)

    texts = {text for text in await usable(bot) if text}
    assert "once one more writer does" in first.text
    assert between == []
    assert second.text.startswith("All who wrote this story give it")
    assert len(texts) == 1
    assert all(text.startswith("Once upon") and "word0" in text for text in texts)


async def test_one_withdraws(bot: Bot, say: Say, press: Press, platform: FakePlatform, clock: FakeClock) -> None:
    """Who withdraws takes the story along, for the others too, and the models that learned from it."""
    await written(bot, say, platform, clock, BEN)
    await agree(say, press, ADA, BEN)
    for person in (ADA, BEN):
        await say("/story teach", person)
    await trained(bot, "ours", ADA, BEN)
    (shown,) = await say("/privacy", BEN)

    told = await press(shown, WITHDRAW, BEN)

    assert told.text == (
        "Your consent is withdrawn, and one text is deleted.\n"
        "One version of a model learned from them; it is out of use until it is trained without them."
    )
    assert await kept(bot) == []
    assert await tainted(bot, "ours")


async def test_nobody_else(bot: Bot, say: Say, press: Press, platform: FakePlatform, clock: FakeClock) -> None:
    """Who only looked on cannot give a story, nor can anybody give one that goes on."""
    await written(bot, say, platform, clock)
    (refused,) = await say("/story teach", CLEO)
    await say("/story start Twice upon")
    await bot.tables.settled()

    (early,) = await say("/story teach", ADA)

    assert refused.text == "Only who began this story, or has words of their own in it, can give it."
    assert early.text == "This story goes on; give it when it is over."
    assert await kept(bot, LOBBY) == []
