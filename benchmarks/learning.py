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


class Learnt(NamedTuple):
    """A training that ended.

    Attributes:
        directory: the published model.
        cpu_seconds: of the whole process and its children, imports included.
        per_epoch: CPU seconds of an epoch once it was running.
        wall_per_epoch: seconds of an epoch on the wall's clock.
        steps: that were taken.
    """

    directory: Path
    cpu_seconds: float
    per_epoch: float
    wall_per_epoch: float
    steps: int

    @property
    def around(self) -> float:
        """CPU seconds of everything but epochs; needs a training of whole epochs."""
        return self.cpu_seconds - self.per_epoch


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
    answers, sys.stdout = sys.stdout, sys.stderr
    request: dict[str, Any] = json.loads(sys.stdin.read())
    from generators.training import Progress, train

    laps: list[tuple[float, float, float]] = []  # epochs, CPU seconds, seconds

    def told(event: Progress) -> None:
        if event.phase == "training":
            laps.append((event.epoch, cpu_seconds(), time.monotonic()))

    trained = train(
        [Path(source) for source in request["sources"]],
        recipe=request["recipe"],
        base=request["base"] and Path(request["base"]),
        lora=request["lora"],
        output=Path(request["output"]),
        options=request["options"],
        progress=told,
    )
    (first, cpu, wall), (last, cpu_at_last, wall_at_last) = laps[0], laps[-1]
    epochs = last - first or float("nan")  # one lap alone says nothing
    figures = (cpu_seconds(), (cpu_at_last - cpu) / epochs, (wall_at_last - wall) / epochs, trained.metrics["steps"])
    print(json.dumps((str(trained.directory), *figures)), file=answers, flush=True)


if __name__ == "__main__":
    main()
