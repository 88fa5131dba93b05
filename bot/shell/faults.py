"""How a command ends that could not be done: a sentence on stderr, and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import UnsupportedOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperGroup

from bot.shell.errors import OutputLost
from bot.shell.output import note
from generators.errors import english

if TYPE_CHECKING:
    from typer import Context

NOT_DONE: Final = 1
INTERRUPTED: Final = 130  # as shells say it: 128 and the number of SIGINT
ROTATE_BYTES: Final = 1_000_000  # a command that fails in a loop must not fill the disk
UNWRITTEN: Final = {errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC}  # what writing comes to
IN_SHELL: Final = {  # what a chat is told, as the shell says it
    "There is no model {name}; /models lists what there is.": (
        "There is no model {name}; `planchette models list` lists what there is."
    ),
}


class Shell(TyperGroup):
    """The commands, and what becomes of their errors."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Reads a command line and runs it; `--help` prints while it is read, ahead of any command."""
        try:
            return super().main(*args, **kwargs)
        except OSError as fault:
            if not (known := sentence(fault)):
                raise
            note(known)
            _drop_output()
            sys.exit(NOT_DONE)

    def invoke(self, ctx: Context) -> Any:  # type: ignore[override]  # typer.Context is the class's own argument
        """Runs a command; what goes wrong becomes a sentence and an exit code."""
        typed = list(ctx.args)  # which reading the command uses up
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            code = INTERRUPTED
        except BrokenPipeError:  # `planchette … | head`: the reader has what it wanted
            _drop_output()
            code = NOT_DONE
        except Exception as fault:
            if not (known := sentence(_as_typed(fault, typed))):
                if isinstance(fault, typer.Exit | typer.Abort | EOFError) or _is_usage(fault):
                    raise
                if os.environ.get("PLANCHETTE_DEBUG"):
                    raise
                known = _recorded(fault)
            note(known)
            if isinstance(fault, OSError):
                _drop_output()
            code = NOT_DONE
        raise typer.Exit(code)


def sentence(fault: BaseException) -> str | None:
    """What to tell the person about an error that they can mend; None for a fault of ours."""
    from generators.errors import ModelFailed, UserError
    from storage.errors import StorageError

    if isinstance(fault, ModelFailed):  # the engine has logged where, if that is not known
        return f"The model failed while it wrote: {fault}."
    if isinstance(fault, BaseExceptionGroup):
        told = [sentence(one) for one in fault.exceptions]
        return next((one for one in told if one), None) if all(told) else None
    if isinstance(fault, UserError | StorageError):
        return fault.sentence(in_shell)
    if isinstance(fault, OSError) and fault.filename is not None and fault.strerror:
        return f"{fault.filename}: {fault.strerror}."
    if isinstance(fault, OSError) and (fault.errno in UNWRITTEN or isinstance(fault, UnsupportedOperation)):
        return OutputLost(fault.strerror or "it is closed").sentence()
    return None


def _as_typed(fault: Exception, typed: Sequence[str]) -> Exception:
    """The same, with an option called as the command line called it, and without what pydantic says before a fault."""
    from generators.errors import InvalidValue
    from generators.training.recipes.aliases import aliases_of

    if _is_usage(fault) and hasattr(fault, "message"):
        fault.message = fault.message.replace("Value error, ", "")
    if isinstance(fault, InvalidValue):
        options = [word for word in typed if word.startswith("-")]
        words = {word.partition("=")[0] if word.startswith("--") else word[:2] for word in options}  # -n40 is -n
        for name in (fault.name, *aliases_of(fault.name)):
            dashed = name.replace("_", "-")
            forms = (f"-{name}", f"--{dashed}", f"--no-{dashed}")
            fault.name = next((form for form in forms if form in words), fault.name)
    return fault


def in_shell(said: str, plural: str | None = None, /, **facts: object) -> str:
    """A sentence in the shell's words; what is empty is shown to be."""
    return english(
        IN_SHELL.get(said, said), plural, **{name: "«»" if fact == "" else fact for name, fact in facts.items()}
    )


def _is_usage(fault: BaseException) -> bool:
    return type(fault).__module__.startswith("typer.")


def _recorded(fault: BaseException) -> str:
    """Writes a fault of ours into the log and says where it is."""
    from bot.home import Home, default_home

    where = Home(default_home()).faults
    told = f"Something is wrong inside Planchette ({type(fault).__name__})"
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
        _rotate(where)
        with where.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat()} planchette {' '.join(sys.argv[1:2])}\n")
            log.writelines(traceback.format_exception(fault))
    except OSError:
        return f"{told}; PLANCHETTE_DEBUG=1 shows the details."
    return f"{told}; the details are in {where}."


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > ROTATE_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _drop_output() -> None:
    """Sends what is still buffered nowhere, so that Python's exit does not fail on the same stream again."""
    with suppress(OSError):  # it has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
