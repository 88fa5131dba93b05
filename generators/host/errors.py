"""What the host answers when something cannot be done: OpenAI's form, and the status that fits it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.responses import JSONResponse

from generators.errors import (
    Busy,
    MissingExtra,
    ModelFailed,
    ShuttingDown,
    Translate,
    UnknownModel,
    UnusableModel,
    UserError,
    english,
)
from generators.wire import FAILED, Json, error_to_json

STATUS: Final = {UnknownModel: 404, Busy: 429, ShuttingDown: 503, UnusableModel: 500, MissingExtra: 500}  # else 400
WAIT: Final = 1  # s; what Retry-After says
IN_API: Final = {  # what people are told, as a program does it
    "There is no model {name}; models lists what there is.": (
        "There is no model {name}; GET /v1/models lists what there is."
    ),
}

_log: Final = logging.getLogger(__name__)


@dataclass(eq=False)
class Malformed(UserError):
    """A request that is not taken as it is.

    Attributes:
        param: the field that is wrong, if it is one.
        why: the sentence.
        status: of the answer.
    """

    param: str | None
    why: str
    status: int = 400

    def sentence(self, translate: Translate = english) -> str:
        del translate  # programs read it, in the one language of the API
        return self.why


def unkept(what: str, where: Path, reason: str, *, param: str | None = None) -> Malformed:
    """A disk that is full, or not to be written to; only whoever runs the host can mend it, so the log has it too.

    Args:
        what: was to be kept.
        reason: in the system's words.
    """
    _log.error("a %s cannot be kept in %s: %s", what, where, reason)
    why = f"The host cannot keep this {what}: {reason}. Tell whoever runs it, or try again later."
    return Malformed(param, why, 507)


def refusal(fault: Exception, model: str = "") -> JSONResponse:
    """The answer to a request that failed before anything was written.

    Args:
        model: that was asked for.
    """
    if isinstance(fault, Malformed):
        status = fault.status
    else:
        status = STATUS.get(type(fault), 400) if isinstance(fault, UserError) else 500
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    elif status == 408:
        headers["Connection"] = "close"  # the rest of the body may never come
    elif status in (429, 503):
        headers["Retry-After"] = str(WAIT)
    return JSONResponse(told(fault, model), status, headers)


def told(fault: Exception, model: str = "") -> Json:
    """A fault in OpenAI's form; what only whoever runs the host can mend is logged, and not told to strangers."""
    if isinstance(fault, Malformed):
        kind = "authentication_error" if fault.status == 401 else "invalid_request_error"
        code = "invalid_api_key" if fault.status == 401 else None
        return {"error": {"message": fault.why, "type": kind, "param": fault.param, "code": code}}
    if isinstance(fault, UnusableModel):
        _log.error("%s", fault.sentence())
        fault = UnusableModel(model, "the log of its host says why")
    if isinstance(fault, UserError):
        answer = error_to_json(fault)
        answer["error"]["message"] = fault.sentence(in_api)
        return answer
    if isinstance(fault, ModelFailed):  # the engine has said where
        _log.error("a text failed: %s", fault)
    else:
        _log.error("a text of %s failed", model, exc_info=fault)
    message = "The model failed while it wrote; the log of its host says why."
    return {"error": {"message": message, "type": "server_error", "param": None, "code": FAILED}}


def in_api(said: str, plural: str | None = None, /, **facts: object) -> str:
    """A sentence in the words of the API."""
    return english(IN_API.get(said, said), plural, **facts)
