"""From events to OpenAI's completion objects."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from generators.completion import Event, Finished, FinishReason, Piece, Started
from generators.wire import Json, event_to_json, number

DONE: Final = b"data: [DONE]\n\n"
WAITING: Final = b": nothing yet\n\n"  # a comment, so that nobody between takes the connection for dead
IMPOSSIBLE: Final = -9999.0  # log probability; what vLLM writes for -inf, which JSON has not
REASONS: Final[dict[FinishReason, str]] = {"stop": "stop", "end": "stop", "length": "length", "deadline": "length"}


def message(told: Json) -> bytes:
    """A server-sent event."""
    return b"data: " + json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


@dataclass(slots=True)
class _Choice:
    """A choice as far as it has been told."""

    length: int = 0  # characters
    text: list[str] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    reason: str | None = None


class Answers:
    """Turns one request's events into completion objects.

    Args:
        model: as it was asked for.
        n: choices.
        logprobs: whether log probabilities are wanted.
        events: our events are wanted instead of OpenAI's choices.
    """

    def __init__(self, model: str, n: int, *, logprobs: bool, events: bool) -> None:
        self._frame: Json = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": model,
        }
        self._choices = [_Choice() for _ in range(n)]
        self._logprobs = logprobs
        self._events: list[Event] | None = [] if events else None
        self._prompt_tokens = 0
        self._completion_tokens = 0

    def take(self, events: Iterable[Event]) -> None:
        """Notes events, to be told with the next objects."""
        for event in events:
            if self._events is not None:
                self._events.append(event)
            match event:
                case Started():
                    self._frame["model"] = event.model
                    if event.dropped:
                        self._frame["planchette"] = {"dropped": event.dropped}
                case Piece():
                    for choice in self._choices if event.choice < 0 else (self._choices[event.choice],):
                        choice.text.append(event.text)
                        choice.pieces.append(event)
                case Finished():
                    self._prompt_tokens = event.prompt_tokens
                    self._completion_tokens += event.completion_tokens
                    for choice in self._choices if event.choice < 0 else (self._choices[event.choice],):
                        choice.reason = REASONS[event.reason]

    def chunks(self) -> list[Json]:
        """What has been noted since the last time: an object for each choice that has gone on."""
        if self._events is not None:
            told, self._events = self._events, []
            self._forget()
            return [{**self._frame, "choices": [], "events": [event_to_json(event) for event in told]}] if told else []
        moved = [(index, choice) for index, choice in enumerate(self._choices) if choice.pieces or choice.reason]
        chunks = [{**self._frame, "choices": [self._told(index, choice)]} for index, choice in moved]
        self._forget()
        return chunks

    def usage(self) -> Json:
        """How many tokens there were, as a last chunk."""
        return {**self._frame, "choices": [], "usage": self._usage()}

    def whole(self) -> Json:
        """Everything in one object."""
        choices = [self._told(index, choice) for index, choice in enumerate(self._choices)]
        told: Json = {**self._frame, "choices": choices, "usage": self._usage()}
        if self._events is not None:
            told |= {"choices": [], "events": [event_to_json(event) for event in self._events]}
        return told

    def _forget(self) -> None:
        for choice in self._choices:
            choice.length += sum(map(len, choice.text))
            choice.text, choice.pieces, choice.reason = [], [], None

    def _told(self, index: int, choice: _Choice) -> Json:
        return {
            "index": index,
            "text": "".join(choice.text),
            "logprobs": _logprobs(choice.pieces, choice.length) if self._logprobs else None,
            "finish_reason": choice.reason,
        }

    def _usage(self) -> Json:
        total = self._prompt_tokens + self._completion_tokens
        return {
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": self._completion_tokens,
            "total_tokens": total,
        }


def _logprobs(pieces: Sequence[Piece], offset: int) -> Json:
    told: dict[str, list[Any]] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for piece in pieces:
        told["tokens"].append(_token(piece))
        told["token_logprobs"].append(_finite(piece.logprob))
        likeliest: dict[str, float] = {}
        for each in piece.alternatives:
            likeliest.setdefault(each.text, _finite(each.logprob))
        told["top_logprobs"].append(likeliest)
        told["text_offset"].append(offset)
        offset += len(piece.text)
    return told


def _token(piece: Piece) -> str:
    """A piece's text; where it is no whole character, its bytes as OpenAI writes them."""
    try:
        return piece.bytes.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in piece.bytes)


def _finite(logprob: float) -> float:
    told = number(logprob)
    return IMPOSSIBLE if told is None else told
