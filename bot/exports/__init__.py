"""Exports of chats: DiscordChatExporter's JSON and CSV, and Telegram Desktop's `result.json`, read as they stream."""

from bot.exports.exported import Chat, Exported, Reader
from bot.exports.reading import opened

__all__ = ["Chat", "Exported", "Reader", "opened"]
