"""How many threads the linear algebra has."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from threadpoolctl import threadpool_info

from generators.engine.threads import ThreadLimit


def threads() -> int:
    """Those that the linear algebra has now."""
    return next(each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas")


@contextmanager
def held(limit: ThreadLimit, number: int) -> Iterator[None]:
    """A thread of its own that keeps a limit."""
    began, end = threading.Event(), threading.Event()

    def keep() -> None:
        with limit.of(number):
            began.set()
            end.wait()

    thread = threading.Thread(target=keep)
    thread.start()
    began.wait()
    yield
    end.set()
    thread.join()


def test_the_first_to_go() -> None:
    """Whoever asked for a limit keeps it when another leaves; after the last there is what there was before."""
    limit = ThreadLimit()
    before = threads()

    with ExitStack() as second:
        with held(limit, 1):
            second.enter_context(held(limit, 1))
            both = threads()
        one = threads()

    assert (both, one, threads()) == (1, 1, before)


def test_the_most_that_is_asked() -> None:
    """Who asks for fewer threads takes none from who asks for more."""
    limit = ThreadLimit()
    before = threads()

    with held(limit, before), held(limit, 1):
        both = threads()

    assert (both, threads()) == (before, before)
