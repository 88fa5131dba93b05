"""`planchette models`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import versions
from bot.home import Home
from bot.shell.exporting import export
from bot.shell.importing import import_
from bot.shell.layers import layers_record, show_layers
from bot.shell.output import Json, emit, note, say, table
from bot.shell.writers import open_desk
from bot.shelves import described, found, found_anywhere
from generators.places import shipped_directory

if TYPE_CHECKING:
    from generators.completion import ModelInfo

models = typer.Typer(no_args_is_help=True, help="List, show, import, export and remove models.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="NAME or NAME@VERSION.")]


@models.command("list")
def list_(as_json: Json = False) -> None:
    """List what can write here, the default first."""
    listed = asyncio.run(_listed())
    if as_json:
        for info in listed:
            emit(described(info) | _owner(info))
        return
    table(
        ("NAME", "VERSION", "KIND", "TOKEN", "CONTEXT", ""),
        [
            (
                info.name,
                info.version,
                info.kind,
                info.token,
                _context(info),
                " · ".join(part for part in (info.description, _owner(info).get("place")) if part),
            )
            for info in listed
        ],
    )


@models.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME, NAME@VERSION, or a directory.")],
    as_json: Json = False,
) -> None:
    """Show what a model is, where it comes from, and its layers."""
    from bot.configuration import load_configuration
    from generators.layers import summary

    shelf, directory = found_anywhere(load_configuration().home, name)
    info = replace(shelf.info(directory), shipped=directory.parent == shipped_directory())
    lineage, layers = _lineage(directory), summary(directory)
    if as_json:
        emit(described(info) | {"directory": str(directory), "lineage": lineage} | layers_record(layers))
        return
    facts: dict[str, object] = {
        "name": info.name,
        "version": info.version,
        "kind": info.kind,
        "token": info.token,
        "context": _looked_back(info, directory),
        "labels": ", ".join(info.labels) or "none",
        "temperature": " ".join(f"{value:g}" for value in info.sampling.temperature),
        "length": info.max_tokens,
        "shipped": "yes" if info.shipped else "no",
        "directory": directory,
    }
    facts |= {key: value for key, value in lineage.items() if isinstance(value, str | int | float) and key not in facts}
    if isinstance(base := lineage.get("base"), dict):
        facts["base"] = f"{base.get('name')}@{base.get('version')}"
    metrics = lineage.get("metrics")
    if isinstance(metrics, dict):
        facts |= {key: value for key, value in metrics.items() if value is not None}
    for key, value in facts.items():
        say(f"{key.replace('_', ' ')}: {value}")
    say()
    show_layers(layers)


models.command("import")(import_)
models.command("export")(export)


@models.command()
def remove(name: Name) -> None:
    """Remove a model of your own, or one version of it."""
    from bot.configuration import load_configuration

    versions.remove(load_configuration().home, name)
    note(f"{name} is removed.")


async def _listed() -> Sequence[ModelInfo]:
    async with open_desk() as desk:
        return await desk.models.all()


def _owner(info: ModelInfo) -> dict[str, str]:
    """The channel whose model it is, and its server; nothing of one that is everybody's."""
    from bot.configuration import load_configuration

    if info.shipped:
        return {}
    lineage = _lineage(Home(load_configuration().home).models / info.name / info.version)
    return {key: str(lineage[key]) for key in ("place", "guild") if lineage.get(key) is not None}


def _context(info: ModelInfo) -> str:
    """What a model that is listed looks back on, which one of another machine says by itself."""
    from bot.configuration import load_configuration
    from generators.errors import UnknownModel

    try:
        _, directory = found(load_configuration().home, f"{info.name}@{info.version}")
    except UnknownModel:
        return "all" if info.context is None else f"{info.context:,}"
    return _looked_back(info, directory)


def _looked_back(info: ModelInfo, directory: Path) -> str:
    """How many tokens a model looks back on: its context, a recurrent model's window, or all."""
    from generators.directory import read_json

    tokens = info.context
    if tokens is None and info.kind == "charrnn":
        tokens = read_json(directory, "config.json").get("window")
    return f"{tokens:,}" if isinstance(tokens, int) else "all"


def _lineage(directory: Path) -> dict[str, Any]:
    try:
        lineage = json.loads((directory / "planchette.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return lineage if isinstance(lineage, dict) else {}
