"""What Telegram answers when it does not do what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any


@dataclass(slots=True)
class Refused(Exception):
    """A call that is answered with `ok: false`.

    Attributes:
        status: the HTTP status, and the error_code.
        reason: the description, without «Bad Request: » and its like.
        retry_after: seconds to wait, for 429.
        migrate_to_chat_id: where the group went.
        ours: whether the server was told to misbehave, so that the bot has no part in it.
    """

    status: int
    reason: str
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None
    ours: bool = False

    def answer(self) -> dict[str, Any]:
        """The body of the response (Bot API, «Making requests» and ResponseParameters)."""
        phrase = HTTPStatus(self.status).phrase
        description = self.reason if self.reason.startswith(phrase) else f"{phrase}: {self.reason}"
        answer: dict[str, Any] = {"ok": False, "error_code": self.status, "description": description}
        parameters = {"retry_after": self.retry_after, "migrate_to_chat_id": self.migrate_to_chat_id}
        if any(parameters.values()):
            answer["parameters"] = {name: value for name, value in parameters.items() if value}
        return answer


def bad_request(reason: str) -> Refused:
    """A 400."""
    return Refused(400, reason)


def forbidden(reason: str) -> Refused:
    """A 403."""
    return Refused(403, reason)


def unparsable(why: str) -> Refused:
    """The 400 for broken markup."""
    return bad_request(f"can't parse entities: {why}")
