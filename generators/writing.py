"""Writing for scripts and notebooks: a model, a prompt, a text, without an event loop to look after."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from typing import Any

from generators.completion import HOTTEST, CompletionRequest, ModelInfo, Piece
from generators.engine import Engine
from generators.errors import InvalidValue, Phrase
from generators.local import KINDS, Shelf
from generators.model import Model
from generators.places import Place


class Writer:
    """A model that writes one text at a time; what `generators.load` and `generators.train` give.

    The engine behind it is the one that chats share, so a seed decides the same text here as there.

    Args:
        model: belongs to the writer from now on.
    """

    def __init__(self, model: Model[Any]) -> None:
        self._engine = Engine(model)
        # events need a loop, and a notebook's thread runs one already, which must not be blocked
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

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
    ) -> str:
        """A text that goes on from the prompt, without the prompt; see `CompletionRequest` for the fields.

        Raises:
            InvalidValue: a value is outside its range.
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
        )
        return self._thread.submit(lambda: asyncio.run(self._text(request))).result()

    def close(self) -> None:
        """Ends the writer's threads and gives the model's memory back."""
        self._thread.shutdown()
        self._engine.close()

    async def _text(self, request: CompletionRequest) -> str:
        async with self._engine.complete(request) as events:
            return "".join([event.text async for event in events if isinstance(event, Piece)])


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
    return Writer(import_module(KINDS[info.kind]).load(place.directory, info))
