"""Readers of a model's orders, without a thread: what each has been given, and how it has ended."""

from __future__ import annotations

from typing import Any, Final

from generators.completion import CompletionRequest, Event, Piece
from generators.engine.batching import Batching
from generators.engine.texts import Order
from generators.engine.tokens import TokenTable
from generators.engine.voices import voice_of
from generators.model import Model

NOW: Final = 1000.0


class Reader:
    """One request's order, and what has come of it."""

    def __init__(self, model: Model[Any], **fields: Any) -> None:
        request = CompletionRequest(model="x", seed=1, **fields)
        self.events: list[Event] = []
        self.over = False
        self.fault: BaseException | None = None
        fed = [model.vocabulary.start, *model.vocabulary.encode(str(request.prompt))]
        most = 5 if request.max_tokens is None else request.max_tokens
        self.order = Order(
            voice_of(model, 0, TokenTable(model.vocabulary)),
            request,
            request.sampling(model.info.sampling),
            seed=1,
            fed=fed,
            prompt_tokens=len(fed) - 1,
            score_from=1 if request.echo else None,
            most=most,
            least=0,
            append=self.events.append,
            finish=self.finish,
            deadline=NOW,
            unfinished=request.n,
        )

    def finish(self, fault: BaseException | None) -> None:
        self.over = True
        self.fault = fault

    @property
    def pieces(self) -> list[Piece]:
        return [event for event in self.events if isinstance(event, Piece)]


def until_over(batching: Batching, *readers: Reader) -> None:
    while not all(reader.over for reader in readers):
        batching.step()


def raising(*_: Any, **__: Any) -> Any:
    raise ValueError("of this text alone")
