"""`planchette generate`."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.shell.output import Json, Progress, check_writable, emit, note, progress, save, say, show
from bot.shell.writers import (
    Desk,
    Labels,
    Prompt,
    Written,
    at_temperature,
    label_of,
    open_desk,
    prompt_text,
    some,
    tell_dropped,
)

if TYPE_CHECKING:
    from generators.completion import CompletionRequest


def generate(
    prompt: Prompt = "",
    model: Annotated[list[str] | None, typer.Option(help="Twice or more: they write in turns, a word each.")] = None,
    temperature: Annotated[
        list[float] | None,
        typer.Option(help="0 takes the likeliest, 1 keeps the model's own probabilities; several are a cycle."),
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Length of a text; the model's own without it.")] = None,
    min_tokens: Annotated[int | None, typer.Option(help="Tokens before a text may end.")] = None,
    n: Annotated[int, typer.Option("-n", help="How many texts.")] = 1,
    top_k: Annotated[int | None, typer.Option(help="Draw among the k likeliest.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Draw among the likeliest that together reach p.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed writes the same text.")] = None,
    stop: Annotated[list[str] | None, typer.Option(help="Text before which to end.")] = None,
    label: Labels = None,
    out: Annotated[Path | None, typer.Option(help="Write the texts into this file.")] = None,
    as_json: Json = False,
) -> None:
    """Write texts.

    A terminal shows the prompt and the text as it is written; elsewhere only the texts are printed.
    """
    from generators.completion import CompletionRequest

    request = CompletionRequest(
        prompt=prompt_text(prompt),
        model="",
        max_tokens=max_tokens,
        min_tokens=min_tokens,
        n=n,
        temperature=tuple(at_temperature(value) for value in temperature) if temperature else None,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop=tuple(some("stop", text) for text in stop or ()),
        label=label_of(label),
    )
    if out is not None:
        check_writable(out)
    asyncio.run(_generate(request, model or [], out, as_json))


async def _generate(request: CompletionRequest, names: list[str], out: Path | None, as_json: bool) -> None:
    from bot.shell.turns import in_turns

    live = out is None and not as_json and request.n == 1 and sys.stdout.isatty()
    texts: list[Written] = []
    async with open_desk() as desk:
        with progress("Writing", hidden=live) as shown:
            if len(names) > 1:
                writing = in_turns(desk, request, names, shown, live)
            else:
                writing = _alone(desk, request, names[0] if names else None, shown, live)
            async with aclosing(writing):
                async for written in writing:
                    texts.append(written)
                    if out is None and as_json:
                        emit(written._asdict())
    if out is not None:
        _save(texts, out, as_json)
        note(f"{len(texts)} {'text' if len(texts) == 1 else 'texts'} written to {out}.")
    elif live:
        say()
    elif not as_json:
        show("\n\n".join(written.text for written in texts) + "\n")


async def _alone(
    desk: Desk, request: CompletionRequest, name: str | None, shown: Progress, live: bool
) -> AsyncGenerator[Written, None]:
    """Texts of one model, each as soon as it is finished."""
    from dataclasses import replace

    from generators.completion import Finished, Piece, Started

    info = await desk.model(name, request.label)
    request = replace(request, model=name or info.name)
    length = info.max_tokens if request.max_tokens is None else request.max_tokens
    texts = [""] * request.n
    done, seed, began = 0, 0, time.perf_counter()
    async with desk.generator.complete(request) as events:
        async for event in events:
            match event:
                case Started():
                    seed = event.seed
                    tell_dropped(event.dropped)
                    if live:
                        show(str(request.prompt), dim=True)
                case Piece() if event.choice >= 0:
                    texts[event.choice] += event.text
                    done += len(event.token_ids)
                    if live:
                        show(event.text)
                    shown.show(done, length * request.n)
                case Finished() if event.choice >= 0:
                    seconds = time.perf_counter() - began
                    yield Written(texts[event.choice], info.name, seed, event.completion_tokens, round(seconds, 4))


def _save(texts: list[Written], out: Path, as_json: bool) -> None:
    """Writes a file that `train` reads as the same documents."""
    import json

    if as_json:
        lines: list[Any] = [json.dumps(written._asdict(), ensure_ascii=False) for written in texts]
        whole = "\n".join(lines)
    else:
        among = "\n=====DOC=====\n" if any("\n" in written.text for written in texts) else "\n"
        whole = among.join(written.text for written in texts)
    save(whole + "\n", out)
