"""The application's commands, for every guild or for one."""

from __future__ import annotations

from tests.fakes.discord.application import GLOBAL
from tests.fakes.discord.faults import Refusal
from tests.fakes.discord.rest.routing import YES, Call, Handler, route

EVERYWHERE = "/applications/{application_id}/commands"
IN_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def scope(call: Call) -> int:
    """The guild whose commands are meant, or all guilds.

    Raises:
        Refusal: it is another's application, or a guild that the bot is not in.
    """
    if call.id("application_id") != call.server.application.id:
        raise Refusal(403, 20012, "You are not authorized to perform this action on this application")
    if "guild_id" not in call.params:
        return GLOBAL
    if call.id("guild_id") not in call.server.guilds:
        raise Refusal(403, 50001, "Missing Access")
    return call.id("guild_id")


def everywhere(method: str, path: str, handler: Handler) -> None:
    """Registers a handler for both scopes."""
    route(method, EVERYWHERE + path, major="application_id")(handler)
    route(method, IN_GUILD + path, major="guild_id")(handler)


def all_commands(call: Call) -> object:
    """The registered commands, in other languages too only where that is asked for."""
    registered = call.server.application.registered.get(scope(call), {}).values()
    if call.query.get("with_localizations") in YES:
        return list(registered)
    return [{key: value for key, value in each.items() if "localizations" not in key} for each in registered]


def overwrite(call: Call) -> object:
    """Replaces all commands."""
    return call.server.application.overwrite(scope(call), call.body or [])


def create(call: Call) -> object:
    """Adds or replaces one command."""
    return call.server.application.create(scope(call), call.body)


def one(call: Call) -> object:
    """One command."""
    return call.server.application.find(scope(call), call.id("command_id"))


def change(call: Call) -> object:
    """Changes one command."""
    return call.server.application.change(scope(call), call.id("command_id"), call.body)


def delete(call: Call) -> object:
    """Takes one command away."""
    call.server.application.delete(scope(call), call.id("command_id"))
    return None


everywhere("GET", "", all_commands)
everywhere("PUT", "", overwrite)
everywhere("POST", "", create)
everywhere("GET", "/{command_id}", one)
everywhere("PATCH", "/{command_id}", change)
everywhere("DELETE", "/{command_id}", delete)
