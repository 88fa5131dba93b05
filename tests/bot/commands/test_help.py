"""Help and status."""

from __future__ import annotations

import pytest

from bot.app import Bot
from tests.bot.conftest import BEN, Say


async def test_everything(bot: Bot, say: Say) -> None:
    """Help lists every command with how it is typed and what it does."""
    (said,) = await say("/help", BEN)

    assert len(said.text.splitlines()) == len(bot.commands.all)
    assert "/generate [name=value …] [prompt] – Write a text with a model." in said.text.splitlines()
    assert said.private_for == BEN


@pytest.mark.parametrize("line", ["/help generate", "/help /generate", "/help  Generate "])
async def test_one_command(say: Say, line: str) -> None:
    """Help on one command explains its options and what they may be."""
    (said,) = await say(line)

    assert "n=…: how many texts, side by side; a whole number from 1 to 5" in said.text.splitlines()


async def test_group(say: Say) -> None:
    """Help on a group lists its commands; help on one of them its options."""
    (group,) = await say("/help story")
    (member,) = await say("/help story export")

    assert "/story undo – Take the last choice back and vote on it again." in group.text.splitlines()
    assert "format=…: Markdown or HTML to read, JSON to replay; md, json or html" in member.text.splitlines()


async def test_file(say: Say) -> None:
    """Help on a command that takes a file says how one is given."""
    (said,) = await say("/help train upload")

    assert said.text.splitlines() == [
        "/train upload – Keep a text file, to learn from.",
        "file: the text file to keep; on Discord it is an option, on Telegram the command is its caption, and in the "
        "web room a button beside the line sends it",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/help generat", "There is no command /generat. Did you mean /generate?"),
        ("/help story strat", "There is no command /story strat. Did you mean /story start?"),
        ("/help quux", "There is no command /quux; /help lists what there is."),
    ],
)
async def test_unknown(say: Say, line: str, expected: str) -> None:
    """Help on what there is not says so."""
    (said,) = await say(line)

    assert said.text == expected


async def test_status(say: Say) -> None:
    """Status tells version, models and stories, privately."""
    (said,) = await say("/status", BEN)

    assert said.text.startswith("Planchette ")
    assert "Models: scripted." in said.text
    assert said.text.endswith("No story is running here.")
    assert said.private_for == BEN
