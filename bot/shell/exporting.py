"""`planchette models export`."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.shell.errors import InTheWay, NoAdapter
from bot.shell.output import note
from bot.shell.signals import ended_in_order
from bot.shelves import found

ARCHIVES: Final = {".zip": "zip", ".tar.gz": "gztar", ".tgz": "gztar", ".tar.xz": "xztar", ".tar": "tar"}  # by suffix
Target = Annotated[
    Path, typer.Argument(metavar="DIRECTORY", help="Where to, made if missing; or a new .zip or .tar.gz.")
]


def export(
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME or NAME@VERSION.")],
    directory: Target,
    merge: Annotated[bool, typer.Option("--merge", help="Write an adapter and its base as one whole model.")] = False,
) -> None:
    """Copy a model into a directory or an archive.

    transformers and others can read it there.
    """
    from bot.configuration import load_configuration
    from generators.directory import is_adapter

    _, source = found(load_configuration().home, name)
    plain = name.partition("@")[0]
    if merge and not is_adapter(source):
        raise NoAdapter(plain)
    in_archive = _format(directory)
    with ended_in_order():
        if in_archive is None:
            with _new_directory(directory) as building:
                _write(source, building, merge)
        else:
            with _new_archive(directory, in_archive) as building:
                inside = building / plain
                inside.mkdir()
                _write(source, inside, merge)
    note(f"{name} is in {directory}.")


def _write(source: Path, target: Path, merge: bool) -> None:
    if merge:
        write_merged(source, target)
        return
    for file in source.iterdir():
        if file.is_file():
            shutil.copyfile(file, target / file.name)
        else:
            shutil.copytree(file, target / file.name)


def write_merged(source: Path, target: Path) -> None:
    """An adapter and its base as a whole model, which needs neither of them.

    Raises:
        UserError: its base is not here, or torch is not installed.
    """
    from generators.directory import ADAPTER, ADAPTER_CONFIG, WEIGHTS, read_json
    from generators.errors import MissingExtra
    from generators.importing.contents import FILES
    from generators.tensors import weights_digest

    try:
        from safetensors.torch import save_file

        from generators.gpt2.adapters import merged
    except ImportError as fault:
        raise MissingExtra("Merging an adapter", "torch") from fault
    tensors = {tensor: values.contiguous() for tensor, values in merged(source).items()}
    weights = target / WEIGHTS
    weights.touch()
    mode = weights.stat().st_mode  # as other new files have it: safetensors' own are for their owner alone
    save_file(tensors, weights, {"format": "pt"})
    weights.chmod(mode)
    for file in FILES:
        if (source / file).is_file() and file not in (ADAPTER, ADAPTER_CONFIG):
            shutil.copyfile(source / file, target / file)
    lineage = read_json(target, "planchette.json", required=False)
    lineage["version"] = weights_digest(target)[:12]
    (target / "planchette.json").write_text(json.dumps(lineage, indent=2, ensure_ascii=False) + "\n", "utf-8")


@contextmanager
def _new_directory(directory: Path) -> Iterator[Path]:
    """A place to write what then appears in a directory; after an error the directory is as it was."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InTheWay(str(directory))
    made = not directory.exists()
    building = directory / f".new-{os.getpid()}"  # inside, because the directory may be a disk of its own
    directory.mkdir(parents=True, exist_ok=True)
    building.mkdir()
    try:
        yield building
        for file in sorted(building.iterdir(), key=lambda file: file.name == "config.json"):  # it makes it a model
            file.rename(directory / file.name)
    finally:
        shutil.rmtree(building, ignore_errors=True)
        if made and not any(directory.iterdir()):
            directory.rmdir()


@contextmanager
def _new_archive(archive: Path, kind: str) -> Iterator[Path]:
    """A place to write what then becomes an archive; after an error there is none."""
    if archive.exists():
        raise InTheWay(str(archive), archive=True)
    archive.parent.mkdir(parents=True, exist_ok=True)
    building = archive.parent / f".new-{os.getpid()}-{archive.name}"
    building.mkdir()
    try:
        (building / "files").mkdir()
        yield building / "files"
        made = Path(shutil.make_archive(str(building / "archive"), kind, building / "files"))
        made.rename(archive)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _format(path: Path) -> str | None:
    """shutil's name for the kind of archive that a path ends with."""
    if path.is_dir():
        return None
    return next((kind for suffix, kind in ARCHIVES.items() if path.name.lower().endswith(suffix)), None)
