"""Trainings as tasks of Ray, on whichever machine of the cluster has room for them.

A task needs nothing but its job's directory, which all machines share, and its text's key. One that is lost, with its
process or its machine, is begun again by Ray and goes on from the newest checkpoint there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from generators.cluster.plan import APPLICATION, TrainingPlan
from generators.host import Tuning
from generators.training.job_directory import JobDirectory

CLERK: Final = "planchette-trainings"  # the actor's name
GRACE: Final = 20.0  # seconds for a task to end by itself


class ClusterTuning(Tuning):
    """The jobs of a cluster: they have GPUs of their own, and wait for nobody who writes."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keeps nobody waiting."""
        yield


class RayTasks:
    """A `Runner` whose jobs are Ray's tasks; an actor of its own begins them, so that they outlive who asked for them.

    Args:
        plan: what each job is given.
        runtime_env: what its process is started with.
    """

    def __init__(self, plan: TrainingPlan, runtime_env: dict[str, dict[str, str]]) -> None:
        self._plan = plan
        self._runtime_env = runtime_env

    def start(self, directory: JobDirectory, key: bytes, threads: int) -> None:
        """Begins a job, or goes on with one, as soon as a machine has room for it."""
        import ray

        clerk = (
            ray.remote(Clerk)
            .options(
                name=CLERK,
                namespace=APPLICATION,
                lifetime="detached",
                get_if_exists=True,
                num_cpus=0,
                runtime_env=self._runtime_env,
            )
            .remote()
        )
        variables = {"OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"}
        options = {
            "num_cpus": threads,
            "num_gpus": self._plan.gpus,
            "max_retries": self._plan.retries,
            "max_calls": 1,  # the memory goes with the process
            "runtime_env": {"env_vars": {**self._runtime_env["env_vars"], **variables}},
        }
        ray.get(clerk.start.remote(str(directory.path), key.hex(), options))

    def is_alive(self, directory: JobDirectory) -> bool:
        """Whether the job runs, or waits for a machine."""
        return bool(_asked("is_alive", str(directory.path)))

    def stop(self, directory: JobDirectory) -> None:
        """Ends it, and returns when it has ended; it takes seconds."""
        _asked("stop", str(directory.path))


class Clerk:
    """An actor of Ray that has begun the tasks, and so knows of them."""

    def __init__(self) -> None:
        self._tasks: dict[str, Any] = {}  # by the directories

    async def start(self, path: str, key: str, options: dict[str, Any]) -> None:
        """Begins a task, unless it runs."""
        import ray

        if not await self.is_alive(path):
            self._tasks[path] = ray.remote(**options)(carried_out).remote(path, key)

    async def is_alive(self, path: str) -> bool:
        """Whether a task has not ended."""
        import ray

        task = self._tasks.get(path)
        if task is None:
            return False
        ended, _ = ray.wait([task], timeout=0)
        if ended:
            del self._tasks[path]
        return not ended

    async def stop(self, path: str) -> None:
        """Asks a task to end, and ends its process where it does not."""
        import ray

        task = self._tasks.get(path)
        for force in (False, True):
            if task is not None and await self.is_alive(path):
                ray.cancel(task, force=force)
                await asyncio.wait([asyncio.wrap_future(task.future())], timeout=GRACE)
        self._tasks.pop(path, None)

    async def running(self) -> list[str]:
        """The directories of the tasks that have not ended."""
        return [path for path in list(self._tasks) if await self.is_alive(path)]


def carried_out(path: str, key: str) -> int:
    """A task: carries out the job of a directory."""
    from generators.training.job import carry_out

    return carry_out(JobDirectory(Path(path)), key)


def running() -> list[str]:
    """The directories of the jobs that run, or wait for a machine."""
    found = _asked("running")
    return [] if found is None else list(found)


def end_all() -> None:
    """Ends the jobs that run; what they have come to stays in their directories."""
    import ray

    for path in running():
        _asked("stop", path)
    try:
        ray.kill(ray.get_actor(CLERK, namespace=APPLICATION))
    except ValueError:  # it was never needed
        return


def _asked(method: str, *values: object) -> Any:
    """What the clerk answers; None where there is none, or its machine is lost."""
    import ray
    from ray.exceptions import RayActorError

    try:
        clerk = ray.get_actor(CLERK, namespace=APPLICATION)
        return ray.get(getattr(clerk, method).remote(*values))
    except (ValueError, RayActorError):  # the former where no actor has that name
        return None
