"""The menus of commands that Telegram shows."""

from __future__ import annotations

from pathlib import Path

from bot.commands.declaration import Group, Permission, command
from bot.commands.discovery import Commands
from bot.platforms.telegram.menus import menu
from tests.bot.platforms.telegraphy import on_telegram
from tests.fakes.telegram import TelegramServer

MENUS = 3 * 4  # scopes and languages


async def test_everybody_sees_commands(home: Path, telegram: TelegramServer) -> None:
    """Commands are shown in private chats and groups, groups of them as their first word."""
    ada, ben = telegram.user("Ada", language_code="pt-br"), telegram.user("Ben", language_code="de")
    chat = telegram.group("Night shift", members=[ben], admins=[ada])

    async with on_telegram(home, telegram):
        await telegram.until(lambda: len(telegram.calls("setMyCommands")) == MENUS)

    for user, place in ((ada, chat), (ben, chat), (ada, telegram.private(ada))):
        names = [name for name, _ in telegram.menu(user, place)]
        assert {"generate", "help", "start", "story"} <= set(names)


async def test_only_when_they_changed(home: Path, telegram: TelegramServer) -> None:
    """A second start looks at the menus and sets none of them."""
    async with on_telegram(home, telegram):
        await telegram.until(lambda: len(telegram.calls("setMyCommands")) == MENUS)

    async with on_telegram(home, telegram):
        await telegram.until(lambda: len(telegram.calls("getMyCommands")) == 2 * MENUS)

    assert len(telegram.calls("setMyCommands")) == MENUS


async def test_without_menus(home: Path, telegram: TelegramServer) -> None:
    """A bot whose menus cannot be set works all the same."""
    ada = telegram.user("Ada")
    telegram.fail("getMyCommands", 500)

    async with on_telegram(home, telegram):
        await ada.says(telegram.private(ada), "/status")
        await telegram.private(ada).until(lambda message: "default model" in message.text)


def test_for_admins() -> None:
    """What only admins may use is shown to them alone."""
    train = Group("train", "Train a model.")

    @train.command(requires=Permission.ADMIN)
    async def start(invocation: object) -> None:
        """Begin a training."""

    @command()
    async def paint(invocation: object) -> None:
        """Paint a picture."""

    commands = Commands([paint, train])

    assert [entry.command for entry in menu(commands, "en", admins=True)] == ["paint", "train"]
    assert [entry.command for entry in menu(commands, "en", admins=False)] == ["paint"]
