"""Files that are handed out and kept nowhere, such as what is known of a person."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from bot.conversation import Attachment, Fleeting

SECONDS: Final = 600.0  # for which a file is there
MOST: Final = 16  # files in memory, of at most 8 MB each; the oldest goes first


def without_content(file: Attachment) -> Attachment:
    """A file as it is stored: of one that is to be kept nowhere, only what it is called."""
    return Attachment(file.name, file.media_type, b"") if isinstance(file, Fleeting) else file


class Passing:
    """Files in memory, each for ten minutes; any thread may take and get them.

    Args:
        ticks: seconds that only go forward.
    """

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._files: OrderedDict[int, tuple[float, Attachment]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, files: Sequence[int], given: Sequence[Attachment]) -> None:
        """Has those of a message's files there that are to be kept nowhere."""
        for file, attachment in zip(files, given, strict=True):
            if isinstance(attachment, Fleeting):
                self.put(file, attachment)

    def put(self, file: int, given: Attachment) -> None:
        """Has a file there from now on."""
        with self._lock:
            self._files[file] = self._ticks() + SECONDS, given
            self._clear()

    def drop(self, files: Sequence[int]) -> None:
        """Has files there no more; their message was not stored."""
        with self._lock:
            for file in files:
                self._files.pop(file, None)

    def get(self, file: int) -> Attachment | None:
        """A file that is still there."""
        with self._lock:
            self._clear()
            found = self._files.get(file)
        return None if found is None else found[1]

    def _clear(self) -> None:
        now = self._ticks()
        while self._files and (len(self._files) > MOST or next(iter(self._files.values()))[0] <= now):
            self._files.popitem(last=False)
