"""What `planchette doctor` finds out about Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bot.shell.checks import Finding, State
from generators.errors import MissingExtra

if TYPE_CHECKING:
    from discord import AppInfo

    from bot.configuration import Configuration, DiscordKeys

PATIENCE: Final = 20.0  # seconds for all answers
GUILDS: Final = 200  # servers that are looked at; Discord names so many at once
NAMES: Final = {"read_messages": "View Channels"}  # as Discord's settings have them
PAGE: Final = "https://discord.com/developers/applications"

Guild: TypeAlias = dict[str, Any]


async def discord_findings(configuration: Configuration) -> AsyncIterator[Finding]:
    """Whether the token is good, what the application lets the bot hear, and where the bot is and should be."""
    keys = configuration.discord
    if keys.token is None:
        return
    if find_spec("discord") is None:
        yield Finding("discord", State.PROBLEM, MissingExtra("Discord", "discord").sentence())
        return
    import discord

    from bot.platforms.discord.adapter import OUTAGES
    from bot.platforms.discord.errors import WrongToken

    try:
        application, guilds = await _asked(keys)
    except discord.LoginFailure:
        yield Finding("discord", State.PROBLEM, WrongToken().sentence())
    except OUTAGES as fault:
        reason = str(fault) or type(fault).__name__
        text = f"{keys.api} does not answer ({reason}); mend the connection, or discord.api if that is wrong."
        yield Finding("discord", State.PROBLEM, text)
    else:
        for finding in (*_application(application, guilds), *_guilds(application, guilds, keys.guilds or ())):
            yield finding


def invite_link(application: int, guild: str | None = None) -> str:
    """Where somebody who manages a server invites the bot, with exactly the permissions that it needs."""
    import discord

    from bot.platforms.discord.people import NEEDED

    where = discord.utils.MISSING if guild is None else discord.Object(int(guild))
    scopes = ("bot", "applications.commands")
    return discord.utils.oauth_url(application, permissions=NEEDED, scopes=scopes, guild=where)


async def _asked(keys: DiscordKeys) -> tuple[AppInfo, list[Guild]]:
    """The application, and the servers that the bot is on, as Discord describes them."""
    import discord
    from discord.http import Route

    from bot.platforms.discord.client import INTENTS

    Route.BASE = keys.api.rstrip("/")
    token = "" if keys.token is None else keys.token.get_secret_value()
    async with discord.Client(intents=INTENTS) as client, asyncio.timeout(PATIENCE):
        await client.login(token)
        guilds: Any = await client.http.get_guilds(GUILDS, with_counts=False)
        return await client.application_info(), list(guilds)


def _application(application: AppInfo, guilds: Sequence[Guild]) -> Iterator[Finding]:
    where = f"{len(guilds)} servers" if len(guilds) != 1 else "1 server"
    yield Finding("discord", State.GOOD, f"The token is that of {application.name}, which is on {where}.")
    if application.interactions_endpoint_url is not None:
        text = (
            f"Commands and buttons are sent to {application.interactions_endpoint_url} instead of the bot; take "
            f"«Interactions Endpoint URL» out on the page «General Information» at {PAGE}."
        )
        yield Finding("discord commands", State.PROBLEM, text)
    text = (
        "No privileged intent is needed: messages are read only where they mention the bot, reply to it or are direct."
    )
    yield Finding("discord intents", State.GOOD, text)
    if application.bot_require_code_grant:
        text = f"Nobody can invite the bot; switch «Requires OAuth2 Code Grant» off on the page «Bot» at {PAGE}."
        yield Finding("discord invite", State.PROBLEM, text)
        return
    only = "" if application.bot_public else " Only its owner can use it («Public Bot» on the page «Bot» opens it)."
    yield Finding("discord invite", State.GOOD, f"{invite_link(application.id)} invites it.{only}")


def _guilds(application: AppInfo, guilds: Sequence[Guild], allowed: Sequence[str]) -> Iterator[Finding]:
    """Where the bot should be and is not, where it is and does nothing, and what it lacks."""
    names = {str(guild["id"]): str(guild["name"]) for guild in guilds}
    for missing in allowed:
        if missing not in names and not missing.isdecimal():
            text = f"{missing} in discord.guilds is no server's id; «Copy Server ID» in a server's menu gives it."
            yield Finding("discord guilds", State.PROBLEM, text)
        elif missing not in names and len(guilds) < GUILDS:
            link = invite_link(application.id, missing)
            yield Finding(
                "discord guilds", State.PROBLEM, f"The bot is not on the server {missing}; {link} invites it."
            )
    for guild in guilds:
        if allowed and str(guild["id"]) not in allowed:
            text = (
                f"The bot is on {guild['name']} ({guild['id']}), which is not in discord.guilds: it does nothing there."
            )
            yield Finding("discord guilds", State.NOTE, text)
        elif lacks := _lacks(int(guild.get("permissions", 0))):
            text = f"On {guild['name']} its role lacks {lacks}; grant it there, or invite the bot anew with the link."
            yield Finding("discord permissions", State.NOTE, text)


def _lacks(held: int) -> str:
    """What the bot's roles do not grant on a server; channels may differ."""
    from discord import Permissions

    from bot.platforms.discord.people import NEEDED

    has = Permissions(held)
    if has.administrator:
        return ""
    lacking = [name for name, needed in NEEDED if needed and not getattr(has, name)]
    return ", ".join(NAMES.get(name) or name.replace("_", " ").title() for name in lacking)
