"""What the API answers when a request cannot be taken: one sentence, and the status that fits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from bot.languages import preferred, translator
from bot.text import TooLong
from generators.errors import Translate, UserError, english
from storage.errors import StorageError

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Refusal(UserError):
    """A request that is not taken; `facts` fill the English sentence `why`."""

    status: int
    why: str
    facts: dict[str, object] = field(default_factory=dict)

    def sentence(self, translate: Translate = english) -> str:
        return translate(self.why, **self.facts)


def language_asked(request: HTTPConnection) -> str:
    """The language of ours that a browser asks for; English for programs that ask for none."""
    return preferred(request.headers.get("accept-language", ""))


def refused(status: int, sentence: str) -> JSONResponse:
    """The shape of every error of the API."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": sentence}, status, headers)


def say_errors_as_sentences(app: FastAPI) -> None:
    """Turns every error that can leave the app into `{"error": "one sentence"}`."""

    @app.exception_handler(Refusal)
    async def refusal(request: Request, fault: Refusal) -> JSONResponse:
        return refused(fault.status, fault.sentence(translator(language_asked(request))))

    @app.exception_handler(TooLong)
    async def too_long(request: Request, fault: TooLong) -> JSONResponse:
        return refused(413, fault.sentence(translator(language_asked(request))))

    @app.exception_handler(UserError)
    async def user_error(request: Request, fault: UserError) -> JSONResponse:
        return refused(400, fault.sentence(translator(language_asked(request))))

    @app.exception_handler(StorageError)
    async def storage_error(request: Request, fault: StorageError) -> JSONResponse:
        log.error("storage refused", path=request.url.path, reason=fault.sentence(english))
        return refused(503, fault.sentence(translator(language_asked(request))))

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, fault: RequestValidationError) -> JSONResponse:
        return refused(400, sentence_of(fault.errors()))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, fault: HTTPException) -> JSONResponse:
        if fault.status_code in (404, 405):
            return refused(404, f"There is nothing to {request.method} at {request.url.path}; /api/docs lists it all.")
        return refused(fault.status_code, "The body could not be read; send one JSON object in UTF-8.")

    @app.exception_handler(Exception)
    async def fault_of_ours(request: Request, fault: Exception) -> JSONResponse:
        log.error("request failed", path=request.url.path, exc_info=fault)
        return refused(500, "Something went wrong on our side; the log says what.")


def sentence_of(errors: Sequence[Any]) -> str:
    """One sentence for the first thing that is wrong with a request."""
    first = errors[0]
    name = ".".join(str(part) for part in first["loc"][1:])
    match first["type"]:
        case "json_invalid":
            return "The body is not JSON; send one JSON object in UTF-8."
        case "missing" if name:
            return f"The field {name} is missing."
        case "missing" | "model_attributes_type" | "dict_type":
            return "The body has to be a JSON object, sent with Content-Type: application/json."
        case "string_type":
            return f"{name} has to be a string."
        case "string_unicode":
            return f"{name} is not valid Unicode text."
        case "int_type" | "int_parsing" | "int_from_float":
            return f"{name} has to be a whole number."
        case "greater_than_equal" | "less_than_equal" | "int_parsing_size":
            return f"{name} is not a number of any message."
        case _:
            return f"{name or 'The body'} is not usable: {first['msg'][:1].lower()}{first['msg'][1:]}."
