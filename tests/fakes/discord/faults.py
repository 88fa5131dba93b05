"""What was asked, what was refused, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that Discord would have refused, or that a bot must not do."""

    method: str
    path: str
    status: int
    code: int
    why: str


@dataclass(slots=True)
class Request:
    """A request of the bot: `at` in seconds since 1970, `status` 0 until it is answered."""

    method: str
    path: str
    json: Any
    files: tuple[str, ...]
    at: float
    status: int = 0


class Refusal(Exception):
    """An answer other than 2xx, with Discord's own code.

    Args:
        errors: for 50035 (invalid form body): what is wrong, by the dotted path of its field.
    """

    def __init__(self, status: int, code: int, why: str, *, errors: dict[str, str] | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.code = code
        self.why = why
        self.errors = errors or {}

    def payload(self) -> Json:
        """The body as Discord shapes it."""
        body: Json = {"message": self.why, "code": self.code}
        for path, why in self.errors.items():
            place = body.setdefault("errors", {})
            for part in path.split("."):
                place = place.setdefault(part, {})
            place.setdefault("_errors", []).append({"code": "INVALID", "message": why})
        return body


@dataclass(slots=True)
class Findings:
    """What is wrong with a body, gathered field by field, so that one answer names all of it."""

    errors: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, why: str) -> None:
        """Notes what is wrong with a field, by its dotted path."""
        self.errors.setdefault(path, why)

    def length(self, path: str, text: object, least: int, most: int) -> None:
        """Notes a text that is missing, too short or too long."""
        if not isinstance(text, str):
            self.add(path, "This field is required")
        elif not least <= len(text) <= most:
            self.add(path, f"Must be between {least} and {most} in length, is {len(text)}.")

    def refuse(self) -> None:
        """Raises Refusal 50035 when anything was noted."""
        if self.errors:
            why = "Invalid Form Body: " + "; ".join(f"{path}: {why}" for path, why in self.errors.items())
            raise Refusal(400, 50035, why, errors=self.errors)
