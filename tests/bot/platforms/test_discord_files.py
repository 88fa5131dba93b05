"""Files that are chosen for a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.commands.discovery import discover
from bot.platforms.discord import enclosing
from bot.platforms.discord.declaring import ATTACHMENT, declared
from bot.platforms.discord.heard import HeardCommand, stored
from tests.bot.conftest import ADA, LOBBY
from tests.bot.platforms.discording import Playing, playing
from tests.fakes.discord import CommandNotOffered, Message, Upload

FILES = "/attachments/*/*"
TALES = Upload("tales.txt", b"a marvellous lamp")
KEPT = "tales.txt is kept, to be learnt from by the next training here."


async def upload(stage: Playing, file: Upload = TALES) -> Message:
    """Ada gives a file; the answer."""
    return await (await stage.ada.slash(stage.channel, "train upload", file=file)).answered()


def names(stage: Playing) -> list[str]:
    """The files that are kept for the channel."""
    return [file.name for file in stage.bot.uploads.of_place(stage.place)]


def test_declared() -> None:
    """A command that takes a file has an option for it, which is required, with a name and a description everywhere."""
    train = next(each for each in declared(discover()) if each["name"] == "train")
    member = next(each for each in train["options"] if each["name"] == "upload")

    (option,) = member["options"]

    assert (option["type"], option["name"], option["required"]) == (ATTACHMENT, "file", True) == (11, "file", True)
    assert option["description"] == "the text file to keep"
    assert option["name_localizations"]["de"] == "datei"
    assert set(option["description_localizations"]) == {"de", "ru", "zh-CN", "zh-TW"}


def test_of_an_earlier_version() -> None:
    """What an earlier version has stored of a command is read, without a file."""
    heard = HeardCommand(ADA, LOBBY, "status", {}, "interaction:1:x")
    payload = heard.payload()
    del payload["command"]["file"]

    assert stored(payload) == heard


async def test_kept(home: Path) -> None:
    """A file is fetched and kept, and everybody is told."""
    async with playing(home) as stage:
        told = await upload(stage)

        assert (told.content, told.private_for) == (KEPT, None)
        assert names(stage) == ["tales.txt"]


async def test_required(home: Path) -> None:
    """Discord offers the command only with a file."""
    async with playing(home) as stage:
        with pytest.raises(CommandNotOffered):
            await stage.ada.slash(stage.channel, "train upload")


@pytest.mark.parametrize("status", [404, 500])
async def test_not_to_be_had(home: Path, status: int) -> None:
    """A download that fails, or is too late, is one private sentence."""
    async with playing(home) as stage:
        stage.discord.fail_next("GET", FILES, status=status)

        told = await upload(stage)

        assert told.content == "tales.txt could not be fetched; send it again."
        assert told.private_for is stage.ada
        assert names(stage) == []


async def test_too_large(home: Path) -> None:
    """A file that is too large is refused without being fetched."""
    async with playing(home) as stage:
        told = await upload(stage, Upload("tales.txt", b"x" * 10_000_001))

        assert told.content.startswith("tales.txt is larger than 10 MB; ")
        assert stage.discord.requests_to("GET", FILES) == []


async def test_larger_than_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download ends where it has more bytes than are taken, whatever Discord said."""
    monkeypatch.setattr(enclosing, "MOST", 5)
    async with playing(home) as stage:
        told = await upload(stage)

        assert told.content.startswith("tales.txt is larger than ")
        assert names(stage) == []


async def test_restart(home: Path) -> None:
    """A file that was being fetched when the bot stopped is fetched again when it starts."""
    async with playing(home) as stage:
        stage.discord.slow_next("GET", FILES, seconds=60)
        asked = await (await stage.ada.slash(stage.channel, "train upload", file=TALES)).acknowledged()

        await stage.restart()

        assert (await asked.answered()).content == KEPT
        assert len(stage.discord.requests_to("GET", FILES)) == 2
        assert names(stage) == ["tales.txt"]
