"""Methods about the bot itself: who it is, its menus and descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.fakes.telegram.limits import DESCRIPTION, SHORT_DESCRIPTION, check_commands, check_language
from tests.fakes.telegram.menus import Scope, scope_of
from tests.fakes.telegram.methods.asking import Method, Parameters, chat_of
from tests.fakes.telegram.refusal import bad_request

if TYPE_CHECKING:
    from tests.fakes.telegram.server import TelegramServer


def get_me(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """The bot as a User."""
    return {
        **telegram.bot.json(),
        "can_join_groups": True,
        "can_read_all_group_messages": telegram.can_read_all_group_messages,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
    }


def set_my_commands(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Sets a menu."""
    check_commands(parameters["commands"])
    scope, language = _menu(telegram, parameters)
    telegram.menus.set(scope, language, parameters["commands"])
    return True


def get_my_commands(telegram: TelegramServer, parameters: Parameters) -> list[dict[str, Any]]:
    """A menu as it was set for exactly this scope and language."""
    return telegram.menus.get(*_menu(telegram, parameters))


def delete_my_commands(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Deletes a menu."""
    telegram.menus.set(*_menu(telegram, parameters), [])
    return True


def set_my_description(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Sets what an empty chat with the bot shows."""
    return _described(telegram.description, parameters, "description", DESCRIPTION)


def set_my_short_description(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Sets what the bot's profile shows."""
    return _described(telegram.short_description, parameters, "short_description", SHORT_DESCRIPTION)


def get_my_description(telegram: TelegramServer, parameters: Parameters) -> dict[str, str]:
    """What an empty chat with the bot shows."""
    return {"description": telegram.description.get(check_language(parameters), "")}


def get_my_short_description(telegram: TelegramServer, parameters: Parameters) -> dict[str, str]:
    """What the bot's profile shows."""
    return {"short_description": telegram.short_description.get(check_language(parameters), "")}


def log_out(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Ends the bot's session on this server."""
    telegram.logged_out = True
    return True


def close(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Lets the bot move between local servers; nothing to do here."""
    return True


def _menu(telegram: TelegramServer, parameters: Parameters) -> tuple[Scope, str]:
    scope = scope_of(parameters)
    if len(scope) > 1:
        chat_of(telegram, {"chat_id": scope[1]})
    return scope, check_language(parameters)


def _described(descriptions: dict[str, str], parameters: Parameters, name: str, most: int) -> bool:
    text = parameters.get(name, "")
    if len(text) > most:
        raise bad_request(f"{name} is too long")
    descriptions[check_language(parameters)] = text
    return True


METHODS: Final[dict[str, Method]] = {
    "getMe": get_me,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyDescription": set_my_description,
    "setMyShortDescription": set_my_short_description,
    "getMyDescription": get_my_description,
    "getMyShortDescription": get_my_short_description,
    "logOut": log_out,
    "close": close,
}
