"""Menus of commands, by scope and language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.telegram.refusal import bad_request

if TYPE_CHECKING:
    from tests.fakes.telegram.chats import Chat
    from tests.fakes.telegram.people import User

Scope = tuple[Any, ...]  # its type, then the chat and the user that it names
NAMED = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}


class Menus:
    """What setMyCommands set."""

    def __init__(self) -> None:
        self._menus: dict[tuple[Scope, str], list[dict[str, Any]]] = {}

    def set(self, scope: Scope, language: str, commands: list[dict[str, Any]]) -> None:
        """Replaces a menu; an empty one is deleted."""
        self._menus.pop((scope, language), None)
        if commands:
            self._menus[scope, language] = commands

    def get(self, scope: Scope, language: str) -> list[dict[str, Any]]:
        """A menu as it was set, empty where none was."""
        return self._menus.get((scope, language), [])

    def shown(self, user: User, chat: Chat) -> list[tuple[str, str]]:
        """What somebody sees in a chat (Bot API, «Determining list of commands»)."""
        scopes: list[Scope] = [("chat", chat.id)]
        if chat.kind == "private":
            scopes += [("all_private_chats",)]
        else:
            leads = chat.standing(user).leads
            scopes.insert(0, ("chat_member", chat.id, user.id))
            if leads:
                scopes.insert(1, ("chat_administrators", chat.id))
                scopes += [("all_chat_administrators",)]
            scopes += [("all_group_chats",)]
        for scope in (*scopes, ("default",)):
            for language in (user.language_code.partition("-")[0], ""):
                if commands := self.get(scope, language):
                    return [(command["command"], command["description"]) for command in commands]
        return []


def scope_of(parameters: dict[str, Any]) -> Scope:
    """The scope of a call; «default» where it names none."""
    scope = parameters.get("scope", {"type": "default"})
    kind = scope.get("type")
    if kind not in NAMED or set(scope) != {"type", *NAMED[kind]}:
        raise bad_request("BotCommandScope is invalid")
    return (kind, *(scope[name] for name in NAMED[kind]))
