"""A channel's own voice on every platform, from the first message that it may learn from to the roll back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from itertools import product
from typing import Final, NamedTuple

import pytest

from storage import posts
from tests.fakes.models import save_tiny
from tests.suite.stage import ADA, BEN, CLEO, Seen, Stage
from tests.suite.telegram import TelegramStage

pytestmark = pytest.mark.timeout(1200)

LONG: Final = 500.0  # seconds for a training of few steps; importing torch on a busy machine takes many
BASE: Final = "tales@1"
UNHEARD: Final = "nobody has agreed to this yet"
WITHDRAW: Final = "Withdraw and delete"
LINES: Final = tuple(
    " ".join(words)
    for words in product(
        ("an old cat", "the dog", "one grey owl", "my neighbour", "nobody"),
        ("sees", "eats", "likes", "hides"),
        ("a fish in the pond", "the moon over the wood", "some milk from the shop", "every book of the library"),
    )
)


class Trained(NamedTuple):
    """A version that a training has made, and the bits per character of it and of its base on the same text."""

    name: str
    bits: float
    before: float


@pytest.fixture
async def channel(permitted: Stage) -> Stage:
    """A channel in which a model of the operator's writes that trains in seconds."""
    save_tiny(permitted.home / "models" / "tales" / "1")
    if isinstance(permitted, TelegramStage):
        permitted.telegram.can_read_all_group_messages = True
    await permitted.restart()
    await permitted.says(ADA, f"/models use {BASE}")
    await permitted.until(f"{BASE} writes here now.")
    return permitted


def writers(stage: Stage) -> Sequence[str]:
    """Who gives their messages: people who need not be admins, where there are several."""
    return (BEN, CLEO) if stage.several else (ADA,)


async def collect(stage: Stage) -> Seen:
    """An admin turns the log on, which asks everybody; what is said before anybody agrees is said for the moment."""
    await stage.says(ADA, "/log on")
    question = await stage.until("What is kept")
    await stage.attentive()
    await stage.says(writers(stage)[0], UNHEARD)
    return question


async def consent(stage: Stage, question: Seen) -> None:
    """The writers agree, each with a press, and talk; in a crowd an admin talks too, who has not agreed."""
    for person in writers(stage):
        await stage.pressed(person, question, "I agree")
    await stage.attentive()
    if stage.several:
        await stage.says(ADA, UNHEARD)
    for number, line in enumerate(LINES):
        await stage.says(writers(stage)[number % len(writers(stage))], line)
    async with asyncio.timeout(LONG):
        while await kept(stage) < len(LINES):  # noqa: ASYNC110 -- a platform tells of no end
            await asyncio.sleep(0.05)


async def dry_run(stage: Stage) -> Seen:
    """An admin asks what a training would be."""
    await stage.says(ADA, "/train start epochs=2")
    return await stage.until("what a training for this channel would be", patience=LONG)


async def train(stage: Stage, question: Seen) -> Seen:
    """An admin begins it; the message that says so ends with what has come of it."""
    await stage.pressed(ADA, question, "Start the training")
    return await stage.until(lambda seen: "is over" in seen.text or "The training ended" in seen.text, patience=LONG)


def compare(told: Seen) -> Trained:
    """What everybody is told of the new version, beside what wrote before."""
    found = re.search(r"(\S+@\S+) writes here now: ([\d.]+) bits .* tales@1 had ([\d.]+) there", told.text)
    assert found is not None, told.text
    return Trained(found[1], float(found[2]), float(found[3]))


async def use(stage: Stage, seed: int) -> str:
    """Which model has written when somebody has something written."""
    await stage.says(ADA, f"/generate seed={seed} length=3 Once")
    written = await stage.until(f"seed={seed}")
    found = re.search(r"model=(\S+)", written.text)
    assert found is not None, written.text
    return found[1]


async def withdraw(stage: Stage, person: str) -> None:
    """Somebody takes back what they have agreed to."""
    await stage.says(person, "/privacy")
    shown = await stage.until("You have agreed on", person)
    await stage.pressed(person, shown, WITHDRAW)


async def tainted(stage: Stage, model: str) -> Seen:
    """Everybody is told that a version is out of use, and it can be had by nobody."""
    told = await stage.until("somebody has withdrawn", patience=LONG)
    await stage.says(ADA, f"/generate model={model} Once")
    await stage.until("/train start makes one without it")
    return told


async def kept(stage: Stage) -> int:
    """How many messages of the channel are kept."""
    return sum(count.messages for count in await stage.bot.database.read(posts.counts))


async def cleared(stage: Stage) -> None:
    """Nothing of the training is left on the disk, at the latest soon after everybody was told how it ended."""
    async with asyncio.timeout(LONG):
        while any((stage.home / "jobs").iterdir()):  # noqa: ASYNC110 -- a directory tells of no end
            await asyncio.sleep(0.05)


async def test_a_channels_voice(channel: Stage) -> None:
    """What people consent to give becomes the model that writes there, until one withdraws, and the base is back."""
    question = await collect(channel)
    await consent(channel, question)
    draft = await dry_run(channel)
    over = await train(channel, draft)
    trained = compare(over)
    used = await use(channel, seed=1)
    await withdraw(channel, writers(channel)[0])
    told = await tainted(channel, trained.name)
    rolled_back = await use(channel, seed=2)

    people = len(writers(channel))
    assert f"from {people} {'people' if people > 1 else 'person'}; {len(LINES)} messages." in draft.text
    assert draft.buttons == ("Start the training", "Never mind")
    assert over.buttons == ("Roll back",)
    assert trained.bits < trained.before
    assert used == trained.name.partition("@")[0]
    assert f"{trained.name} has learnt from text that somebody has withdrawn" in told.text
    assert f"{BASE} writes here" in told.text
    assert told.buttons == ("Train again",)
    assert rolled_back == "tales"
    assert await kept(channel) == len(LINES) - len(LINES) // people  # what the others gave
    await cleared(channel)
