"""What a model has learnt by heart: runs of eight words, verbatim, of the texts that it was trained on.

A word is a run of letters and digits, whatever case and whatever stands between two of them, so that neither a comma
nor a line end hides a repetition. A run lies within one text. Runs are known by their hashes alone, keyed with a salt:
the index of a text cannot be read back, though whoever has it can try whether eight words that they guess were in it.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RUN: Final = 8  # words
SALT: Final = 16  # bytes
WORD: Final = re.compile(r"[^\W_]+")
HASH: Final = 8  # bytes; of a hundred million runs, one text in 10^11 is taken for one of them by chance
BUFFER: Final = 1 << 20  # hashes that are gathered before they are sorted and put on the disk
PARTS: Final = 256  # of the disk's hashes that are in memory one after the other


@dataclass(frozen=True, slots=True)
class Index:
    """The runs of some texts.

    Attributes:
        hashes: uint64 [runs], ascending, each once; may lie in a file.
        salt: keys the hashes.
    """

    hashes: NDArray[np.uint64]
    salt: bytes

    def holds(self, words: Sequence[str]) -> bool:
        """Whether these eight words, in lower case, are a run of the texts."""
        import numpy as np

        found = np.uint64(run_hash(words, self.salt))  # of its own type, or NumPy would turn all hashes into floats
        place = int(self.hashes.searchsorted(found))
        return place < len(self.hashes) and bool(self.hashes[place] == found)


def words_of(text: str) -> Iterator[str]:
    """The words of a text, in lower case."""
    return (word[0].casefold() for word in WORD.finditer(text))


def runs_of(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of eight words of a text."""
    last: deque[str] = deque(maxlen=RUN)
    for word in words_of(text):
        last.append(word)
        if len(last) == RUN:
            yield tuple(last)


def run_hash(words: Sequence[str], salt: bytes) -> int:
    """What a run is known by: BLAKE2b (RFC 7693) with the salt as its key, 64 bits.

    No sum of the words' own hashes, though that would be faster: such sums can be taken apart into common words.
    """
    return int.from_bytes(blake2b(" ".join(words).encode(), digest_size=HASH, key=salt).digest(), "little")


def index_of(texts: Iterable[str], onto: Index | None = None) -> Index:
    """The index of some texts, which are read once; memory does not grow with their number.

    Args:
        texts: one message, or one document, each.
        onto: an index whose runs are to be in it, too, such as that of the model that goes on learning.
    """
    salt = secrets.token_bytes(SALT) if onto is None else onto.salt
    with tempfile.TemporaryFile() as spill:
        spilt = _Spilt(spill)
        for text in texts:
            for run in runs_of(text):
                spilt.add(run_hash(run, salt))
        if onto is not None:
            for at in range(0, len(onto.hashes), BUFFER):
                spilt.take(onto.hashes[at : at + BUFFER])
        return Index(spilt.sorted(), salt)


def holds_run(text: str, index: Index) -> bool:
    """Whether a text repeats eight words or more of one of the index's texts."""
    return any(index.holds(run) for run in runs_of(text))


def share_verbatim(texts: Iterable[str], index: Index) -> float:
    """The share of texts, from 0 to 1, that repeat eight words or more of one of the index's texts; 0 of none."""
    found = [holds_run(text, index) for text in texts]
    return sum(found) / len(found) if found else 0.0


class _Spilt:
    """Hashes that are sorted in pieces on the disk, and put together part by part of their range."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._waiting = array("Q")
        self._pieces: list[tuple[int, NDArray[np.int64]]] = []  # where each begins, and where each part of it does

    def add(self, found: int) -> None:
        self._waiting.append(found)
        if len(self._waiting) == BUFFER:
            self._put()

    def take(self, hashes: NDArray[np.uint64]) -> None:
        """Adds many at once."""
        self._put()
        self._waiting = array("Q", hashes.tobytes())
        self._put()

    def sorted(self) -> NDArray[np.uint64]:
        """All of them, ascending and each once; in memory where they have never left it, otherwise in a file."""
        import numpy as np

        if not self._pieces:
            return np.unique(np.frombuffer(self._waiting, np.uint64))
        self._put()
        with tempfile.TemporaryFile() as whole:
            for part in range(PARTS):
                np.unique(np.concatenate([self._read(piece, part) for piece in self._pieces])).tofile(whole)
            if not whole.tell():
                return np.empty(0, np.uint64)
            whole.flush()
            return np.memmap(whole, np.uint64, "r")

    def _put(self) -> None:
        import numpy as np

        if not self._waiting:
            return
        hashes = np.unique(np.frombuffer(self._waiting, np.uint64))
        firsts = np.arange(PARTS, dtype=np.uint64) * np.uint64(2**64 // PARTS)
        bounds = np.append(np.searchsorted(hashes, firsts), len(hashes)).astype(np.int64)
        self._pieces.append((self._file.seek(0, 2), bounds))
        self._file.write(hashes.tobytes())
        self._waiting = array("Q")

    def _read(self, piece: tuple[int, NDArray[np.int64]], part: int) -> NDArray[np.uint64]:
        import numpy as np

        begins, bounds = piece
        self._file.seek(begins + HASH * int(bounds[part]))
        return np.frombuffer(self._file.read(HASH * int(bounds[part + 1] - bounds[part])), np.uint64)
