"""The recipes of the recurrent family, each from files to a text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generators import load
from generators.charrnn import load as load_model
from generators.charrnn import read_info
from generators.errors import InvalidValue
from generators.evaluation import nats_of
from generators.training import Progress, Stopped, TrainedModel, train
from tests.generators.training.titles import TITLES

SMALL = {"epochs": "2", "min_count": "1", "embedding_size": "8", "patience": "0"}
RECIPES = {
    "nietzsche": {"window": "16", "hidden_size": "8", "batch_size": "64", "passage": "6"},
    "gru-stack": {"window": "16", "hidden_sizes": "16,8", "batch_size": "8"},
    "word-lstm": {"window": "5", "hidden_size": "8", "batch_size": "4", "dropout": "0"},
    "textgenrnn": {"max_length": "8", "rnn_size": "8", "rnn_layers": "1", "rnn_bidirectional": "true"},
}


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Titles with their first two words as a label; every fourth has none."""
    path = tmp_path / "labelled.csv"
    rows = (f"{title},{'' if number % 4 == 3 else ' '.join(title.split()[:2])}" for number, title in enumerate(TITLES))
    path.write_text("\n".join(["text,who", *rows]), "utf-8")
    return path


def trained(source: Path, output: Path, recipe: str, others: dict[str, str] | None = None, **more: Any) -> TrainedModel:
    return train([source], recipe=recipe, output=output, options={**SMALL, **RECIPES[recipe], **(others or {})}, **more)


def checks(events: list[Progress]) -> list[Progress]:
    return [event for event in events if event.phase == "checked"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_trains_and_writes(titles: Path, tmp_path: Path, recipe: str) -> None:
    """Each recipe makes a model that writes, measured while it trains, with samples at three temperatures."""
    events: list[Progress] = []

    model = trained(titles, tmp_path / "models" / "cats", recipe, progress=events.append)

    assert [sample.temperature for sample in checks(events)[-1].samples] == [0.2, 0.5, 1.0]
    assert model.bits_per_character is not None
    assert load(model.directory).write("a cat", max_tokens=20, seed=1) is not None
    assert (read_info(model.directory, "cats").token == "word") == (recipe == "word-lstm")


def test_passages(titles: Path, tmp_path: Path) -> None:
    """After each epoch another passage of the held-out text is continued, lower-cased as the model has it."""
    titles.write_text("\n".join(TITLES).upper(), "utf-8")
    events: list[Progress] = []

    model = trained(titles, tmp_path / "cats", "nietzsche", progress=events.append)

    prompts = [event.samples[0].prompt for event in checks(events)]
    text = "\n".join(TITLES) + "\n"
    assert all(len(prompt) == 6 and prompt in text for prompt in prompts)
    assert len(set(prompts)) == 2
    assert "after a passage of the text" in (model.directory / "README.md").read_text("utf-8")


def test_accuracy(titles: Path, tmp_path: Path) -> None:
    """How often the likeliest token was the right one is told with the loss."""
    events: list[Progress] = []

    trained(titles, tmp_path / "cats", "gru-stack", {"epochs": "6"}, progress=events.append)

    told = [event.accuracy for event in events if event.accuracy is not None]
    assert told
    assert all(0 <= accuracy <= 1 for accuracy in told)


@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        ("gru-stack", {}),
        ("word-lstm", {"checks": "3"}),
        ("textgenrnn", {"rnn_bidirectional": "false", "optimizer": "rmsprop", "momentum": "0.5", "schedule": "linear"}),
    ],
)
def test_stopped_and_resumed(titles: Path, tmp_path: Path, recipe: str, options: dict[str, str]) -> None:
    """A training that is asked to end publishes nothing, and goes on to the weights that it would have had.

    Where states are carried from batch to batch, they are kept too: the end falls inside an epoch.
    """
    whole = trained(titles, tmp_path / "whole" / "cats", recipe, options)
    asked: list[int] = []

    def stopping() -> bool:
        asked.append(1)
        return len(asked) > whole.metrics["steps"] // 3

    with pytest.raises(Stopped, match=r"stopped at step \d+ of .* --resume goes on from there"):
        trained(titles, tmp_path / "cats", recipe, options, stopping=stopping)
    assert not (tmp_path / "cats").exists()

    resumed = trained(titles, tmp_path / "cats", recipe, options, resume=True)

    assert resumed.version == whole.version


