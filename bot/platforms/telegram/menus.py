"""The menus of commands that Telegram shows: by who may use them, and by language."""

from __future__ import annotations

from typing import Final

import structlog
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)

from bot.commands.declaration import Command, Permission
from bot.commands.discovery import Commands, Entry
from bot.languages import translator
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.faults import OUTAGES

COMMANDS: Final = 100  # Bot API 10.1, setMyCommands
DESCRIPTION: Final = 256  # characters; Bot API 10.1, BotCommand
LANGUAGES: Final = {"": "en", "de": "de", "ru": "ru", "zh": "zh-Hans"}  # Telegram knows two letters; "" is all others

log = structlog.get_logger(__name__)


async def show_menus(client: Client, commands: Commands) -> None:
    """Sets each menu that is not what it should be; a bot without menus still works, so an outage is only logged."""
    scopes: tuple[tuple[BotCommandScope, bool], ...] = (
        (BotCommandScopeAllPrivateChats(), True),
        (BotCommandScopeAllGroupChats(), False),
        (BotCommandScopeAllChatAdministrators(), True),
    )
    try:
        for scope, admins in scopes:
            for code, language in LANGUAGES.items():
                wanted = tuple(menu(commands, language, admins=admins))
                if await client.get_my_commands(scope, code or None) != wanted:
                    await client.set_my_commands(wanted, scope, code or None)
    except OUTAGES as error:
        log.warning("the menus of commands are not up to date", reason=str(error))


def menu(commands: Commands, language: str, *, admins: bool) -> list[BotCommand]:
    """What people see when they type `/`; groups of commands appear as their first word.

    Args:
        admins: whether commands for admins alone are among them.
    """
    translate = translator(language)
    return [
        BotCommand(entry.name, translate(entry.description)[:DESCRIPTION])
        for entry in commands
        if admins or not _for_admins(entry)
    ][:COMMANDS]


def _for_admins(entry: Entry) -> bool:
    members = (entry,) if isinstance(entry, Command) else entry.commands.values()
    return all(command.requires is Permission.ADMIN for command in members)
