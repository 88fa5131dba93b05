"""`planchette train`."""

from __future__ import annotations

import inspect
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot import versions
from bot.shell.output import Json, Progress, emit, note, progress, say
from bot.shelves import found_anywhere
from generators.places import name_from, own_name
from generators.training.recipes import RECIPES, Option, options
from generators.training.recipes.aliases import TRAIN_SIZE, aliases_of
from generators.training.sources import source_of

if TYPE_CHECKING:
    from generators.training.progress import Progress as Event
    from generators.training.progress import TrainedModel

METAVARS: Final = {int: "INT", float: "FLOAT", str: "STR", tuple: "LIST"}
FEW_STEPS: Final = 20  # hardly enough for the optimizer to find its pace
SHOWN: Final = 200  # characters of a sample; the model's card has them whole


class Documents(StrEnum):
    """What a document of a text file is."""

    LINE = "line"
    BLANK = "blank"
    BLOCK = "block"
    FILE = "file"


def with_recipe_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command an option for each field of each recipe, in place of its `**changes`."""
    signature = inspect.signature(command, eval_str=True)
    offered: dict[str, Option] = {}
    for recipe in RECIPES.values():
        for option in options(recipe):
            offered.setdefault(option.name, option)
    own = [item for item in signature.parameters.values() if item.kind is not item.VAR_KEYWORD]
    train_size = Option(TRAIN_SIZE, float, None, "1 - held-out")
    of_recipes = [_parameter(option) for option in (*offered.values(), train_size)]
    command.__signature__ = signature.replace(parameters=[*own, *of_recipes])  # type: ignore[attr-defined]
    return command


def _parameter(option: Option) -> inspect.Parameter:
    """An option of the shell for a field, also under textgenrnn's name for it; yes or no is a flag."""
    names = [f"--{name.replace('_', '-')}" for name in (option.name, *aliases_of(option.name))]
    told = f"{option.help} (recipe)"
    if option.type is bool:
        names = [f"{name}/--no-{name[2:]}" if name == names[0] else name for name in names]
        return _keyword(option.name, bool | None, typer.Option(*names, help=told, show_default=False))
    return _keyword(option.name, str | None, typer.Option(*names, metavar=METAVARS[option.type], help=told))


def _keyword(name: str, kind: Any, option: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])