def test_patience_is_kept(titles: Path, tmp_path: Path) -> None:
    """A training that goes on after an interruption remembers how long it has been without a better model."""
    # so small a step changes no prediction by as much as float32 tells apart
    options = {"learning_rate": "1e-9", "clip": "1e-6", "optimizer": "sgd", "patience": "3", "checks": "3"}
    whole = trained(titles, tmp_path / "whole" / "cats", "gru-stack", {**options, "epochs": "6"})
    asked: list[int] = []

    def stopping() -> bool:
        asked.append(1)
        return len(asked) == whole.metrics["steps"] - 1

    with pytest.raises(Stopped):
        trained(titles, tmp_path / "cats", "gru-stack", {**options, "epochs": "6"}, stopping=stopping)
    resumed = trained(titles, tmp_path / "cats", "gru-stack", {**options, "epochs": "6"}, resume=True)

    assert resumed.metrics["steps"] == whole.metrics["steps"] == 4 * 6  # the first check, and three that were no better
    assert resumed.version == whole.version


def test_stopped_while_reading(titles: Path, tmp_path: Path) -> None:
    """A training that is asked to end before its first step leaves nothing."""
    with pytest.raises(Stopped, match="nothing of it is kept"):
        trained(titles, tmp_path / "models" / "cats", "gru-stack", stopping=lambda: True)

    assert not (tmp_path / "models").exists()


def test_models_of_some_epochs(titles: Path, tmp_path: Path) -> None:
    """With save_epochs the model of every so many epochs is kept beside the last, and writes too."""
    model = trained(titles, tmp_path / "cats", "nietzsche", {"epochs": "4", "save_epochs": "2", "gen_epochs": "0"})

    assert sorted(path.name for path in (model.directory / "epochs").iterdir()) == ["epoch-2", "epoch-4"]
    assert len(load(model.directory / "epochs" / "epoch-2").write(max_tokens=5, min_tokens=5, seed=1)) > 0


@pytest.mark.parametrize(("every", "sampled"), [("0", []), ("2", [2, 4])])
def test_samples_of_some_epochs(titles: Path, tmp_path: Path, every: str, sampled: list[int]) -> None:
    """gen_epochs says after which epochs samples are written."""
    events: list[Progress] = []

    trained(titles, tmp_path / "cats", "nietzsche", {"epochs": "4", "gen_epochs": every}, progress=events.append)

    assert [round(event.epoch) for event in checks(events) if event.samples] == sampled


def test_without_validation(titles: Path, tmp_path: Path) -> None:
    """train_size leaves documents out of the training, and without validation nobody measures on them."""
    model = trained(titles, tmp_path / "cats", "nietzsche", {"train_size": "0.5", "validation": "no"})

    lineage = json.loads((model.directory / "planchette.json").read_text("utf-8"))
    assert lineage["recipe"]["held_out"] == 0.5
    assert model.bits_per_character is None


def test_rate_falls_on_a_plateau(titles: Path, tmp_path: Path) -> None:
    """Where the measure stays, the rate falls by the factor after the patience."""
    options = {"schedule": "plateau", "plateau_patience": "0", "plateau_factor": "0.01", "learning_rate": "1e-7"}
    kept: list[float] = []

    def told(event: Progress) -> None:
        for path in tmp_path.glob(".cats.training/checkpoint-*/trainer_state.json"):
            kept.extend(
                line["learning_rate"]
                for line in json.loads(path.read_text("utf-8"))["log_history"]
                if "learning_rate" in line
            )

    trained(titles, tmp_path / "cats", "nietzsche", {**options, "epochs": "5", "batch_size": "8"}, progress=told)

    assert min(kept) < max(kept)


