"""What a Discord client makes of a person's command: it offers what is registered, typed, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.fakes.discord import permissions
from tests.fakes.discord.application import GLOBAL
from tests.fakes.discord.channels import Channel
from tests.fakes.discord.faults import Json
from tests.fakes.discord.limits.command import GROUP, INTEGER, NUMBER, STRING, SUBCOMMAND
from tests.fakes.discord.messages import Message, Upload

if TYPE_CHECKING:
    from tests.fakes.discord.users import User

BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT = 5, 6, 7, 8, 9, 11
STRING_MOST: Final = 6000  # characters of a string option


class CommandNotOffered(AssertionError):
    """A client would not let this person send this command here, or these values with it."""


def offered(user: User, channel: Channel, kind: int, name: str, *, anyway: bool) -> Json:
    """The registered command of that name, as this person sees it in this channel.

    Raises:
        CommandNotOffered: it is not registered, or hidden here from this person.
    """
    application, guild = user.server.application, channel.guild
    scopes = [application.registered.get(guild.id, {})] if guild is not None else []
    scopes.append(application.registered[GLOBAL])
    found = [
        command for scope in scopes for command in scope.values() if command["name"] == name and command["type"] == kind
    ]
    if not found:
        known = sorted(command["name"] for scope in scopes for command in scope.values())
        raise CommandNotOffered(f"there is no command {name}, only {known}")
    command = found[0]
    contexts = command.get("contexts")
    if contexts is not None and (1 if guild is None else 0) not in contexts:
        raise CommandNotOffered(f"{name} is not offered in {channel}")
    needed = int(command["default_member_permissions"] or 0)
    if guild is not None and not anyway:
        held = guild.permissions_of(user)
        closed = command["default_member_permissions"] == "0" and not held & permissions.ADMINISTRATOR
        if closed or needed & ~held:
            raise CommandNotOffered(f"{name} is hidden from {user.name}, who lacks its default permissions")
    return command


def at(command: Json, path: list[str]) -> list[Json]:
    """The chain from a command down to the subcommand of this path.

    Raises:
        CommandNotOffered: there is no such subcommand, or the path stops above one.
    """
    chain = [command]
    for name in path:
        inner = [
            option
            for option in chain[-1].get("options") or []
            if option["type"] in (SUBCOMMAND, GROUP) and option["name"] == name
        ]
        if not inner:
            raise CommandNotOffered(f"{chain[-1]['name']} has no subcommand {name}")
        chain.append(inner[0])
    if any(option["type"] in (SUBCOMMAND, GROUP) for option in chain[-1].get("options") or []):
        raise CommandNotOffered(f"{chain[-1]['name']} needs a subcommand")
    return chain


def command_data(
    user: User, channel: Channel, chain: list[Json], values: dict[str, Any], *, focused: str | None = None
) -> tuple[Json, int | None]:
    """The `data` of a command's interaction, and the type of the option that is being typed.

    Raises:
        CommandNotOffered: a value is unknown, missing, of the wrong type or out of range.
    """
    declared = {option["name"]: option for option in chain[-1].get("options") or []}
    if unknown := set(values) - set(declared):
        raise CommandNotOffered(f"{chain[-1]['name']} has no option {sorted(unknown)}, only {sorted(declared)}")
    resolved: dict[str, dict[str, Json]] = {}
    options: list[Json] = []
    for name, option in declared.items():
        if name == focused:
            if not option.get("autocomplete"):
                raise CommandNotOffered(f"{name} is not completed")
            typed = str(values.get(name, ""))
            options.append({"name": name, "type": option["type"], "value": typed, "focused": True})
        elif name in values:
            value = checked(user, channel, option, values[name], resolved)
            options.append({"name": name, "type": option["type"], "value": value})
        elif option.get("required") and focused is None:
            raise CommandNotOffered(f"{name} is required")
    for part in reversed(chain[1:]):
        options = [{"name": part["name"], "type": part["type"], "options": options}]
    command = chain[0]
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"], "options": options}
    if resolved:
        data["resolved"] = resolved
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data, None if focused is None else declared[focused]["type"]


def checked(
    user: User, channel: Channel, option: Json, value: object, resolved: dict[str, dict[str, Json]]
) -> str | int | float | bool:
    """A value as it stands in an interaction; objects are put into `resolved` and named by their id.

    Raises:
        CommandNotOffered: a client would not send it.
    """
    name, kind = option["name"], option["type"]
    choices = option.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        raise CommandNotOffered(f"{name} offers {[choice['value'] for choice in choices]}, not {value!r}")
    if kind == STRING and isinstance(value, str):
        least, most = option.get("min_length") or 0, option.get("max_length") or STRING_MOST
        if not least <= len(value) <= most:
            raise CommandNotOffered(f"{name} takes {least} to {most} characters, not {len(value)}")
        return value
    if kind == BOOLEAN and isinstance(value, bool):
        return value
    if kind in (INTEGER, NUMBER) and isinstance(value, int | float) and not isinstance(value, bool):
        least, most = option.get("min_value"), option.get("max_value")
        if (least is not None and value < least) or (most is not None and value > most):
            raise CommandNotOffered(f"{name} takes {least} to {most}, not {value}")
        if kind == NUMBER or isinstance(value, int):
            return value
    return resolve(user, channel, kind, name, value, resolved)


def resolve(
    user: User, channel: Channel, kind: int, name: str, value: object, resolved: dict[str, dict[str, Json]]
) -> str:
    """The id of a file, person or channel that is given as a value."""
    if kind == ATTACHMENT and isinstance(value, Upload):
        kept = user.server.desk.attachment(value)
        resolved.setdefault("attachments", {})[str(kept.id)] = kept.payload() | {"ephemeral": True}
        return str(kept.id)
    if kind == CHANNEL and isinstance(value, Channel):
        resolved.setdefault("channels", {})[str(value.id)] = value.payload() | {"permissions": str(permissions.PEOPLE)}
        return str(value.id)
    if kind in (USER, MENTIONABLE) and isinstance(value, type(user)):
        add_user(channel, value, resolved)
        return str(value.id)
    raise CommandNotOffered(f"{name} does not take {value!r}")


def add_user(channel: Channel, user: User, resolved: dict[str, dict[str, Json]]) -> None:
    """Describes a person among the resolved objects."""
    resolved.setdefault("users", {})[str(user.id)] = user.payload()
    if channel.guild is not None:
        member = channel.guild.member_payload(user)
        del member["user"], member["deaf"], member["mute"]
        member["permissions"] = str(channel.guild.permissions_of(user))
        resolved.setdefault("members", {})[str(user.id)] = member


def target_data(channel: Channel, command: Json, target: Message | User) -> Json:
    """The `data` of a context menu's interaction."""
    resolved: dict[str, dict[str, Json]] = {}
    if isinstance(target, Message):
        resolved["messages"] = {str(target.id): target.payload()}
    else:
        add_user(channel, target, resolved)
    return {
        "id": command["id"],
        "name": command["name"],
        "type": command["type"],
        "target_id": str(target.id),
        "resolved": resolved,
    }
