"""Who somebody is and where something stands, in the bot's words."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, TypeAlias

import discord

from bot.conversation import Person, Place

PLATFORM: Final = "discord"
KEPT: Final = 10_000  # people whose language is remembered

Channel: TypeAlias = discord.abc.GuildChannel | discord.Thread | discord.PartialMessageable | discord.abc.PrivateChannel

NEEDED: Final = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    attach_files=True,
    read_message_history=True,
)  # what the invite link asks for: writing, threads for stories, exports, and replies


class Languages:
    """What people read: messages do not tell, so what their last interaction told is remembered."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, str] = OrderedDict()

    def learn(self, person: str, locale: str) -> None:
        """Remembers what somebody reads."""
        self._known[person] = locale
        self._known.move_to_end(person)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)

    def of(self, person: str, otherwise: str) -> str:
        """What somebody reads, as far as that is known."""
        return self._known.get(person, otherwise)


def asking(interaction: discord.Interaction[discord.AutoShardedClient]) -> Person:
    """Who uses a command or presses a button; everybody manages the channel that they share with the bot alone."""
    user = interaction.user
    admin = interaction.guild_id is None or interaction.permissions.manage_guild
    return Person(PLATFORM, str(user.id), user.display_name, admin, interaction.locale.value)


def writing(message: discord.Message, languages: Languages) -> Person:
    """Who wrote a message."""
    author, guild = message.author, message.guild
    admin = guild is None or (isinstance(author, discord.Member) and author.guild_permissions.manage_guild)
    otherwise = "en-US" if guild is None else guild.preferred_locale.value
    language = languages.of(str(author.id), otherwise)
    return Person(PLATFORM, str(author.id), author.display_name, admin, language)


def place_of(channel: object, guild: int | None) -> Place:
    """The place that a channel is; a thread hangs under its channel."""
    server = None if guild is None else str(guild)
    if isinstance(channel, discord.Thread):
        return Place(PLATFORM, str(channel.id), str(channel.parent_id), server)
    assert isinstance(channel, discord.abc.Snowflake)
    return Place(PLATFORM, str(channel.id), guild=server)


def lacking(held: discord.Permissions, *, thread: bool, files: bool = False) -> str:
    """What a bot with these permissions lacks to write somewhere, by the names that Discord's settings show."""
    needed = {
        "View Channel": held.view_channel,
        "Send Messages": held.send_messages or thread,
        "Send Messages in Threads": held.send_messages_in_threads or not thread,
        "Attach Files": held.attach_files or not files,
    }
    return ", ".join(name for name, there in needed.items() if not there)
