"""What `planchette doctor` says of Discord."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord as library
import pytest
from pydantic import SecretStr

from bot.configuration import Configuration, DiscordKeys
from bot.shell.checks import Finding, State
from bot.shell.discord import discord_findings, invite_link
from tests.fakes.discord import DiscordServer


async def found(home: Path, discord: DiscordServer, **keys: object) -> dict[str, list[Finding]]:
    """The findings by what was looked at."""
    told = {"token": SecretStr(discord.token), "api": discord.api} | keys
    configuration = Configuration(home=home, discord=DiscordKeys(**told))
    by_check: dict[str, list[Finding]] = {}
    async for finding in discord_findings(configuration):
        by_check.setdefault(finding.check, []).append(finding)
    return by_check


async def test_all_is_well(home: Path) -> None:
    """A good token is named with its application and servers, and the link that invites the bot."""
    async with DiscordServer() as discord:
        discord.guild("Writers")

        findings = await found(home, discord)

        assert {finding.state for each in findings.values() for finding in each} == {State.GOOD}
        assert "1 server." in findings["discord"][0].text
        assert "oauth2/authorize" in findings["discord invite"][0].text
        assert discord.faults == []


async def test_no_token(home: Path) -> None:
    """Without a token there is nothing to look at."""
    assert [finding async for finding in discord_findings(Configuration(home=home))] == []


async def test_wrong_token(home: Path) -> None:
    """A token that Discord does not know is a problem, with where to get another."""
    async with DiscordServer() as discord:
        findings = await found(home, discord, token=SecretStr("wrong"))

        (finding,) = findings["discord"]
        assert finding.state is State.PROBLEM
        assert "discord.token" in finding.text


async def test_away(home: Path) -> None:
    """A Discord that does not answer is a problem, with the address that was tried."""
    async with DiscordServer() as discord:
        discord.go_down()

        findings = await found(home, discord)

        (finding,) = findings["discord"]
        assert finding.state is State.PROBLEM
        assert discord.api in finding.text


async def test_missing_on_an_allowed_server(home: Path) -> None:
    """A server of the list that the bot is not on comes with a link for that server; one that is no id is named."""
    async with DiscordServer() as discord:
        guild = discord.guild("Writers")

        findings = await found(home, discord, guilds=(str(guild.id), "123456", "Writers"))

        missing, unknown = findings["discord guilds"]
        assert missing.state is State.PROBLEM
        assert "guild_id=123456" in missing.text
        assert unknown.text.startswith("Writers in discord.guilds is no server's id")


async def test_on_a_server_that_is_not_allowed(home: Path) -> None:
    """A server on which the bot does nothing is noted."""
    async with DiscordServer() as discord:
        guild, other = discord.guild("Writers"), discord.guild("Elsewhere")

        findings = await found(home, discord, guilds=(str(guild.id),))

        (note,) = findings["discord guilds"]
        assert note.state is State.NOTE
        assert str(other.id) in note.text


async def test_lacking_permissions(home: Path) -> None:
    """A server whose roles do not let the bot do all it does is noted, with what is lacking."""
    async with DiscordServer() as discord:
        guild = discord.guild("Writers")
        guild.everyone &= ~library.Permissions(attach_files=True, view_channel=True).value
        guild.granted = 0

        findings = await found(home, discord)

        (note,) = findings["discord permissions"]
        assert note.state is State.NOTE
        assert "View Channels, Attach Files" in note.text


@pytest.mark.parametrize("guild", [None, "123456"])
def test_exactly_the_permissions_needed(guild: str | None) -> None:
    """The invite link asks for commands and for what the bot does, and for nothing else."""
    asked = parse_qs(urlsplit(invite_link(42, guild)).query)

    granted = {name for name, held in library.Permissions(int(asked["permissions"][0])) if held}
    assert granted == {
        "read_messages",  # the library's older name of «View Channels»
        "send_messages",
        "send_messages_in_threads",
        "create_public_threads",
        "attach_files",
        "read_message_history",
    }
    assert asked["scope"] == ["bot applications.commands"]
    assert asked.get("guild_id") == ([guild] if guild else None)
