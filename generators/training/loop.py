"""Hugging Face's Trainer around a trainee: measured as people will write with it, told as `Progress`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.utils import logging as transformers_logging

from generators.training.progress import Progress, Sample
from generators.training.recipes import Recipe
from generators.training.trainee import Examples, Trainee
from generators.training.windows import Encoded
from generators.writing import Writer

METRIC: Final = "eval_bits"
TEMPERATURES: Final = (0.2, 0.5, 1.0)  # of samples; those of the Keras example that char-RNNs are compared with
LOG_STEPS: Final = 50
OPTIMIZERS: Final = {
    "adamw": "adamw_torch_fused",  # one pass over memory instead of ten
    "rmsprop": "rmsprop",
    "sgd": "sgd",
}
SCHEDULES: Final = {
    "cosine": "cosine",
    "linear": "linear",
    "constant": "constant_with_warmup",
    "plateau": "reduce_lr_on_plateau",
}


class Loop:
    """One training, from first weights or a checkpoint to the best weights in `model`.

    Args:
        trainee: the model, trained in place, and its text.
        recipe: how.
        work: directory of checkpoints.
        told: called with every event.
    """

    def __init__(self, trainee: Trainee, recipe: Recipe, work: Path, told: Callable[[Progress], None]) -> None:
        self._trainee = trainee
        self._recipe = recipe
        examples = trainee.examples
        steps = -(-len(examples) // (recipe.batch_size * recipe.accumulation))
        total = max(1, math.ceil(steps * recipe.epochs))
        examples.plan(total * recipe.accumulation)
        self._teller = _Teller(examples, recipe, total, told)
        self._checked_on = _part(trainee.held_out, recipe.measured)
        measured = bool(self._checked_on)
        every = min(max(1, round(steps / recipe.checks)), total)
        transformers_logging.disable_progress_bar()  # it prints
        callbacks: list[Any] = [self._teller]
        if recipe.patience and measured:
            callbacks.append(EarlyStoppingCallback(recipe.patience))
        self._trainer = _Trainer(
            model=trainee.model,
            args=_arguments(recipe, work, total, every, measured),
            train_dataset=examples,
            eval_dataset=[],
            data_collator=lambda items: {key: torch.from_numpy(value) for key, value in examples.batch(items).items()},
            callbacks=callbacks,
        )
        self._trainer.measure = self._checked
        self._trainer.remove_callback(PrinterCallback)  # telling is the caller's

    def run(self, checkpoint: Path | None) -> None:
        """Trains to the end, from a checkpoint where one is given."""
        self._trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))

    @property
    def steps(self) -> int:
        """Steps that were taken, fewer than planned where training stopped early."""
        return int(self._trainer.state.global_step)

    def bits_per_character(self) -> float | None:
        """On all that is held out, of the model as it is now."""
        return self._bits(_part(self._trainee.held_out, None))

    def samples(self) -> tuple[Sample, ...]:
        """What the model writes from nothing, at three temperatures."""
        writer = Writer(self._trainee.writer())
        try:
            return tuple(
                Sample(
                    heat,
                    writer.write(
                        temperature=heat,
                        max_tokens=self._recipe.sample,
                        min_tokens=self._recipe.min_tokens,
                        seed=self._recipe.seed,
                    ),
                )
                for heat in TEMPERATURES
            )
        finally:
            writer.close()

    def _checked(self) -> float | None:
        bits = self._bits(self._checked_on)
        self._teller.checked(bits, self.samples())
        return bits

    def _bits(self, texts: list[list[int]]) -> float | None:
        if not texts:
            return None
        characters = sum(len(self._trainee.vocabulary.decode(ids)) for ids in texts)
        return self._trainee.nats(texts) / math.log(2) / max(characters, 1)


class _Trainer(Trainer):  # type: ignore[misc]
    """Trainer that measures by `measure` instead of by torch's own pass over a data set."""

    measure: Callable[[], float | None]
    control: Any

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        self.model.eval()
        bits = self.measure()
        metrics = {} if bits is None else {METRIC: bits}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        self.model.train()
        return metrics


