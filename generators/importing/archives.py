"""A model out of an archive that a stranger may have made."""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, NamedTuple

from generators.importing.errors import CannotImport

SUFFIXES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz")
MOST_BYTES: Final = 64 << 30  # of all that an archive holds: ten times GPT-2's largest, 6.4 GB
MOST_MEMBERS: Final = 10_000  # a model has a dozen files; a million empty ones cost memory only to be listed
DAMAGE: Final = (  # what zipfile and tarfile raise for bytes that are not what they should be
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)


class Member(NamedTuple):
    """A file in an archive."""

    name: str
    size: int
    is_plain: bool
    open: Callable[[], IO[bytes] | None]


def stem(path: Path) -> str | None:
    """An archive's name without its suffix; None where it is no archive that can be unpacked."""
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            return path.name[: -len(suffix)]
    return None


def unpack(archive: Path, target: Path, wanted: Callable[[str], bool], limit: int = MOST_BYTES) -> Path:
    """Takes a model's files out of an archive.

    Args:
        wanted: whether a file of this name is to be taken; all others stay where they are.
        limit: bytes that everything in the archive may have.

    Returns:
        Where the model is: `target`, or the one folder in it that has a model.

    Raises:
        CannotImport: the archive is damaged, too large, holds links or paths that lead out of it, or no model.
    """
    total = 0
    try:
        with _members(archive) as members:
            for count, member in enumerate(members):
                total += member.size
                if total > limit or count > MOST_MEMBERS:
                    raise CannotImport(str(archive), f"it holds more than {limit >> 30} GB or {MOST_MEMBERS:,} files")
                _take(archive, member, target, wanted)
    except FileExistsError as fault:
        raise CannotImport(str(archive), "it holds two files of the same name") from fault
    except DAMAGE as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise  # a disk that is full, a file that may not be read: said as it is
        raise CannotImport(str(archive), f"the archive is damaged ({fault or type(fault).__name__})") from fault
    found = [folder for folder in (target, *sorted(target.iterdir())) if _is_model(folder)]
    if not found:
        raise CannotImport(str(archive), "it holds no config.json, so there is no Hugging Face directory in it")
    if len(found) > 1 and found[0] != target:
        raise CannotImport(str(archive), f"it holds {len(found)} models; unpack it and import one of them")
    return found[0]


def _take(archive: Path, member: Member, target: Path, wanted: Callable[[str], bool]) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in str(path):
        raise CannotImport(str(archive), f"it holds a path that leads out of it ({member.name})")
    if not member.is_plain:
        raise CannotImport(str(archive), f"it holds a link or a device ({member.name}); archive the files themselves")
    if len(path.parts) > 2 or not wanted(path.name):
        return
    if member.size > shutil.disk_usage(target).free:
        raise CannotImport(str(archive), f"the disk has no room for its {member.size / 1e6:,.1f} MB")
    destination = target / path
    destination.parent.mkdir(exist_ok=True)
    source = member.open()
    if source is None:
        return
    with source, destination.open("xb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
        if file.tell() != member.size:
            raise EOFError(f"{member.name} ends too early")


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[Member]]:
    """The files of an archive one after the other, each read before the next is asked for."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            yield _of_zip(opened)
    else:
        with tarfile.open(archive, "r:*") as tar:
            yield _of_tar(tar)


def _of_zip(opened: zipfile.ZipFile) -> Iterator[Member]:
    for info in opened.infolist():
        if not info.is_dir():
            is_link = (info.external_attr >> 16) & 0o170000 not in (0, 0o100000)  # stat.S_IFMT of what Unix wrote
            yield Member(info.filename, info.file_size, not is_link, lambda info=info: opened.open(info))  # type: ignore[misc]


def _of_tar(opened: tarfile.TarFile) -> Iterator[Member]:
    for info in opened:
        if not info.isdir():
            yield Member(info.name, info.size, info.isfile(), lambda info=info: opened.extractfile(info))  # type: ignore[misc]


def _is_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("config.json", "adapter_config.json"))
