"""How many threads the linear algebra has: one number for the whole process, however many engines there are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


class ThreadLimit:
    """The most threads that anybody asks for, from the first who asks until the last has gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[int] = []
        self._before: Any = None  # knows what held before anybody asked

    @contextmanager
    def of(self, threads: int) -> Iterator[None]:
        """While so many threads suffice; entered by the thread that multiplies, because some libraries ask which."""
        with self._lock:
            self._asked.append(threads)
            limits = _set(max(self._asked))
            if len(self._asked) == 1:
                self._before = limits
        try:
            yield
        finally:
            with self._lock:
                self._asked.remove(threads)
                if self._asked:
                    _set(max(self._asked))
                else:
                    with self._before:
                        pass


def _set(threads: int) -> Any:
    """Sets the limit, and gives back what can restore the one before."""
    limits = threadpool_limits(limits=threads, user_api="blas")
    with threadpool_limits(limits=threads, user_api="blas"):
        pass  # a thread that has set a limit keeps all others from it (threadpoolctl 3.8) until it leaves a context
    return limits


LIMIT: Final = ThreadLimit()
