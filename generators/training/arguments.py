"""A recipe in the words of Hugging Face's Trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch
from transformers import TrainingArguments

from generators.training.recipes import Recipe

METRIC: Final = "eval_bits"
LOG_STEPS: Final = 50
SCHEDULES: Final = {
    "cosine": "cosine",
    "linear": "linear",
    "constant": "constant_with_warmup",
    "plateau": "reduce_lr_on_plateau",
    "wsd": "warmup_stable_decay",
}
DECAY: Final = "1-sqrt"  # ends lower than a straight line does (Hägele et al. 2024, arXiv:2405.18392)


def arguments(recipe: Recipe, work: Path, total: int, every: int, measured: bool, in_order: bool) -> TrainingArguments:
    """How Trainer is to train.

    Args:
        recipe: how.
        work: directory of checkpoints.
        total: steps.
        every: steps from check to check.
        measured: whether there is held-out text, by which the best weights are known.
        in_order: whether examples come in their order instead of shuffled.
    """
    on_cpu = not torch.cuda.is_available()
    # a text of which nothing can be held out has no plateaus to see
    schedule = "constant" if recipe.schedule == "plateau" and not measured else recipe.schedule
    return TrainingArguments(
        output_dir=str(work),
        max_steps=total,
        per_device_train_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.accumulation,
        train_sampling_strategy="sequential" if in_order else "random",
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=SCHEDULES[schedule],
        lr_scheduler_kwargs=_falling(recipe, schedule, total),
        warmup_steps=round(total * recipe.warmup),
        weight_decay=recipe.weight_decay if recipe.optimizer == "adamw" else 0.0,  # muon's own is in its settings
        max_grad_norm=recipe.clip,
        optim="adamw_torch_fused",  # one pass over memory instead of ten
        bf16=has_bf16(),  # 2.2 times the characters per second of float32 on a core with AVX-512 BF16
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


def _falling(recipe: Recipe, schedule: str, total: int) -> dict[str, Any]:
    """What else decides how the rate falls."""
    if schedule == "plateau":
        return {"factor": recipe.plateau_factor, "patience": recipe.plateau_patience}
    if schedule == "wsd":
        steps = min(round(total * recipe.decay), total - round(total * recipe.warmup))
        return {"num_decay_steps": steps, "decay_type": DECAY}
    return {}


def has_bf16() -> bool:
    """Whether this machine multiplies in bfloat16 by itself; without, it is emulated, and slow."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported())
