"""A completions server of another kind: OpenAI's fields and no others, as strict as OpenAI's own."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.platforms.web.listening import listen
from generators.host.serving import Server

STORY: Final = "Once upon a time there was a fox. “Come in!” it said,  and then it was gone."
FIELDS: Final = {  # OpenAI's API reference, completions: create
    "model", "prompt", "best_of", "echo", "frequency_penalty", "logit_bias", "logprobs", "max_tokens", "n",
    "presence_penalty", "seed", "stop", "stream", "stream_options", "suffix", "temperature", "top_p", "user",
}  # fmt: skip


@dataclass
class Foreign:
    """Writes one story on from wherever the prompt leaves it.

    Attributes:
        key: that it asks for.
        refuse: status and body with which it answers every text; None: it writes.
        cuts: after how many messages the next connections break, one after the other.
        pause: waits before each message once this many have been sent.
        messages: instead of the story's, whatever they are.
        facts: what the list of models tells of its model besides.
        fields: of a request that it knows.
        single: takes n and writes one text, and adds the drawn token to the alternatives, as llama-cpp-python does.
        asked: the bodies that came.
    """

    key: str = "sk-foreign"
    refuse: tuple[int, object] | None = None
    cuts: list[int] = field(default_factory=list)
    pause: int | None = None
    messages: Sequence[object] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    fields: Set[str] = frozenset(FIELDS)
    single: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serves on loopback; gives the address of the API."""
        routes = [Route("/v1/models", self._models), Route("/v1/completions", self._complete, methods=["POST"])]
        config = uvicorn.Config(Starlette(routes=routes), lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        server, listener = Server(config), listen("127.0.0.1", 0)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            await serving

    async def _models(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "Incorrect API key provided.")
        model = {"id": "davinci", "object": "model", "owned_by": "openai", **self.facts}
        return JSONResponse({"object": "list", "data": [model]})

    async def _complete(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "Incorrect API key provided.")
        body = await request.json()
        self.asked.append(body)
        if self.refuse is not None:
            return JSONResponse(self.refuse[1], self.refuse[0])
        if unknown := sorted(body.keys() - self.fields):
            return _error(400, f"Unrecognized request argument supplied: {unknown[0]}")
        if body.get("logprobs", 0) > 5:
            return _error(400, "logprobs has to be at most 5.")
        if len(body.get("stop") or ()) > 4:
            return _error(400, "stop has to have at most 4 entries.")
        if not isinstance(body["prompt"], str) or not body["stream"]:
            return _error(400, "This server streams texts.")
        return StreamingResponse(self._stream(body), media_type="text/event-stream")

    async def _stream(self, body: dict[str, Any]) -> AsyncIterator[str]:
        cut = self.cuts.pop(0) if self.cuts else None
        for sent, message in enumerate(self.messages or self._messages(body)):
            if sent == cut:
                raise ConnectionResetError  # the connection breaks without an end
            if self.pause is not None and sent >= self.pause:
                await asyncio.Event().wait()
            yield f"data: {json.dumps(message)}\n\n"
        yield "data: [DONE]\n\n"

    def _messages(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        begun = len(body["prompt"]) if STORY.startswith(body["prompt"]) else 0
        rest = STORY[begun:]
        stops = [at for stop in body.get("stop") or () if (at := rest.find(stop)) >= 0]
        rest = rest[: min(stops)] if stops else rest
        tokens = re.findall(r"\s*\S+|\s+", rest)
        written = tokens[: body["max_tokens"]]
        reason = "length" if len(written) < len(tokens) else "stop"
        choices = range(1 if self.single else body.get("n", 1))
        wanted = body["logprobs"] + self.single if "logprobs" in body else None
        told = [_message(index, token, _logprobs(token, wanted), None) for token in written for index in choices]
        return told + [_message(index, "", None, reason) for index in choices]


def _message(index: int, text: str, logprobs: object, reason: str | None) -> dict[str, Any]:
    choice = {"index": index, "text": text, "logprobs": logprobs, "finish_reason": reason}
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "davinci", "choices": [choice]}


def _logprobs(token: str, wanted: int | None) -> dict[str, Any] | None:
    if wanted is None:
        return None
    likeliest = {token: -0.1, **{f" other{i}": -3.0 - i for i in range(wanted - 1)}}
    return {"tokens": [token], "token_logprobs": [-0.1], "top_logprobs": [likeliest], "text_offset": [0]}


def _error(status: int, message: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": error}, status)
