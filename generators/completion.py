"""The one verb of everything that writes text: what is asked, and the events that answer.

The names are those of the OpenAI completions API, with our fields beside them.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from generators.errors import InvalidValue, Phrase

HOTTEST: Final = 5.0  # temperature; above it every character is about equally likely, whatever the model
MOST_TOP_K: Final = 1_000_000  # more than any vocabulary has
MOST_CHOICES: Final = 16
MOST_STOPS: Final = 16
LONGEST: Final = 20_000  # tokens written in one request

FinishReason: TypeAlias = Literal["stop", "length", "end", "deadline"]


def _number(least: float, most: float) -> Phrase:
    return Phrase("a number from {least:,} to {most:,}", least=least, most=most)


def _whole(least: int, most: int) -> Phrase:
    return Phrase("a whole number from {least:,} to {most:,}", least=least, most=most)


class Unit(StrEnum):
    """What one piece of text is, where people are to read and choose it: always whole characters."""

    TOKEN = "token"
    WORD = "word"
    SENTENCE = "sentence"


class Priority(IntEnum):
    """Who goes first when texts compete for a step; lower goes first."""

    BALLOT = 0
    TEXT = 1
    SAMPLE = 2


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn, as a model's generation_config.json or a request has it.

    Attributes:
        temperature: 0 takes the likeliest, 1 is the model's own; several are cycled through token by token.
        top_k: draw among the k likeliest, at most `MOST_TOP_K`; 0 among all.
        top_p: draw among the likeliest that together reach this probability, in (0, 1].
        repetition_penalty: divides positive and multiplies negative logits of tokens in the last 512 (CTRL,
            arXiv:1909.05858); 1 changes nothing.
    """

    temperature: tuple[float, ...] = (1.0,)
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature or not all(math.isfinite(t) and 0 <= t <= HOTTEST for t in self.temperature):
            shown = " ".join(f"{value:g}" for value in self.temperature)
            raise InvalidValue("temperature", shown or "[]", _number(0, int(HOTTEST)))
        if not 0 <= self.top_k <= MOST_TOP_K:
            raise InvalidValue("top_k", self.top_k, _whole(0, MOST_TOP_K))
        if not 0 < self.top_p <= 1:
            raise InvalidValue(
                "top_p", self.top_p, Phrase("a number above {least:,}, at most {most:,}", least=0, most=1)
            )
        if not (math.isfinite(self.repetition_penalty) and 0.5 <= self.repetition_penalty <= 2):
            raise InvalidValue("repetition_penalty", self.repetition_penalty, _number(0.5, 2))


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model is and can do, so that callers ask instead of guessing.

    Attributes:
        name: as people type it; remote models begin with `remote:`.
        version: names the exact weights: equal versions write equal texts.
        kind: the architecture, such as `charrnn` or `gpt2`.
        token: what a token is: `character`, `word` or `piece`.
        context: tokens the model can look back on; None where nothing is ever dropped.
        labels: kinds of text it can be asked for.
        units: the units it can offer alternatives in.
        echo: whether it can score a prompt.
        seeds: whether a seed decides its text.
        alternatives: how many alternatives it gives at most; None for the whole vocabulary.
        sampling: what holds where a request leaves a field out.
        max_tokens: length of a text where a request says nothing.
        min_tokens: tokens before the model may end a text where a request says nothing.
        description: one line for lists.
        shipped: it came with the program, so no user's model can take its name.
    """

    name: str
    version: str
    kind: str
    token: str
    context: int | None = None
    labels: tuple[str, ...] = ()
    units: frozenset[Unit] = frozenset(Unit)
    echo: bool = True
    seeds: bool = True
    alternatives: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int = 300
    min_tokens: int = 0
    description: str = ""
    shipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """Everything that decides a text.

    Attributes:
        prompt: text, or token ids exactly as an earlier `Started` and its pieces gave them.
        model: a name that `models()` lists, `name@version` for one version.
        max_tokens: pieces to write, of each choice; None for the model's own length. 0 with `echo` only scores.
        min_tokens: pieces before the text may end; None for the model's own.
        n: choices, written side by side.
        temperature, top_k, top_p, repetition_penalty: see `Sampling`; None for the model's own.
        seed: decides the text; None draws one, which `Started` tells.
        stop: texts before which the writing ends.
        logprobs: alternatives wanted with each piece; 0 gives none, None the whole vocabulary.
        echo: pieces of the prompt come first, with their log probabilities; where a unit is named they are one piece,
            whose log probability includes that a word ends there, as that of an alternative does.
        echo_from: position of the first prompt token to echo, for long prompts of which only the end is scored.
        unit: None writes token by token as the model has them; otherwise each piece is one unit that people can read.
        after_unit: the prompt ends with a whole unit, so that the first piece begins another word instead of making
            the prompt's last word longer.
        label: kind of text, one of the model's labels.
        user: opaque fairness key; keys take turns.
        priority: who goes first.
        deadline: seconds from now after which the writing ends with what there is.
        drawn: how many token ids at the prompt's end are the beginning of the text itself, which was broken off: what
            is left is written as it would have been, for `max_tokens`, `min_tokens`, temperatures and draws count on.
        first_choice: number of the first choice among the draws, so that one of several choices can be written on.
    """

    prompt: str | tuple[int, ...] = ""
    model: str
    max_tokens: int | None = None
    min_tokens: int | None = None
    n: int = 1
    temperature: float | tuple[float, ...] | None = None
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int | None = 0
    echo: bool = False
    echo_from: int = 0
    unit: Unit | None = None
    after_unit: bool = False
    label: str | None = None
    user: str = ""
    priority: Priority = Priority.TEXT
    deadline: float | None = None
    drawn: int = 0
    first_choice: int = 0

    def __post_init__(self) -> None:
        for name, text in (("prompt", self.prompt), *(("stop", stop) for stop in self.stop)):
            if isinstance(text, str):
                _check_characters(name, text)
        if self.max_tokens is not None and not 0 <= self.max_tokens <= LONGEST:
            raise InvalidValue("max_tokens", self.max_tokens, _whole(0, LONGEST))
        if self.min_tokens is not None and not 0 <= self.min_tokens <= LONGEST:
            raise InvalidValue("min_tokens", self.min_tokens, _whole(0, LONGEST))
        if not 1 <= self.n <= MOST_CHOICES:
            raise InvalidValue("n", self.n, _whole(1, MOST_CHOICES))
        if self.seed is not None and not 0 <= self.seed < 2**63:
            raise InvalidValue("seed", self.seed, _whole(0, 2**63 - 1))
        if len(self.stop) > MOST_STOPS or "" in self.stop:
            raise InvalidValue(
                "stop", list(self.stop), Phrase("at most {most} texts, none of them empty", most=MOST_STOPS)
            )
        if self.logprobs is not None and self.logprobs < 0:
            raise InvalidValue("logprobs", self.logprobs, Phrase("a whole number from 0 up"))
        if self.echo_from < 0:
            raise InvalidValue("echo_from", self.echo_from, Phrase("a whole number from 0 up"))
        if self.deadline is not None and not self.deadline > 0:
            raise InvalidValue("deadline", self.deadline, Phrase("a number of seconds above 0"))
        known = len(self.prompt) if not isinstance(self.prompt, str) and self.unit is None and not self.echo else 0
        if not 0 <= self.drawn <= known:
            raise InvalidValue(
                "drawn",
                self.drawn,
                Phrase("a whole number from 0 to {most:,}, the prompt's token ids without unit or echo", most=known),
            )
        if not 0 <= self.first_choice < MOST_CHOICES:
            raise InvalidValue("first_choice", self.first_choice, _whole(0, MOST_CHOICES - 1))
        self.sampling(Sampling())  # so that a wrong temperature is refused here, not when the text's turn comes

    def sampling(self, default: Sampling) -> Sampling:
        """How this request draws, on a model whose own way is `default`."""
        return Sampling(
            temperature=default.temperature
            if self.temperature is None
            else self.temperature
            if isinstance(self.temperature, tuple)
            else (float(self.temperature),),
            top_k=default.top_k if self.top_k is None else self.top_k,
            top_p=default.top_p if self.top_p is None else self.top_p,
            repetition_penalty=default.repetition_penalty
            if self.repetition_penalty is None
            else self.repetition_penalty,
        )


def _check_characters(name: str, text: str) -> None:
    """Refuses halves of surrogate pairs, as broken JSON has them: no model can read one."""
    try:
        text.encode()
    except UnicodeEncodeError as fault:
        half = ascii(text[fault.start])[1:-1]
        raise InvalidValue(name, Phrase("a text with {half}", half=half), Phrase("text of whole characters")) from None


class Alternative(NamedTuple):
    """One thing that could stand here.

    Attributes:
        token_ids: the likeliest way to write it.
        text: as people read it; without a unit, special tokens and lone bytes stand as their names (`<s>`, `<0x0A>`).
        logprob: natural logarithm of its probability over the whole vocabulary at temperature 1, before any filter;
            of a sentence, that of its tokens in sequence.
        end: whether the text ends with it.
    """

    token_ids: tuple[int, ...]
    text: str
    logprob: float
    end: bool = False


class Started(NamedTuple):
    """The first event: what is writing, from what.

    Attributes:
        model, version: what writes.
        seed: the request's, or the one that was drawn.
        prompt: token ids of the prompt that the model reads, without its start token.
        dropped: tokens of the prompt's front that did not fit the context.
        ahead: texts that have to end before all of this one's choices are in every step of the model; 0 where it is
            written at once.
    """

    model: str
    version: str
    seed: int
    prompt: tuple[int, ...]
    dropped: int
    ahead: int = 0


class Piece(NamedTuple):
    """One token, or one unit where the request names a unit.

    Attributes:
        choice: which of the request's n, from 0; -1 for pieces of an echoed prompt.
        token_ids: of the piece.
        bytes: what the tokens stand for, up to a stop text; pieces of one choice, joined, are its UTF-8 text. What may
            still become a stop text is held back.
        text: what can be shown now: characters that are whole; the end of a text is a piece without any.
        logprob: see `Alternative`.
        alternatives: the likeliest first, as many as were asked for.
        exact: False where the search for units ran out of its budget or its time before the order was certain. True is
            certain but for spellings: a text that can be written in many ways, each of them too unlikely to be looked
            at, is missing or counts for less than it should.
    """

    choice: int
    token_ids: tuple[int, ...]
    bytes: bytes
    text: str
    logprob: float
    alternatives: tuple[Alternative, ...] = ()
    exact: bool = True


class Finished(NamedTuple):
    """The last event of each choice.

    Attributes:
        choice: which of the request's n; -1 where only a prompt was scored.
        reason: `stop` (a stop text), `length`, `end` (the model ended its text) or `deadline`.
        prompt_tokens, completion_tokens: usage of this choice.
    """

    choice: int
    reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


Event: TypeAlias = Started | Piece | Finished


class Generator(Protocol):
    """Whatever writes text: models in this process, on a host, or a script."""

    async def models(self) -> Sequence[ModelInfo]:
        """What it can write with now, the default first."""
        ...

    def complete(self, request: CompletionRequest) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Streams a text; leaving the context cancels it.

        Raises:
            UserError: on entering, when the request cannot be met (unknown model, full queue, …).
        """
        ...

    async def close(self) -> None:
        """Ends what runs and gives memory and threads back."""
        ...
