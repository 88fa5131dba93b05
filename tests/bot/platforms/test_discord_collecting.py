"""What people on Discord agreed to give: their messages, edits and deletions, and what was said meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.configuration import Configuration
from bot.platforms.discord import overhearing
from storage import names
from tests.bot.collected import EARLIER, kept, logged, texts
from tests.bot.platforms.discording import Playing
from tests.fakes.discord import DiscordServer
from tests.patience import PATIENCE
from tests.suite.stage import ADA, BEN, CLEO

CONTENT = 1 << 15  # Discord API v10, gateway intents


class Logging(Playing):
    """A channel whose bot may be allowed to train.

    Args:
        permission: Discord's.
        content: whether the application may read messages.
    """

    def __init__(self, home: Path, *, permission: str | None = "DSC-1", content: bool = True, **more: Any) -> None:
        super().__init__(home, **more)
        self._permission = permission
        self._content = content

    def configuration(self) -> Configuration:
        made = super().configuration()
        keys = made.discord.model_copy(update={"training_permission": self._permission})
        return made.model_copy(update={"discord": keys})

    async def enter(self) -> None:
        self._stack = AsyncExitStack()
        self.discord = await self._stack.enter_async_context(DiscordServer(message_content=self._content))
        guild = self.discord.guild("Writers", channels=["lobby"])
        self.channel = guild["lobby"]
        self.people = {name: self.discord.user(name) for name in (ADA, BEN, CLEO)}
        guild.member(self.people[ADA], "manage_guild", "manage_messages")

    async def log(self, *people: str) -> None:
        """Turns the channel's log on, as of some minutes ago, when these people agreed."""
        since = datetime.now(UTC) - EARLIER
        keys = [f"discord:{self.id_of(person)}" for person in people]
        await logged(self.bot.database, self.place, since, *keys, guild=f"discord:{self.guild.id}")
        await self.bot.collecting.look_again()

    async def heard(self) -> None:
        """Returns once the bot is connected such that it reads messages."""
        await self.discord.until(lambda: self.intents & CONTENT and self.discord.gateway.complete())

    @property
    def intents(self) -> int:
        """What the bot hears now."""
        found = 0
        for session in self.discord.gateway.sessions.values():
            found |= session.intents if session.connection is not None else 0
        return found

    async def texts(self) -> list[str]:
        """What is kept of the channel."""
        return await texts(self.bot.database, self.bot.vault, self.place)

    async def comes_to(self, wanted: list[str]) -> None:
        """Returns once this is what is kept."""
        await eventually(self.texts, wanted)


