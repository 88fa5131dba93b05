"""What every peer's script does: one JSON object a line in, one out, with the CPU seconds that it took."""

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
        started = time.process_time()
        found = work()
        print(json.dumps({**found, "cpu_seconds": time.process_time() - started}), file=answers, flush=True)