class _Teller(TrainerCallback):  # type: ignore[misc]
    """Turns Trainer's callbacks into `Progress`, moves the examples on, and checks after the last step."""

    def __init__(self, examples: Examples, recipe: Recipe, total: int, told: Callable[[Progress], None]) -> None:
        self._examples = examples
        self._epochs = recipe.epochs
        self._accumulation = recipe.accumulation
        self._total = total
        self._told = told
        self._step = 0
        self._epoch = 0.0
        self._loss: float | None = None
        self._bits: float | None = None
        self._began = (0, 0.0)  # step and time

    def on_train_begin(self, _: Any, state: Any, __: Any, **___: Any) -> None:
        self._began = (state.global_step, time.monotonic())
        self._examples.begin(state.global_step * self._accumulation)

    def on_epoch_begin(self, _: Any, state: Any, __: Any, **___: Any) -> None:
        self._examples.epoch(int(state.epoch or 0))

    def on_step_end(self, _: Any, state: Any, control: Any, **__: Any) -> None:
        self._step, self._epoch = state.global_step, float(state.epoch or 0)
        if self._step >= self._total:
            control.should_evaluate = control.should_save = True

    def on_log(self, _: Any, __: Any, ___: Any, logs: dict[str, float] | None = None, **____: Any) -> None:
        if logs and "loss" in logs:
            self._loss = logs["loss"]
            self._tell(Progress("training"))

    def checked(self, bits: float | None, samples: tuple[Sample, ...]) -> None:
        self._bits = bits
        self._tell(Progress("checked", samples=samples))

    def _tell(self, event: Progress) -> None:
        step, began = self._began
        done = self._step - step
        left = (time.monotonic() - began) / done * (self._total - self._step) if done > 0 else None
        self._told(
            Progress(
                event.phase,
                epoch=self._epoch,
                epochs=self._epochs,
                step=self._step,
                of=self._total,
                loss=self._loss,
                bits_per_character=self._bits,
                seconds_left=left,
                samples=event.samples,
            )
        )


def _arguments(recipe: Recipe, work: Path, total: int, every: int, measured: bool) -> TrainingArguments:
    """The recipe in Trainer's words.

    Args:
        recipe: how.
        work: directory of checkpoints.
        total: steps.
        every: steps from check to check.
        measured: whether there is held-out text, by which the best weights are known.
    """
    on_cpu = not torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(work),
        max_steps=total,
        per_device_train_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.accumulation,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=SCHEDULES[recipe.schedule],
        warmup_steps=round(total * recipe.warmup),
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.clip,
        optim=OPTIMIZERS[recipe.optimizer],
        bf16=_has_bf16(),  # 2.2 times the characters per second of float32 on a core with AVX-512 BF16
        use_cpu=on_cpu,
        logging_steps=min(LOG_STEPS, total),
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,  # the newest may be torn
        load_best_model_at_end=measured,
        metric_for_best_model=METRIC if measured else None,
        greater_is_better=False if measured else None,
        seed=recipe.seed,
        data_seed=recipe.seed,
        report_to=[],
        disable_tqdm=True,
        log_level="error",
        remove_unused_columns=False,
        dataloader_pin_memory=not on_cpu,
    )


def _part(held_out: Encoded, tokens: int | None) -> list[list[int]]:
    """Held-out documents with something to predict, all of them or drawn from every source up to so many tokens."""
    order = np.random.default_rng(0).permutation(len(held_out)).tolist()  # sources stand one after the other
    texts, left = [], len(held_out.ids) if tokens is None else tokens
    for document in order:
        ids = held_out[document][:left].tolist()
        left -= len(ids)
        if len(ids) > 1:
            texts.append(ids)
    return texts


def _has_bf16() -> bool:
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())  # without the instruction it is emulated, and slow
