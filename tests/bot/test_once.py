"""A line that asks for a text, and a process that ends at every point on the way to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from generators.scripted import Script, ScriptedGenerator
from storage import inbox, texts
from tests.bot.conftest import ADA, LOBBY
from tests.fakes.platform import FakePlatform

LINE: Final = "/generate temperature=2 length=8 Once"
SCRIPT: Final = Script(texts=("Once upon a time there was a table that could write.",))


class Killed(BaseException):
    """The process ends here."""


@asynccontextmanager
async def running(home: Path, platform: FakePlatform) -> AsyncIterator[Bot]:
    bot = await Bot.open(load_configuration(home), generator=ScriptedGenerator(SCRIPT))
    for task in bot._background:  # what they write is not counted
        task.cancel()
    bot.register(platform)
    await bot.resume()
    yield bot
    await bot.close()


async def received(bot: Bot, update: str = "1", ago: timedelta = timedelta()) -> int:
    item = await bot.database.write(
        partial(inbox.receive, platform="web", update=update, payload={"line": LINE}, at=bot.started - ago)
    )
    assert item is not None
    return item


async def pending(bot: Bot) -> list[int]:
    return [item.id for item in await bot.database.read(partial(inbox.pending, platform="web"))]


def killing(bot: Bot, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch, at: int) -> list[str]:
    """Ends the process right before its n-th effect; the effects that were to be, in order, come back."""
    effects: list[str] = []

    def dying(name: str, act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def wrapped(*arguments: Any, **named: Any) -> Any:
            effects.append(name)
            if len(effects) > at:
                raise Killed
            return await act(*arguments, **named)

        return wrapped

    monkeypatch.setattr(platform, "post", dying("post", platform.post))
    monkeypatch.setattr(platform, "edit", dying("edit", platform.edit))
    monkeypatch.setattr(bot.database, "write", dying("write", bot.database.write))
    return effects


async def cut_short(home: Path, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch, at: int) -> tuple[int, str]:
    """The line's item, and the effect that did not happen any more; empty where all of them did."""
    async with running(home, platform) as bot:
        item = await received(bot)
        with monkeypatch.context() as patched:
            effects = killing(bot, platform, patched, at)
            try:
                await bot.invoke(LINE, person=ADA, place=LOBBY, origin=item)
            except Killed:
                return item, effects[at]
    return item, ""


@pytest.mark.parametrize("pace", [0.0, 1.0], ids=["every edit", "last edit"])
async def test_interrupted_anywhere(home: Path, monkeypatch: pytest.MonkeyPatch, pace: float) -> None:
    """Wherever the process ends, the text is shown whole and stored in the end, in the message that began it."""
    at, missing = 0, "?"
    while missing:
        platform = FakePlatform(edit_seconds=pace)
        item, missing = await cut_short(home / str(at), platform, monkeypatch, at)
        begun = platform.said[0].text if platform.said else ""

        async with running(home / str(at), platform) as bot:
            for _ in await pending(bot):
                await bot.invoke(LINE, person=ADA, place=LOBBY, origin=item)
            last = await bot.database.read(partial(texts.last, place=LOBBY.key))
            left = await pending(bot)

        assert last is not None
        shown = [said for said in platform.said if "seed=" in said.text]
        assert [said.id for said in shown] == [last.request["message"]]
        assert shown[0].text.startswith(f"Once▸{last.text}\n\n")
        assert shown[0].text.startswith(begun) or shown[0] is not platform.said[0]
        if (at, missing) != (1, "write"):  # posted, and its number not yet kept
            assert len(platform.said) == 1
        assert left == []
        at += 1
    assert at > 4


async def test_another_text_came_in_between(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that was stored is not written again after another one has become the last."""
    platform = FakePlatform()
    item, missing = await cut_short(home, platform, monkeypatch, 3)
    async with running(home, platform) as bot:
        await bot.invoke("/generate length=5 Other", person=ADA, place=LOBBY)

        await bot.invoke(LINE, person=ADA, place=LOBBY, origin=item)

        last = await bot.database.read(partial(texts.last, place=LOBBY.key))
        left = await pending(bot)
    assert missing == "edit"
    assert [said.text.partition("▸")[0] for said in platform.said] == ["Once", "Other"]
    assert all("seed=" in said.text for said in platform.said)
    assert last is not None
    assert last.request["before"] == "Other"
    assert left == []


async def test_reply_that_was_stored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply whose text was stored is shown whole, though it answers what is not the last text any more."""
    platform = FakePlatform()
    async with running(home, platform) as bot:
        await bot.settings.change(LOBBY, "reply", "mention", by=ADA)
        await bot.invoke("/generate temperature=0 length=5 Once", person=ADA, place=LOBBY)
        item = await received(bot)
        with monkeypatch.context() as patched:
            killing(bot, platform, patched, 3)
            with pytest.raises(Killed):
                await bot.reply("a time there", person=ADA, place=LOBBY, message="1", origin=item)
    async with running(home, platform) as bot:
        await bot.reply("a time there", person=ADA, place=LOBBY, message="1", origin=item)

        left = await pending(bot)

    assert len(platform.said) == 2
    assert "seed=" in platform.said[1].text
    assert left == []


async def test_done_is_done(home: Path) -> None:
    """A line that is dealt with asks for nothing when it comes again."""
    platform = FakePlatform()
    async with running(home, platform) as bot:
        item = await received(bot)
        for _ in range(2):
            await bot.invoke(LINE, person=ADA, place=LOBBY, origin=item)

    assert len(platform.said) == 1


async def test_too_late(home: Path) -> None:
    """A line that came in long before the start is not carried out, and its person is told so, once."""
    platform = FakePlatform()
    async with running(home, platform) as bot:
        item = await received(bot, ago=timedelta(minutes=11))
        for _ in range(2):
            await bot.invoke(LINE, person=ADA, place=LOBBY, origin=item, reply_to="7")

        left = await pending(bot)

    (said,) = platform.said
    assert said.text.startswith("The bot was stopped before it could do this")
    assert (said.private_for, said.reply_to) == (ADA, "7")
    assert left == []


async def test_in_time(home: Path) -> None:
    """A line that came in shortly before the start is carried out."""
    platform = FakePlatform()
    async with running(home, platform) as bot:
        item = await received(bot, ago=timedelta(minutes=9))

        await bot.invoke(LINE, person=ADA, place=LOBBY, origin=item)

    assert platform.said[0].text.startswith("Once▸")


async def test_late_but_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that was stored is shown whole however late."""
    platform = FakePlatform()
    async with running(home, platform) as bot:
        item = await received(bot, ago=timedelta(minutes=9))
        with monkeypatch.context() as patched:
            killing(bot, platform, patched, 3)
            with pytest.raises(Killed):
                await bot.invoke(LINE, person=ADA, place=LOBBY, origin=item)
    async with running(home, platform) as bot:
        bot.intake._started += timedelta(days=1)

        await bot.invoke(LINE, person=ADA, place=LOBBY, origin=item)

    (said,) = platform.said
    assert "seed=" in said.text
