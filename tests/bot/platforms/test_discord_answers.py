"""Answers to interactions: in time, to whom they are meant for, and once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.conversation import Message, Person, Place
from bot.platforms.discord import asked
from generators.scripted import Pace
from tests.bot.platforms.discording import playing

DEFERRED = 5


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer takes longer than the bot lets Discord wait."""
    monkeypatch.setattr(asked, "DEFER", 0.0)


async def test_deferred_then_edited(home: Path) -> None:
    """A text that is not there in time is promised within 3 s, and then stands where it was promised."""
    pace = Pace()
    async with playing(home, pace=pace) as stage:
        interaction = await stage.ada.slash(stage.channel, "generate", prompt="Once upon a")
        await interaction.acknowledged()
        assert interaction.kind == DEFERRED
        assert interaction.latency is not None
        assert interaction.latency < 3

        pace.free()

        answer = await interaction.answered()
        assert answer is interaction.original
        await stage.channel.until("seed=")
        assert len(stage.channel.messages) == 1


async def test_private_after_a_promise(home: Path, slow: None) -> None:
    """What is for one person alone stays so, though everybody saw that the bot was thinking."""
    async with playing(home) as stage:
        stage.discord.slow_next("POST", "/interactions/*/*/callback", seconds=0.2)
        interaction = await stage.ada.slash(stage.channel, "settings")

        told = await interaction.answered()

        assert told.private_for is stage.ada
        assert stage.channel.messages == []


async def test_a_slow_write_in(home: Path, slow: None) -> None:
    """A write-in that takes its time is promised to its writer alone, and answered where it was promised."""
    async with playing(home) as stage:
        await stage.ada.slash(stage.channel, "story start", text="Once upon a", seconds=600)
        ballot = await stage.channel.until(lambda message: message.buttons)
        opened = await (await stage.ben.press(ballot, "Write in…")).acknowledged()
        assert opened.modal is not None
        stage.discord.slow_next("POST", "/interactions/*/*/callback", seconds=0.5)

        sent = await stage.ben.submit(opened.modal, {opened.modal.fields[0].label: " foggy day"})

        told = await sent.answered()
        assert sent.kind == DEFERRED
        assert told is sent.original
        assert told.private_for is stage.ben
        assert "foggy day" in told.content


async def test_in_time_when_discord_is_slow(home: Path) -> None:
    """An answer is not sent twice while Discord takes its time with the first."""
    async with playing(home) as stage:
        stage.discord.slow_next("POST", "/interactions/*/*/callback", seconds=1.8)

        interaction = await stage.ada.slash(stage.channel, "status")

        await interaction.answered()
        assert len(interaction.responses) == 1


async def test_the_same_twice(home: Path) -> None:
    """A command, a press and a message that Discord tells of twice are dealt with once."""
    async with playing(home) as stage:
        stage.discord.twice()
        await stage.ada.slash(stage.channel, "story start", text="Once upon a", seconds=600)
        ballot = await stage.channel.until(lambda message: message.buttons)
        stage.discord.twice()

        pressed = await stage.ben.press(ballot, ballot.buttons[0].custom_id or "")

        assert "You voted for" in (await pressed.answered()).content
        await (await stage.ada.slash(stage.channel, "status")).answered()
        assert len(pressed.responses) == 1
        assert sum(bool(message.buttons) for message in stage.channel.messages) == 1


async def test_after_the_token_has_died(home: Path) -> None:
    """A text that takes longer than a quarter of an hour is posted in the channel."""
    pace = Pace()
    async with playing(home, pace=pace) as stage:
        interaction = await stage.ada.slash(stage.channel, "generate", prompt="Once upon a", length=3)
        await interaction.acknowledged()
        stage.discord.advance(16 * 60)

        pace.free()

        answer = await stage.channel.until("seed=")
        assert answer.interaction is None
        stage.discord.expected(401)


async def test_goes_on_after_a_restart(home: Path) -> None:
    """A command that was in hand when the bot stopped is answered by the next start, where it was promised."""
    pace = Pace()
    async with playing(home, pace=pace) as stage:
        interaction = await stage.ada.slash(stage.channel, "generate", prompt="Once upon a", length=3)
        await interaction.acknowledged()
        await stage.close()
        pace.free()

        await stage.open()

        assert (await interaction.answered()).content.startswith("Once upon a▸")
        await stage.channel.until("seed=")
        assert len(stage.channel.messages) == 1


async def test_told_directly_when_nothing_else_is_left(home: Path) -> None:
    """What is for one person alone is told directly where the interaction takes no answers any more."""
    async with playing(home) as stage:
        ada = Person("discord", str(stage.ada.id), "Ada")
        here = Place("discord", str(stage.channel.id), guild=str(stage.guild.id))

        await stage.bot.outboxes["discord"].post(here, Message("for you"), private_for=ada)

        await stage.direct(stage.ada).until("for you")
        assert stage.channel.messages == []


async def test_somebody_who_takes_no_messages(home: Path) -> None:
    """Where somebody takes no direct messages, what is for them alone is told to nobody."""
    async with playing(home) as stage:
        stage.ada.dms_closed = True
        stage.direct(stage.ada)
        ada = Person("discord", str(stage.ada.id), "Ada")
        here = Place("discord", str(stage.channel.id), guild=str(stage.guild.id))

        await stage.bot.outboxes["discord"].post(here, Message("for you"), private_for=ada)

        assert stage.channel.messages == []
        stage.discord.expected(403)


async def test_a_press_is_answered_alone(home: Path) -> None:
    """A press on a button that nobody knows, or that is long gone, is answered in one private sentence."""
    async with playing(home) as stage:
        await stage.ada.slash(stage.channel, "story start", text="Once upon a", solo=True)
        ballot = await stage.channel.until(lambda message: message.buttons)
        old = ballot.buttons[0].custom_id or ""
        await stage.ada.press(ballot, old)
        await stage.channel.until(lambda message: "Round 2" in message.content)

        for sent in (old, "v:99999:1", "nonsense", "x" * 100):
            told = await (await stage.ben.press(ballot, sent)).answered()
            assert told.private_for is stage.ben
            assert "\n" not in told.content
