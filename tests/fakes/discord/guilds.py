"""Guilds: servers, in the words of people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from tests.fakes.discord import permissions
from tests.fakes.discord.channels import GUILDS_INTENT, Channel
from tests.fakes.discord.clock import moment
from tests.fakes.discord.faults import Json

if TYPE_CHECKING:
    from tests.fakes.discord.server import DiscordServer
    from tests.fakes.discord.users import User

INVITED: Final = permissions.PEOPLE  # what the invite link gave the bot, unless a test says otherwise

NOTHING: Final[dict[str, Any]] = {
    "icon": None,
    "home_header": None,
    "region": "",
    "widget_enabled": False,
    "widget_channel_id": None,
    "max_presences": None,
    "max_members": 500_000,
    "max_stage_video_channel_users": 50,
    "max_video_channel_users": 25,
    "premium_subscription_count": 0,
    "nsfw": False,
    "incidents_data": None,
    "splash": None,
    "discovery_splash": None,
    "banner": None,
    "description": None,
    "afk_channel_id": None,
    "afk_timeout": 300,
    "verification_level": 0,
    "default_message_notifications": 0,
    "explicit_content_filter": 0,
    "mfa_level": 0,
    "nsfw_level": 0,
    "premium_tier": 0,
    "premium_progress_bar_enabled": False,
    "system_channel_id": None,
    "system_channel_flags": 0,
    "rules_channel_id": None,
    "public_updates_channel_id": None,
    "safety_alerts_channel_id": None,
    "application_id": None,
    "vanity_url_code": None,
    "emojis": [],
    "stickers": [],
    "features": [],
}


class Guild:
    """A server with its channels and members, in which the bot is one."""

    def __init__(self, server: DiscordServer, name: str, *, preferred_locale: str, roles: int) -> None:
        self.server = server
        self.id = server.snowflakes.next_guild()
        self.name = name
        self.preferred_locale = preferred_locale
        self.owner = server.user(f"owner of {name}")
        self.channels: list[Channel] = []
        self.members: dict[int, int] = {self.owner.id: permissions.ADMINISTRATOR}  # permissions by user
        self.everyone = permissions.PEOPLE
        self.granted = INVITED
        self.unavailable = False
        self.bot_role = server.snowflakes.next()
        self.roles = [server.snowflakes.next() for _ in range(roles)]
        self.offices: dict[int, int] = {}  # the role of each member who may do more than everybody, by user

    def __repr__(self) -> str:
        return f"<guild {self.name}>"

    def __getitem__(self, name: str) -> Channel:
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise KeyError(name)

    def add_channel(self, name: str, deny: Iterable[str] = ()) -> Channel:
        """A text channel, not announced: the guild itself is still to be."""
        channel = Channel(self.server, name, guild=self)
        channel.denied = permissions.bits(deny)
        self.channels.append(channel)
        self.server.channels[channel.id] = channel
        return channel

    def channel(self, name: str, *, deny: Iterable[str] = ()) -> Channel:
        """A new text channel, in which the bot lacks the permissions `deny`."""
        channel = self.add_channel(name, deny)
        self.server.gateway.dispatch("CHANNEL_CREATE", channel.payload(), guild=self, intent=GUILDS_INTENT)
        return channel

    def member(self, user: User, *names: str) -> User:
        """Makes somebody a member who holds these permissions beyond everybody's."""
        self.members[user.id] = self.members.get(user.id, 0) | permissions.bits(names)
        if names:
            known = user.id in self.offices
            role = self.offices.setdefault(user.id, self.server.snowflakes.next())
            payload = {"guild_id": str(self.id), "role": self._office(user.id, role)}
            event = "GUILD_ROLE_UPDATE" if known else "GUILD_ROLE_CREATE"
            self.server.gateway.dispatch(event, payload, guild=self, intent=GUILDS_INTENT)
        return user

    def grant(self, *names: str) -> None:
        """What the bot may do in this guild: these permissions and no others beyond everybody's viewing."""
        self.granted = permissions.bits(names)
        self.everyone = permissions.VIEW
        for role in self.role_payloads()[:2]:
            payload = {"guild_id": str(self.id), "role": role}
            self.server.gateway.dispatch("GUILD_ROLE_UPDATE", payload, guild=self, intent=GUILDS_INTENT)

    def permissions_of(self, user: User) -> int:
        """What a member may do, as bits."""
        held = self.everyone | self.members.get(user.id, 0)
        return permissions.EVERYTHING if held & permissions.ADMINISTRATOR else held

    def remove(self) -> None:
        """Somebody removes the bot from the guild."""
        for channel in self.channels:
            for place in (channel, *channel.threads):
                self.server.channels.pop(place.id, None)
        del self.server.guilds[self.id]
        self.server.gateway.dispatch("GUILD_DELETE", {"id": str(self.id)}, guild=self, intent=GUILDS_INTENT)

    def outage(self) -> None:
        """The guild is unavailable for a while."""
        self.unavailable = True
        payload = {"id": str(self.id), "unavailable": True}
        self.server.gateway.dispatch("GUILD_DELETE", payload, guild=self, intent=GUILDS_INTENT)

    def recover(self) -> None:
        """The guild is available again."""
        self.unavailable = False
        self.server.gateway.dispatch("GUILD_CREATE", self.created(), guild=self, intent=GUILDS_INTENT)

    def payload(self) -> Json:
        """As GET /guilds/{guild_id} describes it."""
        return NOTHING | {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner.id),
            "preferred_locale": self.preferred_locale,
            "roles": self.role_payloads(),
        }

    def role_payloads(self) -> list[Json]:
        """@everyone, the bot's role, and the rest."""
        return [
            self._role(self.id, "@everyone", self.everyone),
            self._role(self.bot_role, self.server.bot.name, self.granted),
            *(self._role(role, f"role {index}", 0) for index, role in enumerate(self.roles)),
            *(self._office(user, role) for user, role in self.offices.items()),
        ]

    def _office(self, user: int, role: int) -> Json:
        return self._role(role, f"role of {self.server.users[user].name}", self.members[user])

    def _role(self, role: int, name: str, held: int) -> Json:
        return {
            "id": str(role),
            "name": name,
            "permissions": str(held),
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "position": 0 if role == self.id else 1,
            "managed": role == self.bot_role,
            "mentionable": False,
            "flags": 0,
        }

    def member_payload(self, user: User) -> Json:
        """A member as the API describes it."""
        roles = {self.server.bot.id: self.bot_role, **self.offices}
        return {
            "user": user.payload(),
            "nick": None,
            "avatar": None,
            "banner": None,
            "roles": [str(roles[user.id])] if user.id in roles else [],
            "joined_at": moment(self.server.started),
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }

    def created(self) -> Json:
        """As GUILD_CREATE describes it: of the members, only the bot itself."""
        return self.payload() | {
            "joined_at": moment(self.server.started),
            "large": False,
            "unavailable": False,
            "member_count": len(self.members) + 1,
            "members": [self.member_payload(self.server.bot)],
            "channels": [channel.payload() for channel in self.channels],
            "threads": [
                thread.payload() for channel in self.channels for thread in channel.threads if not thread.archived
            ],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
