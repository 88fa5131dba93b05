"""Several models write one text in turns, a word each."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from hashlib import sha256
from secrets import randbits
from typing import TYPE_CHECKING

import typer

from bot.shell.output import Progress, show
from bot.shell.writers import Desk, Written
from generators.completion import CompletionRequest, Finished, Piece, Unit

if TYPE_CHECKING:
    from generators.completion import Generator, ModelInfo


async def in_turns(
    desk: Desk, request: CompletionRequest, names: Sequence[str], shown: Progress, live: bool
) -> AsyncGenerator[Written, None]:
    """Texts that the models write together; what the first model does where the request says nothing holds for all."""
    models = [await desk.model(name) for name in names]
    if request.label is not None:
        raise typer.BadParameter("a label needs one model, because each has labels of its own", param_hint="--label")
    seed = randbits(63) if request.seed is None else request.seed
    length = models[0].max_tokens if request.max_tokens is None else request.max_tokens
    if live:
        show(str(request.prompt), dim=True)
    for choice in range(request.n):
        began = time.perf_counter()
        text, tokens = "", 0
        turns = _words(desk.generator, request, list(zip(names, models, strict=True)), seed, choice, length)
        async for word, spent in turns:
            before = text
            tokens += spent
            text, ended = _until_stop(before + word, request.stop)
            if live:
                show(text[len(before) :])
            shown.show(choice * length + tokens, length * request.n)
            if ended:
                break
        names_joined = "+".join(model.name for model in models)
        yield Written(text, names_joined, seed, tokens, round(time.perf_counter() - began, 4))


async def _words(
    generator: Generator,
    request: CompletionRequest,
    models: Sequence[tuple[str, ModelInfo]],
    seed: int,
    choice: int,
    length: int,
) -> AsyncGenerator[tuple[str, int], None]:
    """Each word and its tokens, until the model whose turn it is ends the text, or it is long enough."""
    text, tokens, turn = "", 0, 0
    cycle = request.temperature if isinstance(request.temperature, tuple) else (request.temperature,)
    while tokens < length:
        name, info = models[turn % len(models)]
        least = info.min_tokens if request.min_tokens is None else request.min_tokens
        asked = replace(
            request,
            prompt=str(request.prompt) + text,
            model=name,
            max_tokens=1,
            min_tokens=int(tokens < least),
            n=1,
            temperature=cycle[turn % len(cycle)],
            seed=seed_of(seed, choice, turn),
            stop=(),
            unit=Unit.WORD,
        )
        word, spent, ended = await _written(generator, asked)
        if tokens + spent > length:  # the last word is cut
            word, spent, ended = await _written(generator, replace(asked, unit=None, max_tokens=length - tokens))
        text, tokens, turn = text + word, tokens + spent, turn + 1
        yield word, spent
        if ended or not spent:
            return


async def _written(generator: Generator, asked: CompletionRequest) -> tuple[str, int, bool]:
    """What one model adds, how many tokens that is, and whether it ends the text."""
    word, spent, ended = "", 0, False
    async with generator.complete(asked) as events:
        async for event in events:
            match event:
                case Piece() if event.choice == 0:
                    word += event.text
                    spent += len(event.token_ids)
                case Finished():
                    ended = event.reason == "end"
    return word, spent, ended


def _until_stop(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    found = [at for stop in stops if (at := text.find(stop)) >= 0]
    return (text[: min(found)], True) if found else (text, False)


def seed_of(seed: int, choice: int, turn: int) -> int:
    """A seed of each turn's own, so that no word repeats another's draws."""
    return int.from_bytes(sha256(f"{seed} {choice} {turn}".encode()).digest()[:8]) >> 1
