"""Discord: slash commands, buttons and forms on the platform's own library, discord.py."""

from bot.platforms.discord.adapter import Discord

__all__ = ["Discord"]
