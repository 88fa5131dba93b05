"""The mean of the last weights, and rates that fall at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import TrainerState, get_scheduler

from generators.charrnn import load, read_info
from generators.errors import InvalidValue
from generators.evaluation import evaluate
from generators.training import Corpus, Progress, TrainedModel, train
from generators.training.arguments import arguments
from generators.training.averaging import Average
from generators.training.recipes import changed, recipe_named
from generators.training.windows import place
from tests.generators.training.titles import TINY, TITLES

# rates that throw the last weights about, each on another side of what their mean comes to
RESTLESS = {"schedule": "constant", "learning_rate": "0.1", "epochs": "6", "batch_size": "4", "held_out": "0.3"}
CALM = {"learning_rate": "0.01", "epochs": "2"}


class Interrupted(Exception):  # what a kill is to the process
    pass


@pytest.fixture(autouse=True)
def two_copies(titles: Path) -> None:
    titles.write_text("\n".join(f"{title}{end}" for title in TITLES for end in (".", "!")), "utf-8")


def trained(titles: Path, output: Path, options: Mapping[str, str], **others: Any) -> TrainedModel:
    return train([titles], output=output, options={**TINY, "gen_epochs": "0", **options}, **others)


def interrupt(titles: Path, output: Path, options: Mapping[str, str], phase: str, events: int) -> None:
    left = events

    def told(event: Progress) -> None:
        nonlocal left
        left -= event.phase == phase
        if not left:
            raise Interrupted

    with pytest.raises(Interrupted):
        trained(titles, output, options, progress=told)


def weights(model: TrainedModel) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = load_file(model.directory / "model.safetensors")
    return tensors


def test_mean() -> None:
    """The mean is that of the weights after each of the last steps, and can be exchanged for the model's own."""
    model = nn.Linear(1, 1, bias=False)
    average = Average(model, total=5, share=0.6)
    for step in range(1, 6):
        model.weight.data.fill_(step)
        average.on_step_end(None, TrainerState(global_step=step), None)

    average.exchange()
    mean = model.weight.item()
    average.exchange()

    assert average.steps == 3
    assert mean == pytest.approx(4)
    assert model.weight.item() == 5


def test_saved(tmp_path: Path) -> None:
    """A mean that was saved goes on where it was."""
    model = nn.Linear(3, 2)
    whole, before, after = (Average(model, total=4, share=1) for _ in range(3))
    for step in range(1, 5):
        torch.nn.init.normal_(model.weight)
        if step == 3:
            before.save(tmp_path)
            after.load(tmp_path)
        for average in (whole, before if step < 3 else after):
            average.on_step_end(None, TrainerState(global_step=step), None)

    after.exchange()
    found = model.weight.detach().clone()
    after.exchange()
    whole.exchange()

    assert (after.steps, whole.steps) == (4, 4)
    assert torch.equal(found, model.weight)


def test_better_is_published(titles: Path, tmp_path: Path) -> None:
    """Where the mean is better on what is held out it is the model, and says how much."""
    without = trained(titles, tmp_path / "without", RESTLESS)
    model = trained(titles, tmp_path / "cats", {**RESTLESS, "average": "0.25"})

    measures, bits = model.metrics["average"], model.bits_per_character
    assert measures["published"]
    assert measures["bits_per_character"] == bits
    assert measures["bits_per_character_without"] == without.bits_per_character
    assert measures["bits_per_character"] < measures["bits_per_character_without"]
    held_out = [document for document in Corpus([titles]) if place(document.text) < 0.3]
    measured = evaluate(load(model.directory, read_info(model.directory, "cats")), held_out)
    assert measured["bits_per_character"] == pytest.approx(model.bits_per_character, abs=1e-5)


def test_worse_is_not(titles: Path, tmp_path: Path) -> None:
    """A mean over the whole training, which its first weights spoil, leaves the best weights as they are."""
    without = trained(titles, tmp_path / "without", CALM)
    model = trained(titles, tmp_path / "cats", {**CALM, "average": "1"})

    assert not model.metrics["average"]["published"]
    assert model.metrics["average"]["bits_per_character"] > model.metrics["average"]["bits_per_character_without"]
    assert model.version == without.version


@pytest.mark.parametrize(("phase", "events"), [("checked", 11), ("publishing", 1)])
def test_resumed(titles: Path, tmp_path: Path, phase: str, events: int) -> None:
    """Interrupted in its decay, or before it was published, a training ends in the weights that it would have had."""
    options = {**RESTLESS, "schedule": "wsd", "decay": "0.5", "average": "0.5", "optimizer": "muon"}
    whole = trained(titles, tmp_path / "whole" / "cats", options)
    interrupt(titles, tmp_path / "cats", options, phase, events)

    resumed = trained(titles, tmp_path / "cats", options, resume=True)

    assert resumed.version == whole.version
    assert resumed.metrics["average"] == whole.metrics["average"]


def test_unmeasured(titles: Path, tmp_path: Path) -> None:
    """Where nothing is measured, the mean is the model."""
    options = {**CALM, "validation": "no"}

    without = trained(titles, tmp_path / "without", options)
    model = trained(titles, tmp_path / "cats", {**options, "average": "0.5"})

    assert model.metrics["average"]["published"]
    assert any((tensor != weights(without)[name]).any() for name, tensor in weights(model).items())


@pytest.mark.parametrize("warmup", ["0", "0.2", "0.7"])
def test_stable_and_falling(tmp_path: Path, warmup: str) -> None:
    """The rate rises, stays, and falls to nothing in the last share of the steps."""
    recipe = changed(recipe_named("textgenrnn"), {"schedule": "wsd", "decay": "0.4", "warmup": warmup})
    total = 20

    settings = arguments(recipe, tmp_path, total, every=5, measured=True, in_order=False)
    model = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=recipe.learning_rate)
    rises, also = settings.warmup_steps, settings.lr_scheduler_kwargs
    schedule = get_scheduler(settings.lr_scheduler_type, model, rises, total, also)
    rates = []
    for _ in range(total + 1):
        rates.append(schedule.get_last_lr()[0])
        model.step()
        schedule.step()

    falls = also["num_decay_steps"]
    assert rates[-1] == 0
    assert falls == min(8, total - rises)
    assert set(rates[rises : total - falls + 1]) == {recipe.learning_rate}
    assert rates[total - falls :] == sorted(rates[total - falls :], reverse=True)


def test_refused(titles: Path, tmp_path: Path) -> None:
    """A share of steps for a decay is refused where the schedule has none."""
    with pytest.raises(InvalidValue, match="given with the schedule wsd"):
        trained(titles, tmp_path / "cats", {"decay": "0.1"})


def test_drawing(titles: Path, tmp_path: Path) -> None:
    """How texts are drawn where a request says nothing is what the recipe says."""
    model = trained(titles, tmp_path / "cats", {**CALM, "top_p": "0.9", "repetition_penalty": "1.1"})

    generation = json.loads((model.directory / "generation_config.json").read_text("utf-8"))
    sampling = read_info(model.directory, "cats").sampling
    assert (generation["top_p"], generation["repetition_penalty"]) == (0.9, 1.1)
    assert (sampling.top_p, sampling.repetition_penalty) == (0.9, 1.1)
