"""A relay by its commands."""

from __future__ import annotations

import pytest

from bot.app import Bot
from bot.games.relay import Relay
from tests.bot.conftest import ADA, BEN, LOBBY, Say
from tests.fakes.platform import FakePlatform


async def match(bot: Bot) -> Relay:
    (now,) = await bot.games.running(LOBBY)
    found: Relay = now.match
    return found


async def test_options(bot: Bot, say: Say) -> None:
    """Options decide the clock, the sentences and the draws; the place's own hold where they are left out."""
    await say("/settings seconds 90")
    await say("/settings temperature 0.5")
    await say("/relay start Once")
    here = await match(bot)
    await say("/relay stop")

    await say("/relay start seconds=5 sentences=0 temperature=0 Once")

    own = await match(bot)
    assert (here.seconds, here.most, here.temperature) == (90, 20, 0.5)
    assert (own.seconds, own.most, own.temperature, own.beginning) == (5, 0, 0, "Once")
    assert here.model == "scripted@script"
    assert [player.key for player in own.players] == [ADA.key]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/relay start seconds=0 Once", "seconds cannot be 0"),
        ("/relay start sentences=-1 Once", "sentences cannot be -1"),
        ("/relay start model=nobody Once", "There is no model nobody"),
        ("/relay join", "No game of /relay is running here; /relay start begins one."),
        ("/relay write Hello", "No game of /relay is running here; /relay start begins one."),
        ("/relay stop", "No game of /relay is running here; /relay start begins one."),
        ("/relay show", "There has been no game of /relay here yet; /relay start begins one."),
        ("/relay export", "There has been no game of /relay here yet; /relay start begins one."),
    ],
)
async def test_refused(say: Say, line: str, told: str) -> None:
    """What cannot be done is said privately, in one sentence that says what to do."""
    (said,) = await say(line, BEN)

    assert said.private_for == BEN
    assert said.text.startswith(told)


async def test_second_relay(bot: Bot, say: Say) -> None:
    """A place has one relay; a story may run beside it, and the status tells of both."""
    await say("/relay start Once")
    await bot.games.settled()

    (refused,) = await say("/relay start Twice")
    await say("/story start Once upon")
    await bot.tables.settled()
    (status,) = await say("/status")

    assert refused.text == "A game of /relay is running here already; /relay show shows it."
    assert "A story by scripted is running here." in status.text
    assert "A relay is running here; it is Ada's turn." in status.text


async def test_own_thread(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """A relay may have a thread of its own, in which it is played."""
    await say("/relay start thread=true Once")
    await bot.games.settled()

    (thread,) = {said.place.key for said in platform.said if said.buttons}
    assert thread != LOBBY.key
    assert await bot.games.running(LOBBY) == []


async def test_moves(bot: Bot, say: Say) -> None:
    """Joining and leaving are told to all, a sentence's acceptance to its writer alone."""
    await say("/relay start temperature=0 Once")
    await bot.games.settled()

    (joined,) = await say("/relay join", BEN)
    (written,) = [said for said in await say("/relay write upon") if said.private_for == ADA]
    await bot.games.settled()
    (left,) = [said for said in await say("/relay leave", BEN) if not said.buttons]

    assert joined.text == "Ben plays along, and writes after the others."
    assert joined.private_for is None
    assert written.text == "Your sentence is in the text."
    assert left.text == "Ben plays no longer."


async def test_press_through_the_bot(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """A button is found by its action alone; one that no game has is told so."""
    await say("/relay start Once")
    await bot.games.settled()
    action = next(said for said in platform.said if said.buttons).buttons[0].action

    notice = await bot.press(action, person=BEN, place=LOBBY)
    unknown = await bot.press("g:99:join", person=BEN, place=LOBBY)
    senseless = await bot.press(action.replace("join", "dance"), person=BEN, place=LOBBY)

    assert notice.text == "Ben plays along, and writes after the others."
    assert unknown.text == "This game is over."
    assert senseless.text.startswith("This button means nothing here")
