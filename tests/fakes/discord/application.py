"""The application: its flags and its registered commands."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from tests.fakes.discord.faults import Json, Refusal
from tests.fakes.discord.limits.command import SLASH, check_commands

if TYPE_CHECKING:
    from tests.fakes.discord.server import DiscordServer

CREATIONS: Final = 200  # new commands a day and guild; Discord API v10, application commands
GLOBAL: Final = 0  # the scope of commands that belong to no guild

# Privileged intents, and the application's flag that says each is on (limited: under 100 guilds).
MEMBERS_INTENT, PRESENCES_INTENT, CONTENT_INTENT = 1 << 1, 1 << 8, 1 << 15
FLAG_OF_INTENT: Final = {PRESENCES_INTENT: 1 << 13, MEMBERS_INTENT: 1 << 15, CONTENT_INTENT: 1 << 19}

DEFAULTS: Final[Json] = {
    "name_localizations": None,
    "description": "",
    "description_localizations": None,
    "options": [],
    "default_member_permissions": None,
    "nsfw": False,
    "contexts": None,
    "integration_types": [0],
}


class Application:
    """What the developer portal knows about the bot."""

    def __init__(self, server: DiscordServer, *, message_content: bool, members: bool) -> None:
        self._server = server
        self.id = server.snowflakes.next()
        self.name = "Planchette"
        self.public = True
        self.intents = (CONTENT_INTENT if message_content else 0) | (MEMBERS_INTENT if members else 0)
        self.registered: dict[int, dict[int, Json]] = {GLOBAL: {}}  # by guild, then by id
        self.creations: Counter[int] = Counter()  # by guild

    @property
    def flags(self) -> int:
        """As the API tells which privileged intents are on."""
        return sum(flag for intent, flag in FLAG_OF_INTENT.items() if self.intents & intent)

    @property
    def commands(self) -> list[Json]:
        """The global commands."""
        return list(self.registered[GLOBAL].values())

    @property
    def guild_commands(self) -> dict[int, list[Json]]:
        """The commands of each guild that has its own."""
        return {guild: list(commands.values()) for guild, commands in self.registered.items() if guild != GLOBAL}

    def overwrite(self, guild: int, bodies: list[Json]) -> list[Json]:
        """Replaces all commands of a scope: same names keep their ids, the rest go.

        Raises:
            Refusal: one goes past a limit; then nothing changes.
        """
        check_commands(bodies)
        known = {(command["type"], command["name"]): command for command in self._scope(guild).values()}
        fresh = [self._command(guild, body, known) for body in bodies]
        self._count(guild, sum(command["id"] not in {old["id"] for old in known.values()} for command in fresh))
        self.registered[guild] = {int(command["id"]): command for command in fresh}
        return fresh

    def create(self, guild: int, body: Json) -> Json:
        """Adds a command, or replaces the one of that name."""
        key = (body.get("type") or SLASH, body.get("name"))
        others = [command for command in self._scope(guild).values() if (command["type"], command["name"]) != key]
        return self.overwrite(guild, [*others, body])[-1]

    def change(self, guild: int, command: int, body: Json) -> Json:
        """Changes some fields of a command."""
        changed = self.find(guild, command) | body
        check_commands([*(old for id_, old in self._scope(guild).items() if id_ != command), changed])
        changed["version"] = str(self._server.snowflakes.next())
        self._scope(guild)[command] = changed
        return changed

    def delete(self, guild: int, command: int) -> None:
        """Takes a command away."""
        self.find(guild, command)
        del self._scope(guild)[command]

    def find(self, guild: int, command: int) -> Json:
        """The command of that id.

        Raises:
            Refusal: 10063, there is none.
        """
        try:
            return self._scope(guild)[command]
        except KeyError:
            raise Refusal(404, 10063, "Unknown application command") from None

    def _scope(self, guild: int) -> dict[int, Json]:
        return self.registered.setdefault(guild, {})

    def _command(self, guild: int, body: Json, known: dict[tuple[int, str], Json]) -> Json:
        kind = body.get("type") or SLASH
        old = known.get((kind, body["name"]))
        given = {name: value for name, value in body.items() if value is not None}
        command = DEFAULTS | given | {"type": kind, "application_id": str(self.id)}
        if guild != GLOBAL:
            command["guild_id"] = str(guild)
        command["default_member_permissions"] = _text(command["default_member_permissions"])
        ids = {} if old is None else {"id": old["id"], "version": old["version"]}
        if old is not None and old == command | ids:
            return old
        version = str(self._server.snowflakes.next())
        return command | {"id": version if old is None else old["id"], "version": version}

    def _count(self, guild: int, created: int) -> None:
        if self.creations[guild] + created > CREATIONS:
            raise Refusal(400, 30034, f"Max number of daily application command creates has been reached ({CREATIONS})")
        self.creations[guild] += created

    def payload(self) -> Json:
        """As GET /applications/@me describes it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "description": "",
            "type": None,
            "bot": self._server.bot.payload(),
            "summary": "",
            "bot_public": self.public,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": self.flags,
            "hook": True,
            "owner": self._server.bot.payload(),
            "team": None,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "approximate_guild_count": len(self._server.guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "eligible_oauth2_scopes": [],
            "explicit_content_filter": 0,
            "flags_new": str(self.flags),
            "integration_types_config": {"0": {}},
        }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
