"""`planchette run` and `planchette chat`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bot.shell.output import say

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.configuration import Configuration
    from bot.conversation import Platform


def run() -> None:
    """Run the bot and its room in the browser.

    Discord and Telegram take part where their tokens are set.
    """
    from bot.configuration import load_configuration
    from bot.home import Home
    from bot.shell.logs import configure_logging
    from bot.shell.serving import serve

    configuration = load_configuration()
    configure_logging(configuration.log)
    names = _names(configuration)
    told: list[str] = []

    def platforms(bot: Bot) -> Sequence[Platform]:
        from bot.platforms.web import WebRoom

        found: list[Platform] = []
        if "web" in names:
            room = WebRoom(bot)
            told.extend(invitation(configuration, room.address, room.port, os.environ))
            found.append(room)
        if "discord" in names:
            from bot.platforms.discord import Discord

            told.append(
                "Planchette connects to Discord; `planchette doctor` prints the link that invites it to a server."
            )
            found.append(Discord(bot))
        if "telegram" in names:
            from bot.platforms.telegram import Telegram

            told.append("Planchette connects to Telegram; the log tells its name once Telegram answers.")
            found.append(Telegram(bot))
        return found

    with Home(configuration.home).hold():
        _demand_platform(configuration)
        asyncio.run(serve(configuration, names, platforms, started=lambda: say("\n".join(told))))


def chat() -> None:
    """Talk with the same bot in this terminal."""
    from bot.configuration import load_configuration
    from bot.home import Home
    from bot.shell.logs import configure_logging
    from bot.shell.serving import serve

    configuration = load_configuration()
    quiet = "warning" if configuration.log.level == "info" else configuration.log.level
    configure_logging(configuration.log.model_copy(update={"level": quiet}))  # lines of progress would break the talk

    def platforms(bot: Bot) -> Sequence[Platform]:
        from bot.platforms.terminal import Terminal

        return [Terminal(bot)]

    with Home(configuration.home).hold():
        asyncio.run(serve(configuration, ["terminal"], platforms))


def invitation(configuration: Configuration, address: str, port: int, environment: Mapping[str, str]) -> list[str]:
    """Where the room is, and how to reach it from another machine where this one has no screen."""
    from bot.configuration import is_loopback

    lines = [f"Planchette's room is at {address} (Ctrl-C ends it)."]
    if is_loopback(configuration.web.host) and _headless(environment):
        lines.append(f"From another machine: ssh -L {port}:127.0.0.1:{port} {_login(environment)}")
    return lines


def _names(configuration: Configuration) -> list[str]:
    """The platforms that are set up."""
    wanted = {
        "web": configuration.web.enabled,
        "discord": configuration.discord.token is not None,
        "telegram": configuration.telegram.token is not None,
    }
    return [name for name, there in wanted.items() if there]


def _headless(environment: Mapping[str, str]) -> bool:
    if "SSH_CONNECTION" in environment:
        return True
    return sys.platform.startswith("linux") and not any(
        environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _login(environment: Mapping[str, str]) -> str:
    """`user@host` as the other machine would type it: where there is a connection already, the address it came to."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user without a name
        user = "user"
    connection = environment.get("SSH_CONNECTION", "").split()  # client's address and port, ours and our port
    return f"{user}@{connection[2] if len(connection) == 4 else socket.gethostname()}"


def _demand_platform(configuration: Configuration) -> None:
    """Makes sure that something is set up, and that its packages are there.

    Raises:
        UserError: it is not.
    """
    from importlib.util import find_spec

    from bot.shell.errors import NothingToRun
    from generators.errors import MissingExtra

    if not _names(configuration):
        raise NothingToRun
    if configuration.discord.token is not None and find_spec("discord") is None:
        raise MissingExtra("Discord", "discord")
    if configuration.telegram.token is not None and not all(map(find_spec, ("telegram", "aiolimiter"))):
        raise MissingExtra("Telegram", "telegram")
