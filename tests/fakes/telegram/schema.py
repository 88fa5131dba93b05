"""Requests held against Telegram's published API, where its machine-readable form lies beside the repository."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.fakes.telegram.files import Upload

SPECIFICATION: Final = Path(__file__).resolve().parents[4] / "shared" / "specs" / "telegram-bot-api.json"
Check = Callable[[Any], str | None]  # what is wrong with a value, or None

# Fields which are text whatever they look like; all others of a form are JSON where they can be read so.
TEXTS: Final = frozenset(
    [
        "action",
        "business_connection_id",
        "callback_query_id",
        "caption",
        "description",
        "document",
        "file_id",
        "icon_custom_emoji_id",
        "inline_message_id",
        "ip_address",
        "language_code",
        "message_effect_id",
        "name",
        "parse_mode",
        "photo",
        "secret_token",
        "short_description",
        "text",
        "thumbnail",
        "url",
    ]
)


def decoded(name: str, value: Any) -> Any:
    """A form's field as the value it stands for."""
    if not isinstance(value, str) or name in TEXTS:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


class Schema:
    """Telegram's types and methods as functions that find what is wrong; each is built once."""

    def __init__(self, specification: dict[str, Any]) -> None:
        self.types: dict[str, Any] = specification["types"]
        self.methods: dict[str, Any] = specification["methods"]
        self._checks: dict[str, Check] = {}

    def knows(self, method: str) -> bool:
        """Whether Telegram has such a method."""
        return method in self.methods

    def problem_of_call(self, method: str, parameters: dict[str, Any]) -> str | None:
        """What is wrong with the parameters of a call, or None."""
        key = f"{method}()"
        if key not in self._checks:
            self._checks[key] = self._object(self.methods[method].get("fields", []))
        return self._checks[key](parameters)

    def problem(self, kind: str, value: Any) -> str | None:
        """What is wrong with a value of a type such as «Message» or «Array of Update», or None."""
        return self._check(kind)(value)

    def _check(self, kind: str) -> Check:
        if kind not in self._checks:
            self._checks[kind] = lambda value: self._checks[kind](value)  # types refer to themselves
            self._checks[kind] = self._built(kind)
        return self._checks[kind]

    def _built(self, kind: str) -> Check:
        if kind in PLAIN:
            return PLAIN[kind]
        if kind.startswith("Array of "):
            return _array(self._check(kind.removeprefix("Array of ")))
        described = self.types[kind]
        if "subtypes" in described:
            return self._any(described["subtypes"])
        return self._object(described.get("fields", []))

    def _any(self, kinds: list[str]) -> Check:
        checks = [self._check(kind) for kind in kinds]
        if len(checks) == 1:
            return checks[0]

        def check(value: Any) -> str | None:
            first = None
            for one in checks:
                if (problem := one(value)) is None:
                    return None
                first = first or problem
            return f"fits none of {', '.join(kinds)} ({first})"

        return check

    def _object(self, fields: list[dict[str, Any]]) -> Check:
        checks = {field["name"]: self._any(field["types"]) for field in fields}
        required = [field["name"] for field in fields if field["required"]]

        def check(value: Any) -> str | None:
            if not isinstance(value, dict):
                return f"{_shown(value)} is no object"
            for name in required:
                if name not in value:
                    return f"{name} is missing"
            for name, one in value.items():
                if name not in checks:
                    return f"there is no field {name}"
                if (problem := checks[name](one)) is not None:
                    return f"{name}: {problem}"
            return None

        return check


@cache
def published() -> Schema | None:
    """Telegram's published API, or None where it is not there."""
    if not SPECIFICATION.exists():
        return None
    return Schema(json.loads(SPECIFICATION.read_text(encoding="utf-8")))


def _array(check: Check) -> Check:
    def check_all(value: Any) -> str | None:
        if not isinstance(value, list):
            return f"{_shown(value)} is no array"
        return next((problem for one in value if (problem := check(one))), None)

    return check_all


def _plain(name: str, *kinds: type) -> Check:
    def check(value: Any) -> str | None:
        fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        return None if fits else f"{_shown(value)} is no {name}"

    return check


def _shown(value: Any) -> str:
    return repr(value)[:80]


PLAIN: Final[dict[str, Check]] = {
    "Integer": _plain("Integer", int),
    "Float": _plain("Float", int, float),
    "String": _plain("String", str),
    "Boolean": _plain("Boolean", bool),
    "InputFile": _plain("InputFile", Upload),
}
