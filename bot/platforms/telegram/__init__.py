"""Telegram as a platform; needs the extra `telegram`."""

from bot.platforms.telegram.adapter import Telegram

__all__ = ["Telegram"]
