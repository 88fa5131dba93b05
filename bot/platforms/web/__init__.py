"""The web room: a chat in the browser that needs no account, over an API that programs use as well."""

from bot.platforms.web.room import WebRoom

__all__ = ["WebRoom"]
