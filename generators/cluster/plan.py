"""What is to be deployed, as plain values: they travel to the cluster and say the same on every machine of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generators.registry import GeneratorSettings

APPLICATION: Final = "planchette"  # in Serve
INGRESS: Final = "ingress"  # its deployment that answers HTTP


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Replicas that write with the same models.

    Attributes:
        name: of the deployment.
        models: names of those that it has to itself, with their adapters; empty for all that no other pool has.
        min_replicas, max_replicas: bounds of the autoscaling.
        texts: being written in a replica at which another one is wanted.
        cpus, gpus: of each replica, as Ray counts them; parts of one can be shared.
    """

    name: str
    models: tuple[str, ...] = ()
    min_replicas: int = 1
    max_replicas: int = 1
    texts: int = 32
    cpus: float = 1.0
    gpus: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """How the fine-tuning jobs of the API are carried out.

    Attributes:
        folder: theirs alone.
        jobs: at once; the others wait.
        threads: of each, and so many processors are kept for it.
        gpus: of each.
        retries: how often Ray begins a job again whose process or machine is lost.
    """

    folder: Path
    jobs: int = 1
    threads: int = 1
    gpus: float = 0.0
    retries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole deployment.

    Attributes:
        settings: of what every replica writes with; its `models` is a directory that all machines share.
        home: `PLANCHETTE_HOME`, shared likewise.
        pools: the first has the models that no other names.
        training: None where no jobs are taken.
        host, port: where the API is to be had, on every machine with a replica.
        keys: bearer keys.
        certificate, certificate_key: PEM files on each of those machines, where HTTPS is spoken.
        default: the model that makes `/health` say ready; None for the first that is listed.
        environment: variables of every process.
    """

    settings: GeneratorSettings
    home: Path
    pools: tuple[Pool, ...]
    training: TrainingPlan | None = None
    host: str = "127.0.0.1"
    port: int = 8478
    keys: tuple[str, ...] = ()
    certificate: Path | None = None
    certificate_key: Path | None = None
    default: str | None = None
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def runtime_env(self) -> dict[str, dict[str, str]]:
        """What Ray starts the processes with."""
        return {"env_vars": {**dict(self.environment), "PLANCHETTE_HOME": str(self.home)}}