@with_recipe_options
def train(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE", help="Text, CSV, TSV or JSON lines: FILE, or LABEL=FILE to label all its documents."
        ),
    ],
    recipe: Annotated[str | None, typer.Option(help="See `planchette recipes`; textgenrnn without a base.")] = None,
    base: Annotated[str | None, typer.Option(help="The model, or its directory, to go on from.")] = None,
    name: Annotated[str | None, typer.Option(help="Of the new model; the first source's without it.")] = None,
    label_column: Annotated[
        list[str] | None,
        typer.Option(
            "--label-column",
            "--context-labels",
            help="Column or field that says what kind a text is; repeated, several.",
        ),
    ] = None,
    text_column: Annotated[
        str | None, typer.Option(help="Column or field that is learnt; `text`, or the only one, without it.")
    ] = None,
    lora: Annotated[bool, typer.Option("--lora", help="Leave the base as it is; train a small adapter.")] = False,
    new_model: Annotated[
        bool, typer.Option("--new-model", help="Take only the base's shape; weights and vocabulary are new.")
    ] = False,
    documents: Annotated[
        Documents | None,
        typer.Option(
            help="A document of a text file; without it a line, or what =====DOC===== lines separate; "
            "block: what these do, or blank lines."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted training.")] = False,
    as_json: Json = False,
    **changes: str | bool | None,
) -> None:
    """Train a model on files.

    A recipe's defaults hold where none of its options is given.
    """
    from bot.configuration import load_configuration
    from bot.home import Home
    from generators import training

    configuration = load_configuration()
    home = Home(configuration.home)
    home.create()
    called = own_name(name_from(source_of(sources[0]).path) if name is None else name)
    given = {"threads": str(configuration.training.threads)}
    given |= {option: str(value) for option, value in changes.items() if value is not None}
    goes_on_from = None if base is None else found_anywhere(home.path, base)[1]
    work = home.models / f".{called}.training"
    before = _kept(work)
    dropped = (
        [f"An interrupted training of {called} is dropped; this one begins anew."] if before and not resume else []
    )

    def told(event: Event) -> None:
        while dropped:  # only now: nobody else trains that name, and the sources could be read
            shown.line(dropped.pop())
        _tell(event, shown, as_json)

    with progress("Training") as shown, asked_to_end() as stopping:
        try:
            trained = training.train(
                sources,
                recipe=recipe,
                base=goes_on_from,
                output=home.models / called,
                documents=None if documents is None else documents.value,
                label_columns=label_column or (),
                text_column=text_column,
                lora=lora,
                new_model=new_model,
                options=given,
                resume=resume,
                stopping=stopping,
                progress=told,
            )
        except KeyboardInterrupt:
            if (kept := _kept(work)) and (resume or kept != before):
                shown.line("Interrupted; the same command with --resume goes on from the last check.")
            raise
    versions.use_newest(home.path, called)
    if as_json:
        emit(
            {"model": trained.name, "version": trained.version, "directory": str(trained.directory), **trained.metrics}
        )
        return
    measured = "" if trained.bits_per_character is None else f" {trained.bits_per_character:.3f} bits per character."
    say(f"{trained.name} is ready.{measured}")
    _tell_few_steps(trained)
    note(f"It is in {trained.directory}; `planchette generate --model {trained.name}` writes with it.")


def _kept(work: Path) -> tuple[Path, int] | None:
    """The checkpoint that a training left to go on from, and when it was written."""
    from generators.training.checkpoints import newest_usable

    checkpoint = newest_usable(work)
    return None if checkpoint is None else (checkpoint, checkpoint.stat().st_mtime_ns)


def _tell_few_steps(trained: TrainedModel) -> None:
    """Says where a text is so small that a model has hardly learnt anything, and what helps."""
    from generators.directory import read_json

    steps = trained.metrics.get("steps")
    recipe = read_json(trained.directory, "planchette.json", required=False).get("recipe", {})
    batch = recipe.get("batch_size", 1)
    if steps is None or steps >= FEW_STEPS or batch == 1:
        return
    told = f"Only {steps} {'step' if steps == 1 else 'steps'}"
    size = f"{batch} × {recipe['window']}" if "window" in recipe else f"{batch}"
    note(f"{told}: the text is small for batches of {size} tokens; try --batch-size {max(1, batch // 8)}.")


@contextmanager
def asked_to_end() -> Iterator[Callable[[], bool]]:
    """Gives what tells whether SIGTERM has come; a second one ends the program as it does any other."""
    asked: list[int] = []

    def note_it(number: int, _: object) -> None:
        asked.append(number)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    if threading.current_thread() is not threading.main_thread():  # where no signal can be caught
        yield lambda: False
        return
    before = signal.signal(signal.SIGTERM, note_it)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(event: Event, shown: Progress, as_json: bool) -> None:
    if as_json:
        emit(asdict(event))
        return
    match event.phase:
        case "reading":
            shown.show(event.step, 0, detail=f"({event.step:,} documents read)")
        case "read":
            for line in _read(event):
                shown.line(line)
        case "training":
            shown.show(event.step, event.of, detail=_measures(event), seconds_left=event.seconds_left)
        case "checked":
            shown.line(f"Epoch {event.epoch:.2g} of {event.epochs:g}: {_measures(event)}")
            if event.samples and event.samples[0].prompt:
                shown.line(f"  after «{_one_line(event.samples[0].prompt)}»")
            for sample in event.samples:
                shown.line(f"  at temperature {sample.temperature:g}: {_one_line(sample.text)}")
        case "publishing":
            shown.show(event.step, event.of, detail="saving")


def _read(event: Event) -> Iterator[str]:
    """In what encodings the sources were, but those in UTF-8, and what the filters did that did anything."""
    for name, encoding in event.encodings.items():
        if not encoding.startswith("utf-8"):
            yield f"{name} was read as {encoding}."
    for name, count in event.filters.items():
        did = [f"{what} {count[what]:,}" for what in ("removed", "changed") if count[what]]
        if did:
            yield f"Filter {name}: {' and '.join(did)} documents."


def _measures(event: Event) -> str:
    """The most wanted first, because a narrow terminal cuts the end."""
    told: list[str] = []
    if event.loss is not None:
        told.append(f"loss {event.loss:.3f}")
    if event.bits_per_character is not None:
        told.append(f"{event.bits_per_character:.3f} bits per character held out")
    if event.speed is not None:
        told.append(f"{event.speed:,.0f} characters/s")
    if event.accuracy is not None:
        told.append(f"accuracy {event.accuracy:.1%}")
    return ", ".join(told)


def _one_line(text: str) -> str:
    from bot.games.show import readable, shortened

    return shortened(readable(text), SHOWN)
