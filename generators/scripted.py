"""A generator that writes from a script: no weights, every text foreseen.

The script's texts become a chain over the last tokens, and the engine writes with it as with any model; so whatever
holds for models holds here. For demonstrations, for tests, and for whoever writes a platform without a model at hand.
"""

from __future__ import annotations

import json
import os
import threading
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from generators.chain import Chain, Weighted, vocabulary_of
from generators.completion import CompletionRequest, Event, ModelInfo, Piece
from generators.engine import QUEUE_LIMIT
from generators.engine.intake import check
from generators.errors import Busy, InvalidValue, ModelFailed, UnusableModel
from generators.registry import GeneratorSettings
from generators.single import SingleGenerator

VARIABLE: Final = "PLANCHETTE_SCRIPT"  # names a script file


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """Something goes wrong where a prompt contains certain words.

    Attributes:
        when: in the prompt.
        error: `busy` or `failed`.
        after: pieces that come first; 0 refuses the request.
    """

    when: str
    error: Literal["busy", "failed"] = "failed"
    after: int = 0

    def fault(self) -> Exception:
        """What is raised."""
        return Busy(self.after) if self.error == "busy" else ModelFailed(f"on cue: {self.when}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is written, and how closely it is followed.

    Attributes:
        name: of the model.
        token: `character` or `word`.
        texts: learnt by heart, each up to its end.
        table: what follows what, with its probability, such as `{"the": {" cat": 0.7, " dog": 0.3}}`; outweighs texts.
        order: tokens back that decide the next one.
        smoothing: weight of a shorter memory against one occurrence; 0 writes only what it has seen.
        max_tokens: length of a text where a request says nothing.
        cues: what goes wrong when.
    """

    name: str = "scripted"
    token: Literal["character", "word"] = "character"
    texts: tuple[str, ...] = ("Once upon a time there was a table that could write.",)
    table: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    order: int = 8
    smoothing: float = 0.01
    max_tokens: int = 100
    cues: tuple[Cue, ...] = ()

    def __post_init__(self) -> None:
        if self.token not in ("character", "word"):
            raise InvalidValue("token", self.token, "character or word")
        if self.order < 1:
            raise InvalidValue("order", self.order, "a whole number from 1 up")

    @classmethod
    def read(cls, path: Path) -> Script:
        """A script from a TOML or JSON file with the attributes' names.

        Raises:
            UnusableModel: the file cannot be read, or says something else.
        """
        try:
            text = path.read_text("utf-8")
            values: dict[str, Any] = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
            values["texts"] = tuple(values.get("texts", ()))
            values["cues"] = tuple(Cue(**cue) for cue in values.get("cues", ()))
            return cls(**values)
        except (OSError, ValueError, TypeError, InvalidValue) as fault:
            raise UnusableModel(str(path), f"it is no script ({fault})") from fault

    def model(self, pace: Pace | None = None) -> Chain:
        """The model that follows this script."""
        rows = [(before, after, p) for before, row in self.table.items() for after, p in row.items()]
        everything = [*self.texts, *(text for before, after, _ in rows for text in (before, after))]
        vocabulary = vocabulary_of(everything, words=self.token == "word")
        info = ModelInfo(
            name=self.name,
            version="script",
            kind="scripted",
            token=self.token,
            max_tokens=self.max_tokens,
            description="writes from a script",
        )
        texts = [Weighted((), (*vocabulary.encode(text), vocabulary.end), 1.0) for text in self.texts]
        rules = [
            Weighted(tuple(vocabulary.encode(before)), tuple(vocabulary.encode(after)), weight)
            for before, after, weight in rows
        ]
        pacing = None if pace is None else pace.wait
        return Chain(info, vocabulary, texts, rules, self.order, self.smoothing, pacing)


class Pace:
    """Lets the model go step by step, so that a test decides what has happened when.

    Attributes:
        waited: steps that the model has wanted to take so far.
    """

    def __init__(self) -> None:
        self.waited = 0
        self._allowed = 0
        self._free = False
        self._changed = threading.Condition()

    def allow(self, steps: int = 1) -> None:
        """Lets the model take so many more steps."""
        with self._changed:
            self._allowed += steps
            self._changed.notify_all()

    def free(self) -> None:
        """Lets it run from now on."""
        with self._changed:
            self._free = True
            self._changed.notify_all()

    def wait(self) -> None:
        """Until another step is allowed."""
        with self._changed:
            self.waited += 1
            self._changed.wait_for(lambda: self._free or self._allowed > 0)
            self._allowed -= 1


class ScriptedGenerator(SingleGenerator):
    """Writes from a script.

    Args:
        script: what to write.
        pace: waits before each step of the model; freed when the generator closes.
        max_batch, queue_limit: of the engine.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        pace: Pace | None = None,
        max_batch: int = 64,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self._script = script or Script()
        self._pace = pace
        super().__init__(self._script.model(pace), max_batch=max_batch, queue_limit=queue_limit)

    @asynccontextmanager
    async def complete(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[Event]]:
        """Streams a text; leaving the context cancels it.

        Raises:
            UserError: the request cannot be met, or a cue says so.
        """
        cue = self._cue_of(request)
        if cue is not None and not cue.after:
            raise cue.fault()
        async with super().complete(request) as events:
            yield events if cue is None else _interrupted(events, cue)

    async def close(self) -> None:
        """Ends the engine."""
        if self._pace is not None:
            self._pace.free()
        await super().close()

    def _cue_of(self, request: CompletionRequest) -> Cue | None:
        """What is to go wrong with a request that could be met."""
        if request.model.partition("@")[0] != self._script.name:
            return None
        check(request, self._engine.info, self._engine.vocabulary)
        prompt = request.prompt if isinstance(request.prompt, str) else self._engine.vocabulary.decode(request.prompt)
        return next((cue for cue in self._script.cues if cue.when in prompt), None)


async def _interrupted(events: AsyncIterator[Event], cue: Cue) -> AsyncIterator[Event]:
    pieces = 0
    async for event in events:
        if pieces == cue.after:
            raise cue.fault()
        pieces += isinstance(event, Piece)
        yield event


def factory(settings: GeneratorSettings) -> ScriptedGenerator | None:
    """A scripted generator where the settings or the environment name a script."""
    path = settings.script or os.environ.get(VARIABLE)
    return ScriptedGenerator(Script.read(Path(path))) if path else None