async def eventually(look: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Returns once it is what was wanted."""
    found: object = None
    try:
        async with asyncio.timeout(PATIENCE):
            while (found := await look()) != wanted:  # noqa: ASYNC110  # the database tells nobody
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{found} did not become {wanted}") from None


@contextmanager
def damaged(file: Path) -> Iterator[None]:
    """Has a file say something else for a while."""
    held = file.read_bytes()
    file.write_bytes(b"damaged")
    yield
    file.write_bytes(held)


@pytest.fixture
async def stage(home: Path) -> AsyncIterator[Logging]:
    """A bot that may train and read messages."""
    async with on_discord(home) as each:
        yield each


@asynccontextmanager
async def on_discord(home: Path, **more: Any) -> AsyncIterator[Logging]:
    """The bot, connected; at its end Discord must have refused nothing that was not expected."""
    stage = Logging(home, **more)
    await stage.enter()
    await stage.open()
    yield stage
    await stage.close()
    await stage.leave()
    assert stage.faults() == []


async def test_messages_edits_and_deletions(stage: Logging) -> None:
    """Of a logged channel and its public threads is kept what those say who agreed, as it stands now."""
    await stage.log(ADA)
    await stage.heard()
    robot = stage.discord.user("Robot", bot=True)
    thread = stage.channel.thread("aside")
    said = [await stage.ada.say(stage.channel, f"line {number}") for number in range(5)]
    await stage.ben.say(stage.channel, "Ben did not agree")
    await robot.say(stage.channel, "beep")
    await stage.ada.say(thread, "in a thread", reply_to=None)
    await stage.comes_to([*(f"line {number}" for number in range(5)), "in a thread"])

    await stage.ada.edit(said[1], "another line")
    await stage.ada.delete(said[2])
    await stage.ada.delete_many(said[3:])

    await stage.comes_to(["line 0", "another line", "in a thread"])
    known = partial(names.of_place, vault=stage.bot.vault, place=stage.place)
    assert {name.casefold() for name in await stage.bot.database.read(known)} == {"ada"}
    posts = await kept(stage.bot.database, stage.bot.vault, stage.place)
    assert {(post.place, post.guild, post.source, post.person) for post in posts} == {
        (stage.place, f"discord:{stage.guild.id}", "channel_log", f"discord:{stage.ada.id}")
    }


async def test_private_threads(stage: Logging) -> None:
    """What is said in a private thread of a logged channel stays there."""
    await stage.log(ADA)
    await stage.heard()
    thread = stage.channel.open_thread("secret", message=None, owner=stage.ada, type=12)

    await stage.ada.say(thread, "between us")
    await stage.ada.say(stage.channel, "for all")

    await stage.comes_to(["for all"])


async def test_what_is_heard(stage: Logging) -> None:
    """The bot reads what people say to each other only as long as some log is on, and the rest works throughout."""
    before = stage.intents
    await stage.log(ADA)
    await stage.heard()
    await (await stage.ada.slash(stage.channel, "log off")).answered()

    await stage.discord.until(lambda: stage.intents and not stage.intents & CONTENT)
    await (await stage.ada.slash(stage.channel, "status")).answered()

    assert not before & CONTENT


async def test_without_permission(home: Path) -> None:
    """Without Discord's permission nothing is heard or kept, though the log is on."""
    async with on_discord(home, permission=None) as stage:
        await stage.log(ADA)
        await stage.ada.say(stage.channel, "not to be kept")
        await (await stage.ada.slash(stage.channel, "status")).answered()

        assert not stage.intents & CONTENT
        assert await stage.texts() == []


async def test_intent_refused(home: Path) -> None:
    """Where the application may not read messages the bot says so, and works without."""
    async with on_discord(home, content=False) as stage:
        await stage.log(ADA)
        await stage.discord.until(lambda: any(fault.status == 4014 for fault in stage.discord.faults))
        await stage.discord.until(lambda: stage.intents)

        answer = await (await stage.ada.slash(stage.channel, "status")).answered()

        assert answer.content
        stage.discord.expected(4014)


async def test_history(stage: Logging) -> None:
    """What was said since people agreed, before the log was heard or while the bot was off, is read page by page."""
    said = [await stage.ada.say(stage.channel, f"line {number}") for number in range(120)]
    threads = [stage.channel.thread(name) for name in ("open", "closed")]
    for thread in threads:
        await stage.ada.say(thread, f"in {thread.name}")
    threads[1].archive()
    await stage.log(ADA)
    lines = [f"line {number}" for number in range(120)]
    await stage.comes_to([*lines, "in open", "in closed"])

    await stage.close()
    await stage.ada.say(stage.channel, "while it was off")
    await stage.ada.edit(said[119], "changed while it was off")
    await stage.open()

    await stage.comes_to([*lines[:119], "changed while it was off", "in open", "in closed", "while it was off"])


async def test_missed(stage: Logging) -> None:
    """What was edited or deleted while the bot was off is so in what is kept soon after it is back."""
    await stage.log(ADA)
    await stage.heard()
    said = [await stage.ada.say(stage.channel, f"line {number}") for number in range(4)]
    thread = stage.channel.thread("aside")
    aside = await stage.ada.say(thread, "in a thread")
    await stage.comes_to([*(f"line {number}" for number in range(4)), "in a thread"])

    await stage.close()
    await stage.ada.edit(said[0], "changed while it was off")
    await stage.ada.delete(said[1])
    await stage.ada.delete(said[3])
    await stage.ada.delete(aside)
    await stage.open()

    await stage.comes_to(["changed while it was off", "line 2"])
    stage.discord.expected(404)


async def test_an_edit_that_cannot_be_stored(stage: Logging, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit that cannot be stored is stored as soon as it can be: nobody tells of it again."""
    monkeypatch.setattr(overhearing, "AGAIN", timedelta(milliseconds=20))
    await stage.log(ADA)
    await stage.heard()
    said = await stage.ada.say(stage.channel, "before")
    await stage.comes_to(["before"])

    async def tried() -> bool:
        return any("could not be followed" in line["event"] for line in lines)

    with capture_logs() as lines, damaged(Path(stage.bot.vault.name)):
        await stage.ada.edit(said, "after")
        await eventually(tried, True)

    await stage.comes_to(["after"])
