"""Hugging Face's Trainer around a trainee: measured as people will write with it, told as `Progress`."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback, TrainerState
from transformers.utils import logging as transformers_logging

from generators.training.arguments import METRIC, arguments
from generators.training.averaging import Average
from generators.training.errors import CannotSave, Diverged, Stopped
from generators.training.held_out import sampled, whole
from generators.training.memory import keep_freed_memory
from generators.training.optimizers import optimizer
from generators.training.progress import TEMPERATURES, Progress, Sample
from generators.training.recipes import Recipe
from generators.training.shuffling import Shuffled
from generators.training.streams import Carried, Streams
from generators.training.telling import Teller
from generators.training.trainee import Trainee
from generators.training.work import disk_fault
from generators.writing import Writer

CARRIED: Final = "carried.pt"  # beside a checkpoint: the state of streams, which need not stand at an epoch's end
KEPT: Final = "kept"  # models of some epochs, in the work directory


class Loop:
    """One training, from first weights or a checkpoint to the best weights in `model`.

    Attributes:
        total: steps that are planned.
        kept: directory for the models of some epochs.
        averaged: how good the mean of the last steps' weights was beside the best weights; empty where there is none.

    Args:
        trainee: the model, trained in place, and its text.
        recipe: how.
        work: directory of checkpoints.
        told: called with every event.
        stopping: asked after every step whether training is to end before it is done.
    """

    def __init__(
        self,
        trainee: Trainee,
        recipe: Recipe,
        work: Path,
        told: Callable[[Progress], None],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._trainee = trainee
        self._recipe = recipe
        examples = trainee.examples
        steps = -(-len(examples) // (recipe.batch_size * recipe.accumulation))
        self.total = max(1, math.ceil(steps * recipe.epochs))
        examples.plan(self.total * recipe.accumulation)
        self.kept = work / KEPT
        window = getattr(getattr(trainee.model, "config", None), "window", None) or 1  # steps that a token costs
        self._checked_on = sampled(trainee.held_out, max(recipe.measured // window, 1)) if recipe.validation else []
        measured = bool(self._checked_on)
        every = min(max(1, round(steps / recipe.checks)), self.total)
        self._teller = Teller(trainee, recipe, self.total, every, self.kept, told)
        transformers_logging.disable_progress_bar()  # it prints
        self._stop = _Stop(stopping)
        self._average = Average(trainee.model, self.total, recipe.average) if recipe.average else None
        self.averaged: dict[str, Any] = {}
        self._measured: float | None = None
        self._patience = _Patience(recipe.patience) if recipe.patience and measured else None
        self._trainer = _Trainer(
            model=trainee.model,
            args=arguments(recipe, work, self.total, every, measured, isinstance(examples, Streams)),
            train_dataset=examples,
            eval_dataset=[],
            data_collator=lambda items: {key: torch.as_tensor(value) for key, value in examples.batch(items).items()},
            callbacks=[each for each in (self._teller, self._stop, self._average, self._patience) if each is not None],
            optimizer_cls_and_kwargs=optimizer(recipe, trainee.model),
        )
        self._trainer.measure = self._checked
        self._trainer.teller = self._teller
        self._trainer.average = self._average
        self._trainer.carried = examples.carried if isinstance(examples, Streams) else None
        self._trainer.remove_callback(PrinterCallback)  # telling is the caller's

    def run(self, checkpoint: Path | None) -> None:
        """Trains to the end, from a checkpoint where one is given.

        Raises:
            Stopped: it was to end before it was done.
            Diverged: weights became infinite, or no numbers.
            CannotSave: a checkpoint could not be written.
        """
        if checkpoint is not None and self._average is not None:
            self._average.load(checkpoint)
        if checkpoint is None or not self._trainer.has_ended(checkpoint, self._recipe.patience):
            self._train(checkpoint)
        if self._average is not None and self._average.steps:
            self._take_better(self._average)

    def _train(self, checkpoint: Path | None) -> None:
        if checkpoint is not None and self._trainer.carried is not None:
            self._trainer.carried.load(checkpoint / CARRIED, self._trainer.args.device)
        keep_freed_memory()
        self._trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        if self.steps < self.total and (self._stop.asked or self._patience is None):  # cut short, and not by patience
            raise Stopped(self.steps, self.total, kept=True)

    @property
    def steps(self) -> int:
        """Steps that were taken, fewer than planned where training stopped early."""
        return int(self._trainer.state.global_step)

    def bits_per_character(self) -> float | None:
        """On all that is held out, of the model at the end of its training."""
        if self._measured is None and self._recipe.validation:
            self._measured = self._bits(whole(self._trainee.held_out))
        return self._measured

    def samples(self) -> tuple[Sample, ...]:
        """What the model writes at three temperatures, from nothing or after a random held-out passage."""
        if not self._recipe.sample:
            return ()
        prompt = self._passage()
        writer = Writer(self._trainee.writer())
        try:
            return tuple(
                Sample(
                    heat,
                    writer.write(
                        prompt,
                        temperature=heat,
                        max_tokens=self._recipe.sample,
                        min_tokens=self._recipe.min_tokens,
                        top_k=self._recipe.top_k or None,
                        top_p=self._recipe.top_p,
                        repetition_penalty=self._recipe.repetition_penalty,
                        seed=self._recipe.seed,
                    ),
                    prompt,
                )
                for heat in TEMPERATURES
            )
        finally:
            writer.close()

    def _take_better(self, average: Average) -> None:
        """Leaves the model with the mean of its last weights, unless those that it has are better where it is held."""
        without = self.bits_per_character()
        average.exchange()
        self._measured = None
        bits = self.bits_per_character()
        is_better = without is None or bits is None or bits < without
        if not is_better:
            average.exchange()
            self._measured = without
        measures = {"bits_per_character": bits, "bits_per_character_without": without}
        self.averaged = {"steps": average.steps, "published": is_better, **measures}

    def _passage(self) -> str:
        """Another one at each step, the same at the same step; nothing where none is asked for or held out."""
        ids = self._trainee.held_out.ids
        length = self._recipe.passage
        if not length or len(ids) <= length:
            return ""
        at = int(np.random.default_rng((self._recipe.seed, self.steps)).integers(len(ids) - length))
        return self._trainee.vocabulary.decode(ids[at : at + length].tolist()).replace("\ufffd", "")

    def _checked(self) -> float | None:
        if not all(bool(parameter.isfinite().all()) for parameter in self._trainee.model.parameters()):
            raise Diverged(self.steps)
        bits = self._bits(self._checked_on)
        every, epoch = self._recipe.gen_epochs, math.ceil(self._teller.epoch - 1e-6)
        self._teller.checked(bits, self.samples() if every and epoch % every == 0 else ())
        return bits

    def _bits(self, texts: Iterable[Sequence[int]]) -> float | None:
        characters = count = 0

        def counted() -> Iterator[Sequence[int]]:
            nonlocal characters, count
            for ids in texts:
                characters += len(self._trainee.vocabulary.decode(list(ids)))
                count += 1
                yield ids

        nats = self._trainee.nats(counted())
        return nats / math.log(2) / max(characters, 1) if count else None


class _Trainer(Trainer):  # type: ignore[misc]
    """Trainer that measures by `measure` instead of by torch's own pass over a data set."""

    measure: Callable[[], float | None]
    teller: Teller
    average: Average | None
    carried: Carried | None
    control: Any

    def has_ended(self, checkpoint: Path, patience: int) -> bool:
        """Whether nothing is left to train after a checkpoint; its training's weights are then taken up."""
        state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
        if state.global_step < self.args.max_steps and not (patience and _waited(state) >= patience):
            return False
        self.state = state
        if self.args.load_best_model_at_end and state.best_model_checkpoint is not None:
            self._load_best_model()
        else:
            self._load_from_checkpoint(str(checkpoint))
        return True

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        if self.args.train_sampling_strategy != "random":
            return super()._get_train_sampler(train_dataset)
        return Shuffled(len(self.train_dataset), self.args.seed, Path(self.args.output_dir))

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **others: Any) -> Any:
        loss, outputs = super().compute_loss(model, inputs, return_outputs=True, **others)
        self.teller.batch(outputs.get("logits"), inputs["labels"])
        return (loss, outputs) if return_outputs else loss

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        directory = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if self.carried is not None:  # first, so that a checkpoint that is whole has it
                self.carried.save(directory / CARRIED)
            if self.average is not None:
                self.average.save(directory)
            super()._save_checkpoint(model, trial)
        except (OSError, SafetensorError, RuntimeError) as fault:
            with suppress(OSError):
                shutil.rmtree(directory)  # torn; its space is needed
            raise CannotSave(str(directory.parent), disk_fault(fault)) from fault

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        self.model.eval()
        with self.teller.aside():
            bits = self.measure()
        metrics = {} if bits is None else {METRIC: bits}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        self.model.train()
        return metrics


class _Stop(TrainerCallback):  # type: ignore[misc]
    """Ends a training that somebody asked to end, with a checkpoint at the step that it has reached."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self.asked = False
        self._stopping = stopping

    def on_step_end(self, _: Any, __: Any, control: Any, **___: Any) -> None:
        self.asked = self._stopping()
        if self.asked:
            control.should_training_stop = control.should_save = True


class _Patience(EarlyStoppingCallback):  # type: ignore[misc]
    """Ends a training after some checks without a better model; a resumed one goes on counting."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        super().on_train_begin(args, state, control, **others)
        self.early_stopping_patience_counter = _waited(state) if state.global_step else 0


def _waited(state: TrainerState) -> int:
    """Checks without a better model, as a checkpoint says."""
    kept = state.stateful_callbacks.get(_Patience.__name__)
    return int(kept["attributes"]["early_stopping_patience_counter"]) if isinstance(kept, dict) else 0
