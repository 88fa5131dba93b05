"""Texts being written: what one choice of a request knows between two steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from generators.completion import CompletionRequest, Event, Finished, FinishReason, Priority, Sampling
from generators.engine.outlet import Outlet
from generators.engine.stream import Bell
from generators.engine.tokens import TokenTable
from generators.filtering import is_filtered
from generators.sampling import Floats, Row, Uniforms

if TYPE_CHECKING:
    from generators.engine.voices import Voice
    from generators.engine.work import Member


@dataclass(eq=False, slots=True)
class Order:
    """One request while it is being met; only the engine's thread changes it.

    Attributes:
        voice: whose text it is.
        request: as it was asked.
        sampling: how its tokens are drawn.
        seed: decides its texts.
        fed: what the model reads before it writes: start token, label, prompt.
        prompt_tokens: of these, the prompt's.
        score_from: place in `fed` of the first token to be echoed; None for no echo.
        most, least: pieces to write, and pieces before the text may end.
        append: takes its events.
        finish: is told that the last event has come, or the fault that ended it.
        bell: wakes its reader.
        deadline: on the monotonic clock.
        unfinished: choices still to be finished.
        asked: when it came, on the monotonic clock.
        begun: a step has been taken for it, or none is needed before its first token.
        told: its first token has been drawn.
        gone: cancelled, failed or met; nothing may be written for it any more.
        texts: its choices once the prompt has been read.
        inner: orders that the engine placed for it, for samples.
        outer: the order that this one was placed for.
        held: its members while its reader is behind, outside the schedule.
        held_ready: likewise, its texts that need no step before their next draw.
    """

    voice: Voice
    request: CompletionRequest
    sampling: Sampling
    seed: int
    fed: list[int]
    prompt_tokens: int
    score_from: int | None
    most: int
    least: int
    append: Callable[[Event], None]
    finish: Callable[[BaseException | None], None]
    bell: Bell | None = None
    deadline: float | None = None
    unfinished: int = 0
    asked: float = field(default_factory=time.monotonic)
    begun: bool = False
    told: bool = False
    gone: bool = False
    texts: list[Text] = field(default_factory=list)
    inner: list[Order] = field(default_factory=list)
    outer: Order | None = None
    held: list[Member] = field(default_factory=list)
    held_ready: list[tuple[Text, Floats]] = field(default_factory=list)

    @property
    def user(self) -> str:
        return self.request.user

    @property
    def priority(self) -> Priority:
        return self.request.priority

    def release(self) -> None:
        """It is gone: whatever it still has of the model's memory is given back, however long it is then read."""
        self.texts.clear()
        self.inner.clear()
        if self.outer is not None and self in self.outer.inner:
            self.outer.inner.remove(self)


class Text:
    """One choice, written token by token as the model has them.

    Attributes:
        allowed: bool [vocabulary], the tokens that the next draw may give; None for all.
        state: the model's; it has been through `ids` from `base` on, but for the last of them.
        pending: the last token, which the next step reads.
        drawn: tokens drawn, discarded ones and those before the text was broken off included.
        pieces: handed out, those before the text was broken off included.
        heat: temperature of the next draw.
        room: draws until the model's context is full.
        brief: draws until the engine has to look at a plain text: it is long enough, or its context full.
        plain: the engine may hand the next token out by itself, without `take`.
        turned_back: it has taken back what it drew, and its state has to be made anew from `ids`.
        wants_search: alternatives have to be looked for before the next draw.
    """

    __slots__ = (
        "allowed",
        "append",
        "base",
        "brief",
        "choice",
        "cycle",
        "drawn",
        "filters",
        "heat",
        "ids",
        "least",
        "most",
        "order",
        "outlet",
        "over",
        "pending",
        "pieces",
        "plain",
        "priority",
        "room",
        "state",
        "table",
        "turned_back",
        "uniforms",
        "user",
        "wants_search",
    )

    width = 1

    def __init__(self, order: Order, choice: int, state: Any, table: TokenTable) -> None:
        self.order = order
        self.user = order.user
        self.priority = order.priority
        self.choice = choice
        self.state = state
        self.table = table
        self.ids = list(order.fed)
        self.base = 0
        self.pending: tuple[int, ...] = ()
        self.drawn = self.pieces = order.request.drawn
        self.most = order.most
        self.least = order.least
        temperatures = order.sampling.temperature
        self.heat = temperatures[self.drawn % len(temperatures)]
        self.cycle = temperatures if len(temperatures) > 1 else None
        self.filters = order.sampling if is_filtered(order.sampling) else None
        self.uniforms = Uniforms(order.seed, order.request.first_choice + choice)
        self.append = order.append
        self.outlet = Outlet(choice, order.append, order.request.stop)
        self.room: float = math.inf
        self.brief: float = order.most
        self.plain = self._is_plain()
        self.wants_search = self.turned_back = False
        self.allowed: NDArray[np.bool_] | None = None
        self.over = False

    def take(self, token: int, logprob: float, row: Row) -> FinishReason | None:
        """The token that was drawn from this row; why the text ends with it, if it does."""
        self.advance(token)
        ended = token == self.table.end
        last = ended or self.pieces + 1 >= self.most
        wanted = self.order.request.logprobs
        alternatives = () if wanted == 0 else self.table.alternatives(row(), wanted)
        alone, data = self.table.alone[token], self.table.bytes[token]
        self.pieces += 1
        if self.outlet.put(alone, data, logprob, alternatives, last=last):
            return "stop"
        self.plain = self._is_plain()
        return "end" if ended else "length" if last else None

    def advance(self, token: int) -> None:
        """Notes a drawn token as the next that the model reads."""
        self.ids.append(token)
        self.pending = self.table.alone[token]
        self.drawn += 1
        if self.cycle is not None:
            self.heat = self.cycle[self.drawn % len(self.cycle)]

    def finish(self, reason: FinishReason) -> None:
        """Hands the rest out and says why there is no more."""
        self.over = True
        self.outlet.flush(last=True)
        self.append(Finished(self.choice, reason, self.order.prompt_tokens, self.drawn))

    def _is_plain(self) -> bool:
        request = self.order.request
        return request.unit is None and request.logprobs == 0 and self.cycle is None and self.outlet.clean
