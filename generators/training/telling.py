"""A training's events, told as `Progress` while Hugging Face's Trainer goes on."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from transformers import TrainerCallback

from generators.training.arguments import LOG_STEPS
from generators.training.progress import Progress, Sample
from generators.training.recipes import Recipe
from generators.training.trainee import Trainee
from generators.training.windows import IGNORED
from generators.training.work import saving

SILENCE: Final = 5.0  # seconds after which the next step is told, however few there were


class Teller(TrainerCallback):  # type: ignore[misc]
    """Turns Trainer's callbacks into `Progress`, moves the examples on, and checks after the last step.

    Attributes:
        epoch: passes over the text so far.

    Args:
        trainee: the model and its text.
        recipe: how it is trained.
        total: steps of the training.
        every: steps from check to check.
        kept: directory for the models of some epochs.
        told: called with every event.
    """

    def __init__(
        self,
        trainee: Trainee,
        recipe: Recipe,
        total: int,
        every: int,
        kept: Path,
        told: Callable[[Progress], None],
    ) -> None:
        self.epoch = 0.0
        self._trainee = trainee
        self._examples = trainee.examples
        self._epochs = recipe.epochs
        self._accumulation = recipe.accumulation
        self._save_epochs = recipe.save_epochs
        self._kept = kept
        self._total = total
        self._every = every
        self._told = told
        self._step = 0
        self._loss: float | None = None
        self._accuracy: float | None = None
        self._bits: float | None = None
        self._began = (0, 0.0)  # step and time
        self._last = 0.0  # when something was told
        self._due = False  # whether the step that is being taken will be told
        self._speed = Speed()

    def on_train_begin(self, _: Any, state: Any, __: Any, **___: Any) -> None:
        self._began = (state.global_step, time.monotonic())
        self._last = time.monotonic()
        self._speed = Speed()
        self._examples.begin(state.global_step * self._accumulation)

    def on_epoch_begin(self, _: Any, state: Any, __: Any, **___: Any) -> None:
        self._examples.epoch(int(state.epoch or 0))

    def on_step_begin(self, _: Any, state: Any, __: Any, **___: Any) -> None:
        step = state.global_step + 1
        planned = step % LOG_STEPS == 0 or step % self._every == 0 or step >= self._total
        self._due = planned or time.monotonic() - self._last > SILENCE

    def on_step_end(self, _: Any, state: Any, control: Any, **__: Any) -> None:
        self._step, self.epoch = state.global_step, float(state.epoch or 0)
        if self._due:
            control.should_log = True
        if self._step >= self._total:
            control.should_evaluate = control.should_save = True

    def on_epoch_end(self, _: Any, state: Any, __: Any, **___: Any) -> None:
        epoch = round(float(state.epoch or 0), 6)
        if self._save_epochs and epoch and epoch % self._save_epochs == 0:
            self._keep(self._kept / f"epoch-{epoch:g}")

    def on_log(self, _: Any, __: Any, ___: Any, logs: dict[str, float] | None = None, **____: Any) -> None:
        if logs and "loss" in logs:
            self._loss = logs["loss"]
            self._tell(Progress("training"))

    def batch(self, logits: Any, labels: Any) -> None:
        """A batch that the model has just learnt from; it is looked at only where somebody is about to be told.

        Args:
            logits: [batch, tokens, vocabulary]; None where the loss is computed without them.
            labels: [batch, tokens]; the first one of a row is never predicted.
        """
        learnt = labels[:, 1:] != IGNORED
        self._speed.add(learnt.sum())
        if self._due:
            self._accuracy = _accuracy(logits, labels[:, 1:], learnt)
            targets = labels[:, 1:][learnt].tolist()
            self._speed.sample(len(self._trainee.vocabulary.decode(targets)), len(targets))

    def checked(self, bits: float | None, samples: tuple[Sample, ...]) -> None:
        """The model was measured."""
        self._bits = bits
        self._tell(Progress("checked", samples=samples))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is done inside is no training, and does not count for its speed."""
        with self._speed.aside():
            yield

    def _keep(self, directory: Path) -> None:
        """Keeps the model as it is now, whole or not at all."""
        building = directory.with_name(f".{directory.name}")
        with self.aside(), saving(self._kept.parent):
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir(parents=True)
            self._trainee.save(building)
            shutil.rmtree(directory, ignore_errors=True)
            building.rename(directory)

    def _tell(self, event: Progress) -> None:
        step, began = self._began
        done = self._step - step
        self._last = time.monotonic()
        left = (self._last - began) / done * (self._total - self._step) if done > 0 else None
        self._told(
            Progress(
                event.phase,
                epoch=self.epoch,
                epochs=self._epochs,
                step=self._step,
                of=self._total,
                loss=self._loss,
                accuracy=self._accuracy,
                bits_per_character=self._bits,
                speed=self._speed.characters_per_second(),
                seconds_left=left,
                samples=event.samples,
            )
        )


class Speed:
    """How many characters a training learns to predict in a second, since this was made."""

    def __init__(self) -> None:
        self._tokens: Any = 0  # a tensor on the model's device: to read it would wait for a GPU
        self._characters = self._of_tokens = 0
        self._began = time.monotonic()
        self._aside = 0.0
        self._since: float | None = None

    def add(self, tokens: Any) -> None:
        self._tokens = self._tokens + tokens

    def sample(self, characters: int, tokens: int) -> None:
        """So many characters were so many tokens."""
        self._characters += characters
        self._of_tokens += tokens

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The time inside does not count."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._aside += time.monotonic() - self._since
            self._since = None

    def characters_per_second(self) -> float | None:
        """None before the first token."""
        now = time.monotonic() if self._since is None else self._since
        seconds = now - self._began - self._aside
        if not self._of_tokens or seconds <= 0:
            return None
        return float(self._tokens) * self._characters / self._of_tokens / seconds


def _accuracy(logits: Any, targets: Any, learnt: Any) -> float | None:
    if logits is None:
        return None
    hit = logits[:, : targets.shape[1]].argmax(-1) == targets
    return float(hit[learnt].float().mean()) if bool(learnt.any()) else None
