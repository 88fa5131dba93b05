"""Who the bot is, where the gateway is, and who is in which guild."""

from __future__ import annotations

from tests.fakes.discord import permissions
from tests.fakes.discord.faults import Refusal
from tests.fakes.discord.rest.routing import Call, route

IDENTIFIES = 1000  # a day; Discord API v10, gateway


@route("GET", "/gateway")
def gateway(call: Call) -> object:
    """Where the gateway is."""
    return {"url": call.server.gateway_url}


@route("GET", "/gateway/bot")
def gateway_for_bot(call: Call) -> object:
    """Where the gateway is, in how many shards, and how many identifies are left today."""
    left = IDENTIFIES - call.server.gateway.identifies
    limit = {"total": IDENTIFIES, "remaining": left, "reset_after": 86_400_000, "max_concurrency": 16}
    return {"url": call.server.gateway_url, "shards": call.server.shards, "session_start_limit": limit}


@route("GET", "/users/@me")
def me(call: Call) -> object:
    """The bot's own account."""
    return call.server.bot.payload() | {"verified": True, "mfa_enabled": True, "locale": "en-US", "email": None}


@route("GET", "/users/@me/guilds")
def my_guilds(call: Call) -> object:
    """The guilds that the bot is in, with its permissions there."""
    after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 200))
    guilds = [guild for guild in sorted(call.server.guilds.values(), key=lambda guild: guild.id) if guild.id > after]
    return [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(guild.everyone | guild.granted),
            "features": [],
        }
        for guild in guilds[:limit]
    ]


@route("POST", "/users/@me/channels")
def open_direct_channel(call: Call) -> object:
    """The direct channel with a person."""
    user = call.server.users.get(int(call.body.get("recipient_id") or 0))
    if user is None:
        raise Refusal(404, 10013, "Unknown User")
    return call.server.dm(user).payload()


@route("GET", "/users/{user_id}")
def user(call: Call) -> object:
    """Anybody's account."""
    found = call.server.users.get(call.id("user_id"))
    if found is None:
        raise Refusal(404, 10013, "Unknown User")
    return found.payload()


@route("GET", "/applications/@me")
def application(call: Call) -> object:
    """The application."""
    return call.server.application.payload()


@route("GET", "/oauth2/applications/@me")
def oauth_application(call: Call) -> object:
    """The application, by its older path."""
    return call.server.application.payload()


@route("GET", "/guilds/{guild_id}", major="guild_id")
def guild(call: Call) -> object:
    """A guild that the bot is in."""
    return call.guild().payload()


@route("GET", "/guilds/{guild_id}/channels", major="guild_id")
def guild_channels(call: Call) -> object:
    """The channels of a guild."""
    return [channel.payload() for channel in call.guild().channels]


@route("GET", "/guilds/{guild_id}/roles", major="guild_id")
def guild_roles(call: Call) -> object:
    """The roles of a guild."""
    return call.guild().role_payloads()


@route("GET", "/guilds/{guild_id}/members/{user_id}", major="guild_id")
def guild_member(call: Call) -> object:
    """A member of a guild."""
    found = call.guild()
    person = call.server.users.get(call.id("user_id"))
    if person is None or (person is not call.server.bot and person.id not in found.members):
        raise Refusal(404, 10007, "Unknown Member")
    return found.member_payload(person)


@route("GET", "/guilds/{guild_id}/threads/active", major="guild_id")
def active_threads(call: Call) -> object:
    """The threads of a guild that are not archived."""
    threads = [thread for channel in call.guild().channels for thread in channel.threads if not thread.archived]
    seen = [thread for thread in threads if thread.permissions_of_bot() & permissions.VIEW]
    return {"threads": [thread.payload() for thread in seen], "members": [], "has_more": False}
