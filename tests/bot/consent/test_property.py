"""Whatever happens in whatever order: not one text may be learnt from that the ledger does not allow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import Bot
from bot.collecting import Heard
from bot.configuration import load_configuration
from bot.consent import root, wording
from bot.conversation import Person, Place
from generators.errors import UserError
from generators.scripted import ScriptedGenerator
from storage import posts
from storage.posts import Post
from tests.bot.conftest import SCRIPT
from tests.bot.consent.conftest import SOURCES, kept, usable
from tests.fakes.clock import FakeClock

NAMES: Final = ("ada", "ben")
AGES: Final = (-5, 0, 1, 7, 30)  # seconds, some of them in the future: clocks of platforms are not ours
NUMBERS: Final = st.integers(0, 7)
PEOPLE: Final = st.sampled_from(NAMES)
STEP: Final = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from((0, 1, 5, 20))),
    st.tuples(st.sampled_from(("log_on", "log_off"))),
    st.tuples(st.just("agree"), PEOPLE, st.sampled_from((wording.LOG, wording.TEACH))),
    st.tuples(st.sampled_from(("withdraw", "forget")), PEOPLE),
    st.tuples(st.just("say"), PEOPLE, st.sampled_from(AGES), st.booleans()),
    st.tuples(st.just("edit"), NUMBERS, st.sampled_from(AGES)),
    st.tuples(st.just("delete"), NUMBERS),
    st.tuples(st.just("teach"), PEOPLE),
    st.tuples(st.just("smuggle"), PEOPLE, st.sampled_from(SOURCES), st.sampled_from(AGES)),
)
Step: TypeAlias = tuple[Any, ...]


@dataclass
class Text:
    """A text on paper; `edited` as in the store."""

    person: str
    source: str
    at: datetime
    edited: datetime | None = None
    is_bot: bool = False
    gone: bool = False


@dataclass
class Paper:
    """What somebody would keep on paper who watches one channel, beside the bot that does it.

    Attributes:
        open: whether the platform may be learnt from at all.
        since: when the log was last turned on; None while it is off.
        agreed: for each person what they agreed to since they last withdrew, and when.
        texts: by what each says now.
    """

    bot: Bot
    clock: FakeClock
    place: Place
    open: bool
    since: datetime | None = None
    agreed: dict[str, list[tuple[int, datetime]]] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    numbers: Callable[[], int] = field(default_factory=lambda: count().__next__)

    async def play(self, steps: list[Step]) -> None:
        """Does each step, and looks after each of them."""
        for name, *arguments in steps:
            await getattr(self, name)(*arguments)
            stored = {post.text for post in await kept(self.bot, self.place)}
            allowed = {text for text, paper in self.texts.items() if self.allows(paper)}
            assert set(await usable(self.bot, self.place)) == allowed & stored, (name, arguments)
            assert not {text for text, paper in self.texts.items() if paper.gone} & stored, (name, arguments)

    def allows(self, text: Text) -> bool:
        """Whether a text may be learnt from now."""
        if not self.open or text.is_bot or text.gone:
            return False
        said = text.at if text.edited is None else min(text.at, text.edited)
        if text.source != "submission" and self.since is None:
            return False
        if text.source == "channel_log" and self.since is not None and said < self.since:
            return False
        covering = (wording.LOG, wording.TEACH) if text.source == "submission" else (wording.LOG,)
        began = None
        for edition, at in reversed(self.agreed.get(text.person, [])):
            if edition not in covering:
                break
            began = at
        return began is not None and said >= began

    def person(self, name: str) -> Person:
        """Somebody on this platform."""
        return Person(self.place.platform, name, name, admin=True)

    async def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    async def log_on(self) -> None:
        """An admin turns the log on."""
        with suppress(UserError):
            await self.bot.consents.turn_on(self.person("ada"), self.place)
        if self.open and self.since is None:
            self.since = self.clock.now()

    async def log_off(self) -> None:
        """An admin turns the log off."""
        await self.bot.consents.turn_off(self.person("ada"), self.place)
        if self.since is not None:
            self.strike(lambda text: text.source != "submission")
        self.since = None

    async def agree(self, name: str, edition: int) -> None:
        """Somebody presses a button, which may be an old one."""
        told = self.bot.consents.wording(edition)
        with suppress(UserError):
            await self.bot.consents.agree(self.person(name), self.place, told)
        held = self.agreed.setdefault(name, [])
        may = self.open and (edition == wording.TEACH or self.since is not None)
        if may and (not held or (held[-1][0], edition) == (wording.TEACH, wording.LOG)):
            held.append((edition, self.clock.now()))

    async def withdraw(self, name: str) -> None:
        """Somebody withdraws."""
        await self.bot.consents.withdraw(self.person(name), self.place)
        self.strike(lambda text: text.person == name)
        self.agreed.pop(name, None)

    async def forget(self, name: str) -> None:
        """Somebody has everything deleted."""
        await self.bot.consents.forget(self.person(name))
        self.strike(lambda text: text.person == name)
        self.agreed.pop(name, None)

    async def say(self, name: str, ago: float, is_bot: bool) -> None:
        """Somebody says something; what is allowed is kept, and nothing else."""
        said, at = f"text {self.numbers()}", self.clock.now() - timedelta(seconds=ago)
        text = self.texts[said] = Text(name, "channel_log", at, is_bot=is_bot)
        heard = Heard(self.person(name), self.place, said.replace("text", "message"), said, at, is_bot=is_bot)

        assert await self.bot.collecting.heard(heard) is self.allows(text)

    async def edit(self, number: int, ago: float) -> None:
        """A message says something else; an edit that is older than another one changes nothing."""
        at = self.clock.now() - timedelta(seconds=ago)
        found = next((said for said in self.texts if said.startswith(f"text {number}")), None)
        if found is None or self.texts[found].source != "channel_log":
            return
        now = f"text {number} at {self.numbers()}"
        await self.bot.collecting.edited(self.place, f"message {number}", now, at)
        stored = {post.text for post in await kept(self.bot, self.place)}
        if now in stored:
            self.texts[now] = self.texts.pop(found)
            self.texts[now].edited = at
        elif found not in stored:
            self.texts[found].gone = True

    async def delete(self, number: int) -> None:
        """A message is deleted."""
        await self.bot.collecting.deleted(self.place, [f"message {number}"])
        self.strike_said(number)

    async def teach(self, name: str) -> None:
        """Somebody gives a text; what is allowed is kept, and nothing else."""
        said = f"text {self.numbers()}"
        text = self.texts[said] = Text(name, "submission", self.clock.now())

        verdict = await self.bot.consents.teach(self.person(name), self.place, said)

        assert (verdict == "allowed") is self.allows(text)

    async def smuggle(self, name: str, source: str, ago: float) -> None:
        """Something is in the store that no gate was asked about."""
        said, at = f"text {self.numbers()}", self.clock.now() - timedelta(seconds=ago)
        self.texts[said] = Text(name, source, at)
        message = said.replace("text", "message")
        post = Post(root(self.place), None, source, self.person(name).key, message, at, said)
        await self.bot.database.write(partial(posts.add, vault=self.bot.vault, given=[post]))

    def strike(self, which: Callable[[Text], bool]) -> None:
        """Texts are gone."""
        for text in self.texts.values():
            text.gone |= which(text)

    def strike_said(self, number: int) -> None:
        """A text is gone, if it ever was there as a message; what is taught has another name."""
        for said, text in self.texts.items():
            if text.source == "submission":
                continue
            if said == f"text {number}" or said.startswith(f"text {number} at"):
                text.gone = text.gone or bool(self.since is not None)


@pytest.mark.parametrize(
    ("platform", "permission"), [("discord", ""), ("discord", "a letter from Discord"), ("telegram", ""), ("web", "")]
)
def test_nothing_that_the_ledger_does_not_allow(
    home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, permission: str
) -> None:
    """After any consents, withdrawals, messages, edits, deletions and worse, just what is allowed is used."""
    monkeypatch.setenv("PLANCHETTE_DISCORD__TRAINING_PERMISSION", permission)
    clock, places = FakeClock(), count()
    with asyncio.Runner() as runner:
        opening = Bot.open(load_configuration(home), generator=ScriptedGenerator(SCRIPT), clock=clock)
        bot = runner.run(opening)

        @settings(max_examples=30, deadline=None)
        @given(st.lists(STEP, max_size=20))
        def play(steps: list[Step]) -> None:
            place = Place(platform, str(next(places)))
            runner.run(Paper(bot, clock, place, platform != "discord" or bool(permission)).play(steps))

        try:
            play()
        finally:
            runner.run(bot.close())
