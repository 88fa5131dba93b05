"""What every peer's script does: a JSON object a line in, one out, with its seconds on the processor and the clock."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def answer(prepare: Callable[[dict[str, Any]], Callable[[], dict[str, float]]]) -> None:
    """Answers questions until standard input ends.

    Args:
        prepare: takes a question to the work that is measured, which gives the answer.
    """
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        work = prepare(json.loads(line))
        began, started = time.perf_counter(), time.process_time()
        found = work()
        took = {"cpu_seconds": time.process_time() - started, "seconds": time.perf_counter() - began}
        print(json.dumps({**found, **took}), file=answers, flush=True)
