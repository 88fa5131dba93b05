"""How any other completions server is asked: OpenAI's fields only, and no more than what they can say."""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any, Final

from generators.completion import (
    Alternative,
    CompletionRequest,
    Event,
    Finished,
    FinishReason,
    ModelInfo,
    Piece,
    Started,
)
from generators.errors import InvalidValue, Phrase, Unsupported
from generators.remote.connection import PREFIX, Connection
from generators.remote.errors import NotAnApi
from generators.resuming import Lost
from generators.wire import Json

SEED_BITS: Final = 31  # servers that keep seeds in 32 bits are about


def check(request: CompletionRequest, info: ModelInfo) -> None:
    """Refuses what OpenAI's API has no words for.

    Raises:
        Unsupported, InvalidValue: it has none.
    """
    wanted = {
        Phrase("alternatives of the unit {unit}", unit=request.unit and request.unit.value): request.unit is not None,
        Phrase("texts of the kind {label}", label=request.label): request.label is not None,
        Phrase("scoring of a prompt"): request.echo,
        Phrase("prompts as token ids"): not isinstance(request.prompt, str) and len(request.prompt) > 0,
        Phrase("several temperatures in turn"): isinstance(request.temperature, tuple) and len(request.temperature) > 1,
    }
    for what, asked in wanted.items():
        if asked:
            raise Unsupported(info.name, what)
    most = info.alternatives or 0
    if request.logprobs is None or request.logprobs > most:
        raise InvalidValue(
            "logprobs", request.logprobs, Phrase("a whole number from {least:,} to {most:,}", least=0, most=most)
        )


def body_of(request: CompletionRequest, seed: int, text: str, length: int) -> Json:
    """The request; what OpenAI's own server does not know goes only where somebody has asked for it.

    Args:
        text: the prompt.
        length: tokens to write.
    """
    told: dict[str, Any] = {
        "model": request.model.removeprefix(PREFIX).partition("@")[0],
        "prompt": text,
        "max_tokens": length,
        "seed": seed,
        "n": request.n,
    }
    temperature = request.temperature[0] if isinstance(request.temperature, tuple) else request.temperature
    given = {
        "temperature": temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        "logprobs": request.logprobs or None,
        "top_k": request.top_k or None,
        "min_tokens": request.min_tokens or None,
        "repetition_penalty": request.repetition_penalty,
    }
    return told | {name: value for name, value in given.items() if value is not None}


