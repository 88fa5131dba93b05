"""People, messages and models for tests of what people allow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeAlias

import pytest

from bot.app import Bot
from bot.collecting import Heard
from bot.consent import Ledger, root
from bot.conversation import Notice, Person, Place
from storage import channel_models, posts
from storage.channel_models import ChannelModel
from storage.posts import Post
from tests.bot.conftest import LOBBY
from tests.fakes.clock import FakeClock
from tests.fakes.platform import Said

CLEO: Final = Person("web", "Cleo", "Cleo")
HALL: Final = Place("web", "hall")
AGREE, WITHDRAW, DELETE = "I agree", "Withdraw and delete", "Delete everything"
SOURCES: Final = ("channel_log", "submission", "import")

Press: TypeAlias = Callable[..., Awaitable[Notice]]
Write: TypeAlias = Callable[..., Awaitable[bool]]


def labelled(said: Said, label: str) -> str:
    """What the button of a message sends that says this."""
    (action,) = {button.action for button in said.message.buttons if button.label == label}
    return action


@pytest.fixture
def press(bot: Bot) -> Press:
    """Somebody presses a button by what it says."""

    async def press(said: Said, label: str, person: Person, text: str = "") -> Notice:
        return await bot.press(labelled(said, label), person=person, place=said.place, text=text)

    return press


@pytest.fixture
def write(bot: Bot, clock: FakeClock) -> Write:
    """Somebody says something in a channel, a second after whatever was before."""

    async def write(text: str, person: Person, place: Place = LOBBY) -> bool:
        clock.advance(1)
        return await bot.collecting.heard(Heard(person, place, f"m {text}", text, clock.now()))

    return write


async def kept(bot: Bot, place: Place = LOBBY) -> list[Post]:
    """All that is stored of a channel."""
    read = partial(posts.page, vault=bot.vault, place=root(place), after=None, sources=SOURCES)
    return [post for _, post in await bot.database.read(read)]


async def usable(bot: Bot, place: Place = LOBBY) -> list[str]:
    """The texts of a channel that may be learnt from now."""
    ledger: Ledger = await bot.database.read(partial(bot.consents.ledger, place=root(place)))
    return [post.text for post in await kept(bot, place) if ledger.verdict(post) == "allowed"]


async def trained(bot: Bot, name: str, *people: Person, base: str = "titles@1", place: Place = LOBBY) -> ChannelModel:
    """A version of a model that has learnt from people in a channel."""
    now = bot.clock.now()
    model = ChannelModel(name, "1", root(place), None, base, now, now)
    learnt = [(person.key, root(place)) for person in people]
    return await bot.database.write(partial(channel_models.add, model=model, learnt_from=learnt, read=now))


async def tainted(bot: Bot, name: str) -> bool:
    """Whether a version may not write any more."""
    found = await bot.database.read(partial(channel_models.get, model=name, version="1"))
    return found is not None and found.tainted is not None
