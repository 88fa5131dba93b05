"""`planchette models`."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot import versions
from bot.shell.errors import CannotImport, InTheWay, OnlyDirectories
from bot.shell.output import Json, emit, note, say, table
from bot.shell.writers import open_desk
from bot.shelves import described, found, loaded
from generators.places import name_from, own_name

if TYPE_CHECKING:
    from generators.completion import ModelInfo

models = typer.Typer(no_args_is_help=True, help="List, show, import, export and remove models.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="NAME or NAME@VERSION.")]

# What a model's directory may bring in: never a pickle (pytorch_model.bin, optimizer.pt, training_args.bin).
FILES: Final = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "planchette.json",
    "README.md",
    "LICENSE",
)


@models.command("list")
def list_(as_json: Json = False) -> None:
    """List what can write here, the default first."""
    listed = asyncio.run(_listed())
    if as_json:
        for info in listed:
            emit(described(info))
        return
    table(
        ("NAME", "VERSION", "KIND", "TOKEN", "CONTEXT", ""),
        [
            (
                info.name,
                info.version,
                info.kind,
                info.token,
                "all" if info.context is None else f"{info.context:,}",
                info.description,
            )
            for info in listed
        ],
    )


@models.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show what a model is and where it comes from."""
    from bot.configuration import load_configuration

    shelf, directory = found(load_configuration().home, name)
    info, lineage = shelf.info(directory), _lineage(directory)
    if as_json:
        emit(described(info) | {"directory": str(directory), "lineage": lineage})
        return
    facts: dict[str, object] = {
        "name": info.name,
        "version": info.version,
        "kind": info.kind,
        "token": info.token,
        "context": "all" if info.context is None else info.context,
        "labels": ", ".join(info.labels) or "none",
        "temperature": " ".join(f"{value:g}" for value in info.sampling.temperature),
        "length": info.max_tokens,
        "shipped": "yes" if info.shipped else "no",
        "directory": directory,
    }
    facts |= {key: value for key, value in lineage.items() if isinstance(value, str | int | float) and key not in facts}
    metrics = lineage.get("metrics")
    if isinstance(metrics, dict):
        facts |= {key: value for key, value in metrics.items() if value is not None}
    for key, value in facts.items():
        say(f"{key.replace('_', ' ')}: {value}")


@models.command("import")
def import_(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="A Hugging Face directory.")],
    name: Annotated[str | None, typer.Option(help="Of the model here; the directory's without it.")] = None,
    as_json: Json = False,
) -> None:
    """Import a model from a directory.

    Only safetensors are read, never a pickle.
    """
    from bot.configuration import load_configuration
    from bot.home import Home
    from generators.local import Shelf
    from generators.training.publishing import digest_of, published

    home = Home(load_configuration().home)
    if not directory.is_dir():
        raise OnlyDirectories(str(directory))
    directory = directory.resolve()
    called = own_name(name_from(directory) if name is None else name)
    if not (directory / "config.json").is_file():
        raise CannotImport(str(directory), "it holds no config.json, so it is no Hugging Face directory")
    if not (directory / "model.safetensors").is_file():
        raise CannotImport(str(directory), "it holds no model.safetensors")
    loaded(Shelf(directory.parent, shipped=True), directory)  # laid out as shipped models are, without versions
    home.create()
    parent = home.models / called
    version = digest_of(directory / "model.safetensors")[:12]  # as training names its models: by their weights
    with published(parent, lambda _: version) as building:
        for file in FILES:
            if (directory / file).is_file():
                shutil.copyfile(directory / file, building / file)
    versions.use_newest(home.path, called)
    if as_json:
        emit({"model": called, "version": version, "directory": str(parent / version)})
        return
    say(f"{called} is ready; `planchette generate --model {called}` writes with it.")


@models.command()
def export(
    name: Name, directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="Where to; made if missing.")]
) -> None:
    """Copy a model into a directory.

    transformers and others can read it there.
    """
    from bot.configuration import load_configuration

    _, source = found(load_configuration().home, name)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InTheWay(str(directory))
    shutil.copytree(source, directory, dirs_exist_ok=True)
    note(f"{name} is in {directory}.")


@models.command()
def remove(name: Name) -> None:
    """Remove a model of your own, or one version of it."""
    from bot.configuration import load_configuration

    versions.remove(load_configuration().home, name)
    note(f"{name} is removed.")


async def _listed() -> Sequence[ModelInfo]:
    async with open_desk() as desk:
        return await desk.models.all()


def _lineage(directory: Path) -> dict[str, Any]:
    try:
        lineage = json.loads((directory / "planchette.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return lineage if isinstance(lineage, dict) else {}
