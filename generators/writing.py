"""Writing for scripts and notebooks: a model, a prompt, a text, without an event loop to look after."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from generators import embedding
from generators.candidates import candidates
from generators.completion import HOTTEST, CompletionRequest, Finished, ModelInfo, Piece, Unit
from generators.engine import Engine
from generators.errors import InvalidValue, Phrase
from generators.evaluation import evaluate
from generators.kinds import cache_bytes, load_model
from generators.local import Shelf
from generators.model import Model
from generators.places import Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from generators.embedding import Similar
    from generators.evaluation import Evaluation


T = TypeVar("T")


class Next(NamedTuple):
    """What could come next.

    Attributes:
        text: as people read it.
        probability: over all that the model knows, at temperature 1.
        end: whether the text ends with it.
    """

    text: str
    probability: float
    end: bool


class Writer:
    """A model that writes one text at a time; what `generators.load` and `generators.train` give.

    The engine behind it is the one that chats share, so a seed decides the same text here as there.

    Args:
        model: belongs to the writer from now on.
    """

    def __init__(self, model: Model[Any]) -> None:
        self._model = model  # for the engine's thread alone
        self._engine = Engine(model, cache_bytes=cache_bytes(model.info.kind))
        # events need a loop, and a notebook's thread runs one already, which must not be blocked
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.info.name}@{self.info.version} ({self.info.kind})>"

    @property
    def info(self) -> ModelInfo:
        return self._engine.info

    def write(
        self,
        prompt: str = "",
        *,
        temperature: float | Sequence[float] | None = None,
        max_tokens: int | None = None,
        min_tokens: int | None = None,
        seed: int | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        repetition_penalty: float | None = None,
        stop: str | Sequence[str] = (),
        label: str | None = None,
        cut: str = "",
    ) -> str:
        """A text that goes on from the prompt, without the prompt; see `CompletionRequest` for the fields.

        Args:
            cut: what stands behind a text that `max_tokens` has ended, such as «…».

        Raises:
            InvalidValue: a value is outside its range.
            Unsupported: the model has no such label.
        """
        request = CompletionRequest(
            model=self.info.name,
            prompt=prompt,
            temperature=_temperature(temperature),
            max_tokens=max_tokens,
            min_tokens=min_tokens,
            seed=seed,
            top_k=top_k,
            top_p=top_p,
            repetition_penalty=repetition_penalty,
            stop=(stop,) if isinstance(stop, str) else tuple(stop),
            label=label,
        )
        return self._waited(partial(self._text, request, cut))

    def next(
        self, prompt: str = "", top: int = 10, *, unit: Unit | str = Unit.TOKEN, label: str | None = None
    ) -> list[Next]:
        """What is likeliest to come next, the likeliest first.

        Args:
            unit: `token`, `word`, or `sentence`, which is sampled.

        Raises:
            InvalidValue: a value is outside its range.
            Unsupported: the model has no such unit or label.
        """
        if unit not in tuple(Unit):
            raise InvalidValue("unit", unit, Phrase("{names} or {last}", names="token, word", last="sentence"))
        name = self.info.name
        offered = partial(candidates, self._engine, model=name, prompt=prompt, unit=Unit(unit), n=top, label=label)
        found = self._waited(offered).alternatives
        return [Next(one.text, math.exp(one.logprob), one.end) for one in found]

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, [texts, size]: near ones are of a kind; see `generators.embedding`.

        Raises:
            Unsupported: the model gives none.
        """
        return self._engine.run(partial(embedding.vectors, self._model, _listed(texts))).result()

    def similar(self, text: str, texts: Sequence[str], top: int = 10) -> list[Similar]:
        """The texts that are nearest to one, the nearest first, each with its `similarity` from -1 to 1.

        Raises:
            Unsupported: the model gives no vectors.
        """
        return self._engine.run(partial(embedding.similar, self._model, text, _listed(texts), top)).result()

    def evaluate(self, texts: Sequence[str]) -> Evaluation:
        """How well the model predicts texts that it has not learnt from, such as its bits per character.

        Raises:
            InvalidValue: there is no character in them.
        """
        from generators.training.documents import Document

        documents = [Document(text) for text in _listed(texts)]
        if not any(document.text for document in documents):
            raise InvalidValue("texts", "empty", Phrase("texts with at least one character"))
        return self._engine.run(partial(evaluate, self._model, documents)).result()

    def close(self) -> None:
        """Ends the writer's threads and gives the model's memory back."""
        self._thread.shutdown()
        self._engine.close()

    def _waited(self, answer: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self._thread.submit(lambda: asyncio.run(answer())).result()

    async def _text(self, request: CompletionRequest, cut: str) -> str:
        async with self._engine.complete(request) as events:
            told = [event async for event in events]
        text = "".join(event.text for event in told if isinstance(event, Piece))
        is_cut = any(isinstance(event, Finished) and event.reason == "length" for event in told)
        return text + cut if is_cut else text


def _listed(texts: Sequence[str]) -> list[str]:
    """One text is a list of one, not of its characters."""
    return [texts] if isinstance(texts, str) else list(texts)


def _temperature(value: float | Sequence[float] | None) -> float | tuple[float, ...] | None:
    if value is None:
        return None
    try:
        return tuple(map(float, value)) if isinstance(value, list | tuple) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as fault:
        raise InvalidValue(
            "temperature", value, Phrase("a number from {least:,} to {most:,}", least=0, most=int(HOTTEST))
        ) from fault


def opened(place: Place) -> Writer:
    """The model of a directory, whatever its kind.

    Raises:
        UserError: it is damaged, or of a kind that cannot be used here.
    """
    # its own directory as a shipped model's: versions are the directory's business only on a person's shelf
    info = Shelf(place.directory.parent, shipped=True).info(place.directory)
    info = replace(info, name=place.name, shipped=place.shipped)
    return Writer(load_model(place.directory, info, precision="auto"))
