"""`planchette write`: a text that a person and a model write in turns, unit by unit."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from secrets import randbits
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.shell.next import Unit
from bot.shell.output import check_writable, note, save, show
from bot.shell.signals import ended_in_order
from bot.shell.writers import Labels, ModelName, at_temperature, label_of, open_desk, text_of
from generators.errors import Phrase, UserError

if TYPE_CHECKING:
    from bot.shell.sheet import Offered, Sheet

FEWEST: Final = 3
MOST: Final = 20
HELP: Final = """\
a number    takes that candidate
o TEXT      adds words of your own; ␣ stands for a space and ⏎ for a line end, o alone asks for them
x           takes the last addition back
r, or Enter draws one by the temperature, among all that the model knows
s           stops and gives the text out, as Ctrl-C and Ctrl-D do
h           shows this"""


def write(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What the text begins with, used as it is.")] = "",
    model: ModelName = None,
    top: Annotated[int, typer.Option(help=f"How many candidates, {FEWEST} to {MOST}.")] = 5,
    unit: Annotated[Unit | None, typer.Option(help="What one candidate is; words where the model has them.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Of draws: 0 takes the likeliest.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed and the same moves write the same text.")] = None,
    label: Labels = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Stop once so many tokens are written; the last candidate stays whole.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the text into this file.")] = None,
) -> None:
    """Write a text with a model, step by step.

    The moves are read from stdin, a line each; the text goes to stdout with its prompt, all else to stderr.
    """
    from bot.shell.sheet import opened
    from generators.completion import CompletionRequest
    from generators.completion import Unit as GeneratorUnit
    from generators.errors import InvalidValue

    if prompt == "-":
        raise typer.BadParameter("the moves are read from stdin, so the text has to stand here", param_hint="PROMPT")
    if not FEWEST <= top <= MOST:
        raise InvalidValue("top", top, f"a whole number from {FEWEST} to {MOST}")
    request = CompletionRequest(
        prompt=text_of(prompt, Phrase("the prompt")),
        model="",
        max_tokens=max_tokens,
        temperature=None if temperature is None else at_temperature(temperature),
        seed=randbits(63) if seed is None else seed,
        label=label_of(label),
        logprobs=top,
    )
    if out is not None:
        check_writable(out)
    with (
        ended_in_order(),
        asyncio.Runner() as runner,
    ):  # stdin is waited for between its turns, so that Ctrl-C ends the waiting
        stack = AsyncExitStack()
        try:
            desk = runner.run(stack.enter_async_context(open_desk()))
            sheet = runner.run(opened(desk, request, model, None if unit is None else GeneratorUnit(unit)))
            _played(sheet, runner, out)
        finally:
            runner.run(stack.aclose())


def _played(sheet: Sheet, runner: asyncio.Runner, out: Path | None) -> None:
    """Makes moves until there are no more, and gives the text out however that came about."""
    offered = runner.run(sheet.offer())  # what the model cannot do is said before anything is given out
    try:
        note("A number takes a candidate; h shows the other moves.")
        while _move(sheet, offered, runner):
            if sheet.over and not _taken_back(sheet):
                note("The text has come to its end.")
                break
            offered = runner.run(sheet.offer())
    except KeyboardInterrupt:
        note("")
    finally:
        if out is None:
            show(f"{sheet.text}\n")
        else:
            save(f"{sheet.text}\n", out)
            note(f"The text is written to {out}.")


def _move(sheet: Sheet, offered: Offered, runner: asyncio.Runner) -> bool:
    """One addition, or one taken back; False once the person stops."""
    note(f"\n{sheet.shown()}\n\n{offered.shown()}")
    while (line := _line("> ")) is not None:
        word = line.strip()
        try:
            match word[:1].lower(), word[1:]:
                case ("s", ""):
                    return False
                case ("h", ""):
                    note(HELP)
                    continue
                case ("x", ""):
                    sheet.take_back()
                case ("r" | "", ""):
                    runner.run(sheet.draw())
                case ("o", rest) if not rest or rest[0].isspace():
                    runner.run(sheet.add_own(_own(line)))
                case _:
                    sheet.add(offered.chosen(word))
        except UserError as fault:
            note(str(fault))
            continue
        return True
    note("")
    return False


def _taken_back(sheet: Sheet) -> bool:
    """Asks, where the model or the person has ended the text, whether it is to go on after all."""
    if not sheet.ended:
        return False
    note("\nThe end: Enter gives the text out, x takes the end back.")
    if (_line("> ") or "").strip().lower() != "x":
        return False
    sheet.take_back()
    return True


def _own(line: str) -> str:
    """What stands behind `o` and one space, white space and all; without anything there, another line."""
    typed = line.lstrip()[2:]
    return typed if typed else _line("your own: ") or ""


def _line(asking: str) -> str | None:
    """A line from the person without its end; None where there are no more."""
    typer.echo(asking, nl=False, err=True)
    line = sys.stdin.buffer.readline() if sys.stdin is not None else b""  # None where it is closed
    if not line:
        return None
    return line.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
