"""What keeps a model from repeating its training text: a file beside its weights, and who watches what is written.

`guard.safetensors` holds one tensor, `runs`: uint64 [runs], ascending, each once, the hashes of every run of eight
words of the texts that the model learnt from (`generators.memorisation`). Its metadata are `format`
(`planchette-guard`), `version` (`1`), `words` (`8`) and `salt`, 32 hexadecimal digits: the key of BLAKE2b with 64 bits
over the words in lower case with a space between two. Where a model's directory has the file, nothing that is written
with the model repeats eight words or more of one text: the engine draws again from before the word that would complete
them.
"""

from __future__ import annotations

import json
import struct
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from generators.directory import check_safetensors
from generators.errors import UnusableModel
from generators.memorisation import HASH, RUN, SALT, WORD, Index
from generators.units import split_characters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE: Final = "guard.safetensors"
TENSOR: Final = "runs"
FORMAT: Final = {"format": "planchette-guard", "version": "1", "words": str(RUN)}
LONGEST_HEADER: Final = 4096  # bytes; ours has some 200
BLOCK: Final = 1 << 20  # hashes that are written at a time


def save_guard(index: Index, directory: Path) -> None:
    """Writes the guard of a model's directory, whole or not at all."""
    header = json.dumps(
        {
            "__metadata__": {**FORMAT, "salt": index.salt.hex()},
            TENSOR: {"dtype": "U64", "shape": [len(index.hashes)], "data_offsets": [0, HASH * len(index.hashes)]},
        }
    ).encode()
    header += b" " * (-len(header) % HASH)  # so that the numbers behind it are aligned, as safetensors has it
    building = directory / f".{FILE}"
    with building.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for at in range(0, len(index.hashes), BLOCK):
            file.write(index.hashes[at : at + BLOCK].tobytes())
    building.replace(directory / FILE)


def index_in(directory: Path) -> Index | None:
    """The index that guards a model's directory; its hashes stay on the disk. None where it has no guard.

    Raises:
        UnusableModel: the guard is damaged, or of a version to come: without it the model is not to write.
    """
    file = directory / FILE
    if not file.is_file():
        return None
    check_safetensors(file)
    try:
        return _read(file)
    except (OSError, ValueError, KeyError, TypeError, struct.error) as fault:
        raise UnusableModel(str(directory), f"{FILE} is damaged ({fault})") from fault


def _read(file: Path) -> Index:
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        if length > LONGEST_HEADER:
            raise ValueError(f"its header has {length:,} bytes")
        header = json.loads(opened.read(length))
    facts = header["__metadata__"]
    if {name: facts[name] for name in FORMAT} != FORMAT:
        raise ValueError(f"it is of the version {facts['version']}, of runs of {facts['words']} words")
    salt = bytes.fromhex(facts["salt"])
    (count,) = header[TENSOR]["shape"]
    if header[TENSOR]["dtype"] != "U64" or len(salt) != SALT or file.stat().st_size != 8 + length + HASH * count:
        raise ValueError("it is cut short, or holds something else")
    return Index(_mapped(file, 8 + length, count), salt)


def _mapped(file: Path, begins: int, count: int) -> NDArray[np.uint64]:
    import numpy as np

    return np.memmap(file, np.uint64, "r", begins, (count,)) if count else np.empty(0, np.uint64)


class Read(NamedTuple):
    """A word in what is written.

    Attributes:
        begins: byte of what is written, at least 0, that it begins with or goes on with.
        word: all of it, also what was written earlier.
        open: whether nothing stands behind it, so that it may still grow.
    """

    begins: int
    word: str
    open: bool


class Watch:
    """Follows one text, and says where it would repeat a run.

    What came before the text counts, too: whoever gives seven words of a message is not told the eighth.

    Args:
        index: of the runs.
        before: bytes of what stands before the text, or of enough of it.
    """

    __slots__ = ("_index", "_last", "_open", "_pending")

    def __init__(self, index: Index, before: bytes = b"") -> None:
        self._index = index
        self._last: tuple[str, ...] = ()
        self._open = ""
        self._pending = b""
        self.read(before)

    def copy(self) -> Watch:
        """Another one at the same place."""
        other = Watch(self._index)
        other._last, other._open, other._pending = self._last, self._open, self._pending
        return other

    def repeated(self, data: bytes) -> int | None:
        """Where the word begins that completes a run, were these bytes to follow and the text to end with them.

        A word that was complete before them is not looked at again.
        """
        last = deque(self._last, RUN)
        for begins, word, _ in self._words(data):
            last.append(word.casefold())
            if begins >= 0 and len(last) == RUN and self._index.holds(last):
                return begins
        return None

    @property
    def is_whole(self) -> bool:
        """Whether no character is incomplete."""
        return not self._pending

    def closes(self, letters: str) -> bool:
        """Whether these letters, and what ends their word, complete a run; where they do not, both have been read.

        The same as `repeated` and `read` in a fifth of the time, for what most texts are: whole letters, then none.
        """
        word = (self._open + letters).casefold()
        if not word:
            return False
        last = (*self._last, word)
        if letters and len(last) == RUN and self._index.holds(last):
            return True
        self._last = last[1 - RUN :]
        self._open = ""
        return False

    def settled(self, data: bytes) -> int:
        """How many of these bytes no longer belong to a word, or a character, that may still grow."""
        whole = len(data) - len(split_characters(self._pending + data)[1])
        for begins, _, is_open in self._words(data):
            if is_open:
                return min(max(0, begins), max(0, whole))
        return max(0, whole)

    def read(self, data: bytes) -> None:
        """These bytes follow."""
        words = list(self._words(data))
        self._pending = split_characters(self._pending + data)[1]
        last = [each.word.casefold() for each in words if not each.open]
        self._last = (*self._last, *last)[1 - RUN :]
        self._open = words[-1].word if words and words[-1].open else ""

    def _words(self, data: bytes) -> Iterator[Read]:
        """The words, the one first that was open; it begins at -1 where nothing of it is in these bytes."""
        together = self._pending + data
        text = together[: len(together) - len(split_characters(together)[1])].decode("utf-8", "surrogateescape")
        grown = self._open + text
        skipped = len(self._open.encode()) + len(self._pending)
        for match in WORD.finditer(grown):
            begins = len(grown[: match.start()].encode("utf-8", "surrogateescape")) - skipped
            ends_before = match.end() <= len(self._open)
            yield Read(-1 if ends_before else max(0, begins), match[0], match.end() == len(grown))


def guard_with(model: Any, index: Index | None) -> None:
    """Guards a loaded model wherever it writes: every engine that is given it asks for its guard; None takes it off."""
    model.guard = index


def guard_of(model: Any) -> Index | None:
    """The index that guards a loaded model, if any does."""
    index: Index | None = getattr(model, "guard", None)
    return index
