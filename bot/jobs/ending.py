"""How a training ends that runs somewhere: nothing of it goes on, and nothing of it is left, wherever that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from generators.errors import UserError

if TYPE_CHECKING:
    from generators.training.job_directory import JobDirectory
    from generators.training.runner import Runner

log = structlog.get_logger(__name__)


def end(runner: Runner, directory: JobDirectory) -> None:
    """Ends a training, and deletes what it has; it takes seconds.

    A host of the models may be away. The directory without its text stays then, by which whoever looks for what is left
    of trainings (`Running.clear`) finds it and asks again.
    """
    try:
        runner.stop(directory)
    except UserError as fault:
        directory.forget()
        log.warning("a training cannot be ended now; it is tried again", job=directory.path.name, reason=str(fault))
    else:
        directory.remove()