@pytest.mark.parametrize(
    ("recipe", "options"),
    [("textgenrnn", {}), ("textgenrnn", {"rnn_bidirectional": "false"}), ("word-lstm", {})],
)
def test_labels(labelled: Path, tmp_path: Path, recipe: str, options: dict[str, str]) -> None:
    """A model with labels is asked for a kind of text or for none, and its card says what there is."""
    model = trained(labelled, tmp_path / "cats", recipe, options, label_columns=["who"])

    info = read_info(model.directory, "cats")
    writer = load_model(model.directory, info)
    token = writer.vocabulary.names.index("<label:a cat>")
    plain = writer.extend([writer.start()], [[writer.vocabulary.start]])
    asked = writer.extend([writer.start()], [[writer.vocabulary.start, token]])
    assert set(info.labels) == {"a cat", "the dog", "one owl"}
    assert not np.allclose(plain, asked)
    text = [*writer.vocabulary.encode("a cat"), writer.vocabulary.end]
    assert nats_of(writer, [[writer.vocabulary.start, token, *text]])[1] == len(text)
    assert "- `a cat`: 27" in (model.directory / "README.md").read_text("utf-8")


def test_new_labels(titles: Path, labelled: Path, tmp_path: Path) -> None:
    """Fine-tuning adds labels to a model that had none, and until it learns them they change nothing."""
    base = trained(titles, tmp_path / "cats", "gru-stack")

    tuned = train(
        [labelled],
        base=base.directory,
        output=tmp_path / "tuned",
        label_columns=["who"],
        options={"epochs": "1e-6", "learning_rate": "1e-9", "dropout": "0"},
    )

    before = load_model(base.directory, read_info(base.directory, "cats"))
    after = load_model(tuned.directory, read_info(tuned.directory, "tuned"))
    text = before.vocabulary.encode("a cat")
    token = after.vocabulary.names.index("<label:a cat>")
    size = before.vocabulary.size
    plain = before.extend([before.start()], [[1, *text]])
    assert after.vocabulary.size == size + 3
    assert after.vocabulary.names[:size] == before.vocabulary.names
    assert np.allclose(after.extend([after.start()], [[1, *text]])[:, :size], plain, atol=1e-4)
    assert (after.extend([after.start()], [[1, token, *text]])[:, size:] < -10).all()


def test_window_of_the_base(titles: Path, tmp_path: Path) -> None:
    """A new model of a base that sees a window sees the same; another one is refused, not ignored."""
    base = trained(titles, tmp_path / "cats", "textgenrnn", {"epochs": "1"})

    with pytest.raises(InvalidValue, match="the base sees 8 tokens"):
        train([titles], base=base.directory, new_model=True, output=tmp_path / "a", options={"max_length": "5"})


def test_new_model(titles: Path, tmp_path: Path) -> None:
    """new_model takes a base's shape and nothing else: its vocabulary is that of the new text."""
    base = trained(titles, tmp_path / "cats", "gru-stack")
    (tmp_path / "other.txt").write_text("xyz\nzyx\nyyy\n", "utf-8")

    model = train(
        [tmp_path / "other.txt"],
        base=base.directory,
        new_model=True,
        output=tmp_path / "other",
        options={"epochs": "1", "min_count": "1"},
    )

    config = json.loads((model.directory / "config.json").read_text("utf-8"))
    lineage = json.loads((model.directory / "planchette.json").read_text("utf-8"))
    assert (config["cell"], config["hidden_sizes"], config["attention"]) == ("gru", [16, 8], "none")
    assert lineage["base"] is None
    assert "--base cats --new-model" in lineage["command"]
    assert set(load_model(model.directory, read_info(model.directory, "other")).vocabulary.names[258:]) == set("xyz")


def test_adaptive_softmax(titles: Path, tmp_path: Path) -> None:
    """A large word vocabulary gets an adaptive softmax, and can be gone on from with new words."""
    words = "\n".join(f"word{number} other{number}" for number in range(60))
    titles.write_text(words, "utf-8")
    base = trained(titles, tmp_path / "cats", "word-lstm", {"adaptive_over": "300"})
    titles.write_text(words.replace("other", "third"), "utf-8")

    tuned = train([titles], base=base.directory, output=tmp_path / "tuned", options={"epochs": "1"})

    config = json.loads((base.directory / "config.json").read_text("utf-8"))
    after = json.loads((tuned.directory / "config.json").read_text("utf-8"))
    assert config["adaptive_cutoffs"] == after["adaptive_cutoffs"] == [config["vocab_size"] // 4]
    assert after["vocab_size"] > config["vocab_size"]
    assert load(tuned.directory).write("word1", max_tokens=5, seed=1) is not None
