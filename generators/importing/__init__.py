"""Models from elsewhere: a directory, an archive, the hub or textgenrnn's files become a published directory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from generators.directory import is_adapter
from generators.errors import UnusableModel
from generators.importing import archives, hub
from generators.importing.adapters import take_adapter
from generators.importing.contents import complete_lineage, is_model_file, take_model
from generators.importing.errors import CannotImport, NoSource
from generators.importing.trial import fits, try_out
from generators.places import models_directory, own_name, slug
from generators.tensors import weights_digest
from generators.training.publishing import published

__all__ = ["CannotImport", "Imported", "NoSource", "import_model", "import_textgenrnn"]

VERSION_LENGTH: Final = 12  # hexadecimal digits of the weights' digest, as training names its models


@dataclass(frozen=True, slots=True)
class Imported:
    """A model that has come in.

    Attributes:
        tried: whether it was loaded; what is too large for the free memory is checked by its headers only.
    """

    name: str
    version: str
    directory: Path
    tried: bool


@dataclass(frozen=True, slots=True)
class _Gathered:
    """A source's files on this machine: a name for the model, where it came from, and how to take a file."""

    directory: Path
    name: str
    facts: dict[str, str]
    take: Callable[[Path, Path], object]


def import_model(
    source: str | Path,
    models: Path | None = None,
    *,
    name: str | None = None,
    base: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Imported:
    """Brings in a model in Hugging Face's layout; it is loaded once, and only what can be used is published.

    Args:
        source: a directory, an archive (.zip, .tar, .tar.gz, .tar.xz) or `hub:NAME[@REVISION]`.
        models: where models are kept, each in NAME/VERSION; PLANCHETTE_HOME's without it.
        name: of the model here; the source's without it.
        base: of an adapter: the name or directory of the model that it was made for.
        tell: called with what is being done, in a few words.

    Raises:
        UserError: the source cannot be read, or holds no model that can be used; nothing is left of it then.
    """
    models = models or models_directory()
    if name is not None:
        own_name(name)  # before anything is fetched
    if not str(source).startswith(hub.PREFIX) and not Path(source).exists():
        raise NoSource(str(source))
    with _staging(models) as staging:
        came = _gathered(str(source), staging, tell)
        called = own_name(came.name if name is None else name)
        building = staging / called / "new"
        building.mkdir(parents=True)
        tell("reading the files")
        with _naming(str(source)):
            if is_adapter(came.directory):
                take_adapter(came.directory, building, base, came.take)
            elif base is not None:
                raise CannotImport(str(source), "it is a whole model, and --base is for adapters")
            else:
                take_model(came.directory, building, came.take)
        return _finished(building, models, called, str(source), came.facts, tell)


def import_textgenrnn(
    weights: Path,
    models: Path | None = None,
    *,
    name: str | None = None,
    vocab: Path | None = None,
    config: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Imported:
    """Brings in a model that textgenrnn trained.

    Args:
        weights: its .hdf5.
        vocab, config: the .json files of a model that was trained with new_model.

    Raises:
        UserError: the files cannot be read, or do not fit each other; nothing is left then.
    """
    from generators.charrnn.textgenrnn import import_textgenrnn as converted

    models = models or models_directory()
    called = own_name(slug(weights.stem.removesuffix("_weights")) if name is None else name)
    with _staging(models) as staging:
        building = staging / called / "new"
        building.mkdir(parents=True)
        tell("reading the files")
        with _naming(str(weights)):
            converted(weights, vocab, config, building, called)
        return _finished(building, models, called, str(weights), {"source": "textgenrnn"}, tell)


def _gathered(source: str, staging: Path, tell: Callable[[str], None]) -> _Gathered:
    """The files of a source, fetched or unpacked where they have to be.

    Raises:
        UserError: they cannot be.
    """
    target = staging / ".source"
    if source.startswith(hub.PREFIX):
        target.mkdir()
        tell("downloading")
        facts = hub.download(source, target)
        called = hub.Address.of(source).name.rpartition("/")[2]
        return _Gathered(target, slug(called), {**facts, "description": f"from {source}"}, Path.replace)
    path = Path(source).resolve()
    if path.is_dir():
        return _Gathered(path, slug(path.name), {}, shutil.copyfile)
    stem = archives.stem(path)
    if stem is None:
        raise NoSource(source)
    target.mkdir()
    tell("unpacking")
    return _Gathered(archives.unpack(path, target, is_model_file), slug(stem), {}, Path.replace)


def _finished(
    building: Path, models: Path, name: str, source: str, facts: dict[str, str], tell: Callable[[str], None]
) -> Imported:
    """Publishes a directory that is complete, after a trial.

    Raises:
        UserError: it cannot be used.
    """
    with _naming(source):
        version = weights_digest(building)[:VERSION_LENGTH]
        imported: dict[str, Any] = {**facts, "imported": datetime.now(UTC).isoformat(timespec="seconds")}
        complete_lineage(building, name, version, imported)
        tell("trying it out")
        tried = fits(building)
        try_out(building, whole=tried)
    parent = models / name
    try:
        with published(parent, lambda _: version) as target:
            for file in building.iterdir():
                file.replace(target / file.name)
    finally:
        with suppress(OSError):  # where nothing was published there is nothing in it
            parent.rmdir()
    return Imported(name, version, parent / version, tried)


@contextmanager
def _staging(models: Path) -> Iterator[Path]:
    """A directory on the models' own disk, gone afterwards, with what a killed import has left of its own."""
    models.mkdir(parents=True, exist_ok=True)
    for left in models.glob(".importing-*"):
        if not _runs(left.name.split("-")[1]):
            shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=f".importing-{os.getpid()}-", dir=models, ignore_cleanup_errors=True) as staging:
        yield Path(staging)


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True


@contextmanager
def _naming(source: str) -> Iterator[None]:
    """Says what a person named instead of a directory that only we know."""
    try:
        yield
    except UnusableModel as fault:
        raise CannotImport(source, fault.reason) from fault
