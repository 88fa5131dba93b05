"""A training of ours in a process of its own, whose CPU seconds count from its first import to its published model.

As a program it reads one JSON object, the arguments of `generators.training.train`, and answers with `Learnt`'s fields.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

CHECKOUT: Final = Path(__file__).parent.parent
UNMEASURED: Final = {"held_out": "0", "checks": "0.001", "gen_epochs": "0"}  # nothing but learning
SETTLING: Final = 2  # first steps, which prepare what all need


class Learnt(NamedTuple):
    """A training that ended.

    Attributes:
        directory: the published model.
        steps: that were taken.
        cpu_seconds, seconds: of the whole process and its children, imports included, and on the wall's clock.
        cpu_per_step, per_step: of the steps after the first two, which prepare what all need.
    """

    directory: Path
    steps: int
    cpu_seconds: float
    seconds: float
    cpu_per_step: float
    per_step: float

    @property
    def cpu_around(self) -> float:
        """CPU seconds of everything but steps."""
        return self.cpu_seconds - self.steps * self.cpu_per_step

    @property
    def around(self) -> float:
        """Seconds of everything but steps."""
        return self.seconds - self.steps * self.per_step


def learnt(
    sources: Sequence[Path],
    output: Path,
    options: Mapping[str, object],
    *,
    recipe: str | None = None,
    base: Path | None = None,
    lora: bool = False,
    threads: int = 1,
) -> Learnt:
    """Trains in a process of its own; see `generators.training.train`."""
    question = {
        "sources": [str(source) for source in sources],
        "output": str(output),
        "options": {name: str(value) for name, value in {**options, "threads": threads}.items()},
        "recipe": recipe,
        "base": None if base is None else str(base),
        "lora": lora,
    }
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.learning"],
        input=json.dumps(question),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=CHECKOUT,
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
    )
    directory, *rest = json.loads(answer.stdout)
    return Learnt(Path(directory), *rest)


def cpu_seconds() -> float:
    """Of this process and of the children that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> None:
    """One answer to one request."""
    began = time.monotonic()
    answers, sys.stdout = sys.stdout, sys.stderr
    request: dict[str, Any] = json.loads(sys.stdin.read())
    from generators.training import train

    laps: list[tuple[float, float]] = []

    def step() -> bool:  # asked after every step
        laps.append((cpu_seconds(), time.monotonic()))
        return False

    trained = train(
        [Path(source) for source in request["sources"]],
        recipe=request["recipe"],
        base=request["base"] and Path(request["base"]),
        lora=request["lora"],
        output=Path(request["output"]),
        options=request["options"],
        stopping=step,
    )
    steps = int(trained.metrics["steps"])
    laps = laps[-steps:]  # while it reads, it is asked too
    (cpu, wall), (cpu_at_last, wall_at_last) = laps[SETTLING - 1], laps[-1]
    per_step = (cpu_at_last - cpu) / (steps - SETTLING), (wall_at_last - wall) / (steps - SETTLING)
    figures = (steps, cpu_seconds(), time.monotonic() - began, *per_step)
    print(json.dumps((str(trained.directory), *figures)), file=answers, flush=True)


if __name__ == "__main__":
    main()