class Foreign:
    """A text from another server, while it comes.

    Args:
        connection: to the server.
        request: checked.
        info: the model.
    """

    def __init__(self, connection: Connection, request: CompletionRequest, info: ModelInfo) -> None:
        self._connection = connection
        self._request = request
        self._info = info
        self._seed = secrets.randbits(SEED_BITS) if request.seed is None else request.seed
        self._most = info.max_tokens if request.max_tokens is None else request.max_tokens
        self._until = None if request.deadline is None else time.monotonic() + request.deadline
        self._texts = [""] * request.n
        self._tokens = [0] * request.n
        self._prompt_tokens = 0
        self._finished: set[int] = set()

    async def written(self) -> AsyncGenerator[Event, None]:
        """The events; a connection that breaks is made once more, and each text goes on from what there is.

        Choices of which a server says nothing, as those do that know of one at a time, are asked for one by one.

        Raises:
            Lost: it broke again.
            UserError: see `Connection.completion`.
        """
        yield Started(self._info.name, self._info.version, self._seed, (), 0)
        if not self._most:
            yield Finished(-1, "length", 0, 0)
            return
        prompt = self._request.prompt if isinstance(self._request.prompt, str) else ""
        body = body_of(self._request, self._seed, prompt, self._most)
        broken = False
        try:
            async with aclosing(self._read(body, 0)) as events:
                async for event in events:
                    yield event
        except Lost:
            broken = True
            await self._connection.back(math.inf if self._until is None else self._until - time.monotonic())
        for choice in self._open():
            if self._tokens[choice] >= self._most:
                yield self._finish(choice, "length")
                continue
            if broken or not self._tokens[choice]:
                async with aclosing(self._read(self._rest(body, choice), choice)) as events:
                    async for event in events:
                        yield event
            if choice not in self._finished:  # a server that says it is done and not why
                yield self._finish(choice, "end")

    def _rest(self, body: Json, choice: int) -> Json:
        """A request for what is missing of one choice; with the others' seed it might be one of theirs."""
        written = self._tokens[choice]
        rest = {**body, "prompt": body["prompt"] + self._texts[choice], "max_tokens": self._most - written, "n": 1}
        if choice:
            rest["seed"] = (self._seed + choice) % 2**SEED_BITS
        if "min_tokens" in body:
            rest["min_tokens"] = max(0, body["min_tokens"] - written)
        return rest

    def _open(self) -> list[int]:
        return [choice for choice in range(self._request.n) if choice not in self._finished]

    def _finish(self, choice: int, reason: FinishReason) -> Finished:
        self._finished.add(choice)
        return Finished(choice, reason, self._prompt_tokens, self._tokens[choice])

    async def _read(self, body: Json, first: int) -> AsyncGenerator[Event, None]:
        """Events of one connection, whose choices begin with this one."""
        async with self._connection.completion(body) as messages:
            while (told := await self._next(messages)) is not None:
                try:
                    events = list(self._events(told, first))
                except (AttributeError, KeyError, TypeError, ValueError, IndexError) as fault:
                    raise NotAnApi from fault
                for event in events:
                    yield event
        if self._until is not None and time.monotonic() >= self._until:
            for choice in self._open():
                yield self._finish(choice, "deadline")

    async def _next(self, messages: AsyncIterator[Json]) -> Json | None:
        """The next message; None at the end, and when the time is over."""
        try:
            async with asyncio.timeout(None if self._until is None else self._until - time.monotonic()):
                return await anext(messages, None)
        except TimeoutError:
            return None

    def _events(self, told: Json, first: int) -> Iterator[Event]:
        self._prompt_tokens = (told.get("usage") or {}).get("prompt_tokens", self._prompt_tokens)
        for entry in told.get("choices") or ():
            choice = first + entry.get("index", 0)
            if choice < 0:
                raise IndexError
            if choice in self._finished:
                continue
            for piece in pieces(choice, entry, self._request.logprobs or 0):
                self._texts[choice] += piece.text
                self._tokens[choice] += 1
                yield piece
            if entry.get("finish_reason"):
                yield self._finish(choice, _reason(entry, stops=bool(self._request.stop)))


def pieces(choice: int, entry: Json, most: int) -> Iterator[Piece]:
    """A choice's part of a message: a piece for each token where the server tells them apart, else one.

    Args:
        most: alternatives that were asked for; some servers add the token that was drawn.
    """
    text = str(entry.get("text") or "")
    logprobs = entry.get("logprobs") or {}
    tokens = logprobs.get("tokens") or []
    values = [math.nan if value is None else float(value) for value in logprobs.get("token_logprobs") or ()]
    if tokens and len(values) == len(tokens) and "".join(tokens) == text:
        tops = logprobs.get("top_logprobs") or [None] * len(tokens)
        for token, value, top in zip(tokens, values, tops, strict=True):
            likeliest = sorted((top or {}).items(), key=lambda each: -each[1])[:most]
            yield _piece(choice, token, value, tuple(Alternative((), name, float(p)) for name, p in likeliest))
    elif text:
        yield _piece(choice, text, sum(values) if values else math.nan)


def _piece(choice: int, text: str, logprob: float, alternatives: tuple[Alternative, ...] = ()) -> Piece:
    data = text.encode("utf-8", "replace")  # halves of surrogate pairs
    return Piece(choice, (), data, data.decode(), logprob, alternatives)


def _reason(entry: Json, *, stops: bool) -> FinishReason:
    """OpenAI's `stop` is a stop text or the text's own end; vLLM says which."""
    if entry["finish_reason"] != "stop":
        return "length"
    if "stop_reason" in entry:
        return "stop" if isinstance(entry["stop_reason"], str) else "end"
    return "stop" if stops else "end"
