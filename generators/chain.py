"""A Markov chain over tokens: the smallest model there is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from generators.completion import ModelInfo
from generators.model import Logits
from generators.sampling import Floats
from generators.vocabulary import Vocabulary

Counts: TypeAlias = dict[tuple[int, ...], dict[int, float]]

WORD: Final = re.compile(r"\s*(?:[\w'’-]+|[^\w\s]|\s+$)")  # with the white space before it
NEVER: Final = 1e-30  # probability of what cannot follow: its logarithm stays finite
KNOWN: Final = 4096  # rows of logits that are kept; 6 MB where a text's characters are the tokens
START: Final = "<s>"
UNKNOWN: Final = "<unk>"


class Weighted(NamedTuple):
    """Token ids, where they stand, and how often they count as seen there."""

    before: tuple[int, ...]
    tokens: tuple[int, ...]
    weight: float


class ChainState:
    """The last tokens, the start token among them."""

    __slots__ = ("__weakref__", "last")

    def __init__(self, last: tuple[int, ...] = ()) -> None:
        self.last = last


class Chain:
    """A chain of a certain order, each order smoothed by the one below: `generators.model.Model`.

    p(t | c) = (seen(c, t) + s · p(t | shorter c)) / (seen(c) + s), down to all tokens alike.

    Args:
        info: what it says about itself.
        vocabulary: its tokens.
        examples: what it has seen.
        rules: what counts instead wherever they say anything.
        order: tokens that it remembers.
        smoothing: s.
        pace: is called before each step.
    """

    def __init__(
        self,
        info: ModelInfo,
        vocabulary: Vocabulary,
        examples: Iterable[Weighted],
        rules: Iterable[Weighted],
        order: int,
        smoothing: float,
        pace: Callable[[], None] | None = None,
    ) -> None:
        self._info = info
        self._vocabulary = vocabulary
        self._order = order
        self._smoothing = smoothing
        self._pace = pace
        self._logits = lru_cache(KNOWN)(self._logits_after)
        self._seen: Counts = {}
        self._rules: Counts = {}
        for before, tokens, weight in examples:
            past = before or (vocabulary.start,)
            for token in tokens:
                for length in range(min(order, len(past)) + 1):
                    _count(self._seen, past[len(past) - length :], token, weight)
                past = (*past, token)[-order:]
        for before, tokens, weight in rules:
            past = before[-order:]
            for token in tokens:
                _count(self._rules, past, token, weight)
                past = (*past, token)[-order:]

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    def start(self) -> ChainState:
        """The state before any token."""
        return ChainState()

    def fork(self, state: ChainState) -> ChainState:
        """A copy."""
        return ChainState(state.last)

    def nbytes(self, state: ChainState) -> int:
        """Memory of a state, about."""
        return 100 + 8 * len(state.last)

    @overload
    def extend(self, states: Sequence[ChainState], tokens: Sequence[Sequence[int]]) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[ChainState], tokens: Sequence[Sequence[int]], logits: Literal["last"]
    ) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[ChainState], tokens: Sequence[Sequence[int]], logits: Literal["all"]
    ) -> list[Logits]: ...
    def extend(
        self, states: Sequence[ChainState], tokens: Sequence[Sequence[int]], logits: Literal["last", "all"] = "last"
    ) -> Logits | list[Logits]:
        """Takes each state further by its tokens, in place; see `Model.extend`."""
        if self._pace is not None:
            self._pace()
        answers = []
        for state, ids in zip(states, tokens, strict=True):
            rows = []
            for token in ids:
                state.last = (*state.last, token)[-self._order :]
                if logits == "all":
                    rows.append(self._logits(state.last))
            answers.append(np.stack(rows) if logits == "all" else self._logits(state.last))
        return answers if logits == "all" else np.stack(answers)

    def _logits_after(self, past: tuple[int, ...]) -> Floats:
        logits: Floats = np.log(np.maximum(self._probabilities(past), NEVER)).astype(np.float32)
        return logits

    def _probabilities(self, past: tuple[int, ...]) -> NDArray[np.float64]:
        ruled = next((past[at:] for at in range(len(past)) if past[at:] in self._rules), None)
        if ruled is not None:
            return self._mixed(self._rules[ruled], self._examples_say(()))
        return self._examples_say(past)

    def _examples_say(self, past: tuple[int, ...]) -> NDArray[np.float64]:
        if past and past not in self._seen:
            return self._examples_say(past[1:])
        size = self._vocabulary.size
        shorter = self._examples_say(past[1:]) if past else np.full(size, 1 / size)
        return self._mixed(self._seen.get(past, {}), shorter)

    def _mixed(self, counts: Mapping[int, float], shorter: NDArray[np.float64]) -> NDArray[np.float64]:
        seen = np.zeros(self._vocabulary.size)
        for token, weight in counts.items():
            seen[token] = weight
        total = float(seen.sum())
        smoothing = self._smoothing if total else 1.0  # nothing seen: all alike
        return (seen + smoothing * shorter) / (total + smoothing)


def _count(counts: Counts, past: tuple[int, ...], token: int, weight: float) -> None:
    counts.setdefault(past, defaultdict(float))[token] += weight


def vocabulary_of(texts: Iterable[str], *, words: bool) -> Vocabulary:
    """The characters, or the words, of some texts as tokens; whatever else is written falls back to bytes."""
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import Unigram

    pieces: set[str] = set()
    for text in texts:
        pieces.update(WORD.findall(text) if words else text)
    names = [START, UNKNOWN, *(f"<0x{byte:02X}>" for byte in range(256)), *sorted(pieces)]
    scores = [-1.0 if name in pieces else -20.0 for name in names]  # a piece is preferred to the bytes it is made of
    tokenizer = Tokenizer(Unigram(list(zip(names, scores, strict=True)), unk_id=1, byte_fallback=True))
    tokenizer.add_special_tokens([AddedToken(START, special=True), AddedToken(UNKNOWN, special=True)])
    return Vocabulary(tokenizer, start=0, end=0)
