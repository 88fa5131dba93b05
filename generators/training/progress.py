"""What a training tells about itself while it runs, and what it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

Phase: TypeAlias = Literal["reading", "read", "training", "checked", "publishing"]

TEMPERATURES: Final = (0.2, 0.5, 1.0)  # of samples; those of the Keras example that char-RNNs are compared with


class Sample(NamedTuple):
    """A text that the model wrote between two checks, from nothing or after a prompt."""

    temperature: float
    text: str
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is.

    Attributes:
        phase: `reading` the sources, `read` them all, `training`, `checked` (measured, sampled and kept), `publishing`.
        epoch: passes over the text so far, of `epochs`.
        step, of: steps so far and in all; while reading, documents so far, and 0.
        loss: of training, nats per token, since the event before; None before the first.
        accuracy: share of the tokens of a training batch that the model held for the likeliest, now and then; None
            before the first, and where the loss is computed without them.
        bits_per_character: held out, of the last check; None before the first or where nothing is held out.
        speed: characters learnt a second in this run, checks left out; None before the first.
        seconds_left: until training ends; None while nobody can say.
        samples: at a check.
        encodings: of the sources by their names, when they are read.
        filters: documents that each filter `changed` and `removed`, when they are read.
    """

    phase: Phase
    epoch: float = 0.0
    epochs: float = 0.0
    step: int = 0
    of: int = 0
    loss: float | None = None
    accuracy: float | None = None
    bits_per_character: float | None = None
    speed: float | None = None
    seconds_left: float | None = None
    samples: tuple[Sample, ...] = ()
    encodings: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A published model.

    Attributes:
        directory: a Hugging Face directory.
        name, version: as `ModelInfo` has them.
        bits_per_character: held out; None where nothing was held out.
        metrics: what planchette.json records.
    """

    directory: Path
    name: str
    version: str
    bits_per_character: float | None
    metrics: Mapping[str, Any] = field(default_factory=dict)
