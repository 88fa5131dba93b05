"""`planchette train`, and what one does with the model that it leaves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generators import training
from generators.errors import InvalidValue
from generators.training import checkpoints
from tests.bot.shell.conftest import Shell

TINY = ("--epochs", "2", "--hidden-size", "8", "--embedding-size", "8", "--window", "16", "--min-count", "1")


@pytest.fixture
def titles(tmp_path: Path) -> Path:
    """A file of short texts, one a line."""
    file = tmp_path / "Good titles.txt"
    file.write_text("".join(f"Show HN: a small tool for {number} people\n" for number in range(60)), "utf-8")
    return file


def test_trained_model_writes(shell: Shell, titles: Path, home: Path) -> None:
    """A model trains from a file with a recipe's options, shows samples, and is listed, measured and written with."""
    ran = shell("train", str(titles), *TINY)

    assert ran.code == 0, ran.err
    assert ran.out.startswith("good-titles is ready.")
    assert "Epoch 2 of 2:" in ran.err
    assert "at temperature 0.5:" in ran.err
    assert len(list((home / "models" / "good-titles").glob("*/model.safetensors"))) == 1
    assert "good-titles" in [line["name"] for line in shell("models", "list", "--json").lines]
    (measured,) = shell("evaluate", "good-titles", str(titles), "--json").lines
    assert set(measured) == {"bits_per_character", "nats_per_token", "perplexity", "characters", "tokens"}
    assert measured["tokens"] == measured["characters"] + 60
    assert shell("generate", "Show", "--model", "good-titles", "--max-tokens", "10").code == 0


@pytest.mark.parametrize(("option", "threads"), [((), "3"), (("--threads", "2"), "2")])
def test_threads(
    shell: Shell, titles: Path, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...], threads: str
) -> None:
    """A training takes the threads that the operator allows, unless the command names a number."""
    asked: dict[str, str] = {}

    def train(*_: object, options: dict[str, str], **__: object) -> None:
        asked.update(options)
        raise InvalidValue("epochs", "1", "enough for this test")

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setenv("PLANCHETTE_TRAINING__THREADS", "3")

    shell("train", str(titles), *option)

    assert asked == {"threads": threads}


def test_textgenrnn_names(shell: Shell, titles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """textgenrnn's options are taken under its own names, yes and no as flags, several labels by repeating."""
    asked: dict[str, Any] = {}

    def train(*_: object, **arguments: object) -> None:
        asked.update(arguments)
        raise InvalidValue("epochs", "1", "enough for this test")

    monkeypatch.setattr(training, "train", train)

    shell(
        *("train", str(titles), "--num-epochs", "3", "--rnn-size", "64", "--rnn-bidirectional", "--word-level"),
        *("--no-validation", "--train-size", "0.8", "--context-labels", "kind", "--label-column", "place"),
        *("--base", "charrnn", "--new-model", "--threads", "1"),
    )

    assert asked["options"] == {
        "threads": "1",
        "epochs": "3",
        "hidden_size": "64",
        "bidirectional": "True",
        "word_level": "True",
        "validation": "False",
        "train_size": "0.8",
    }
    assert list(asked["label_columns"]) == ["kind", "place"]
    assert asked["new_model"]


@pytest.mark.parametrize(("checked", "told"), [(False, ""), (True, "Interrupted; the same command with --resume")])
def test_interrupted(
    shell: Shell, titles: Path, home: Path, monkeypatch: pytest.MonkeyPatch, checked: bool, told: str
) -> None:
    """Ctrl-C promises that one can go on only where there is something to go on from."""

    def train(*_: object, output: Path, **__: object) -> None:
        if checked:
            (output.parent / f".{output.name}.training" / "checkpoint-1").mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(checkpoints, "is_whole", Path.is_dir)

    ran = shell("train", str(titles))

    assert ran.code == 130
    assert ran.err.startswith(told)
    assert bool(ran.err) == checked


def test_json_tells_progress(shell: Shell, titles: Path) -> None:
    """With --json each line is an event, and the last one is the model."""
    ran = shell("train", str(titles), *TINY, "--name", "mine", "--json")

    assert ran.code == 0, ran.err
    assert {line["phase"] for line in ran.lines[:-1]} >= {"reading", "training", "checked", "publishing"}
    assert ran.lines[-1]["model"] == "mine"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--name", "charrnn"), "--name cannot be charrnn; it has to be another name than that of a model that ships"),
        (("--name", "../up"), "--name cannot be ../up; it has to be small letters"),
        (("--epochs", "many"), "--epochs cannot be many; it has to be a number from"),
        (("--recipe", "nothing"), "--recipe cannot be nothing; it has to be one of textgenrnn"),
        (("--recipe", "nietzche"), "There is no recipe nietzche. Did you mean nietzsche?"),
        (("--rnn-size", "many"), "--rnn-size cannot be many; it has to be a whole number"),
        (("--recipe", "gpt2", "--rnn-size", "9"), "The recipe gpt2 has no option --rnn-size"),
        (("--lora",), "--lora needs a base: name the trained model that the adapter is for."),
        (("--base", "nobody"), "There is no model nobody"),
        (("--resume",), "There is no interrupted training"),
    ],
)
def test_refused(shell: Shell, titles: Path, home: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """What cannot be trained is one sentence, and nothing is left behind."""
    ran = shell("train", str(titles), *arguments)

    assert ran.code == 1
    assert ran.err.startswith(sentence)
    assert list((home / "models").glob("*")) == []


def test_unknown_option(shell: Shell, titles: Path) -> None:
    """An option that no recipe has is wrong usage."""
    ran = shell("train", str(titles), "--epoch", "3")

    assert ran.code == 2
    assert "--epoch" in ran.err


def test_missing_source(tmp_path: Path) -> None:
    """A file that is not there, or lacks a column, is refused before torch is imported."""
    table = tmp_path / "titles.csv"
    table.write_text("text,points\nOnce,3\n", "utf-8")
    program = (
        "import sys\nfrom pathlib import Path\nfrom generators.training import UnreadableSource, train\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        train([Path(name)], output=Path('none'), label_columns=['kind'] if '.csv' in name else [])\n"
        "    except UnreadableSource as fault:\n        print(fault.reason)\n"
        "print('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    sources = [str(path) for path in (tmp_path / "titels.txt", tmp_path, table)]

    done = subprocess.run(
        [sys.executable, "-c", program, *sources], capture_output=True, text=True, timeout=120, check=True
    )

    assert done.stdout.splitlines() == [
        "there is no such file",
        "it is a folder",
        "it has no column kind; its columns are text, points",
        "False",
    ]


def test_few_steps(shell: Shell, titles: Path) -> None:
    """Where a training has hardly any steps, its person is told what helps."""
    ran = shell("train", str(titles), "--epochs", "1", "--batch-size", "64", "--recipe", "textgenrnn")

    assert ran.code == 0, ran.err
    assert re.search(
        r"Only \d+ steps?: the text is small for batches of 64 × 100 tokens; try --batch-size 8\.", ran.err
    )


def test_begins_anew(shell: Shell, titles: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training beside an interrupted one says that it drops it, and promises no resuming before it has a check."""
    (home / "models" / ".good-titles.training" / "checkpoint-1").mkdir(parents=True)

    def train(*_: object, progress: Callable[[training.Progress], None], **__: object) -> None:
        progress(training.Progress("reading"))
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(checkpoints, "is_whole", Path.is_dir)

    ran, again = shell("train", str(titles)), shell("train", str(titles), "--resume")

    assert "An interrupted training of good-titles is dropped; this one begins anew" in ran.err
    assert "Interrupted" not in ran.err
    assert "dropped" not in again.err
    assert "Interrupted; the same command with --resume goes on" in again.err


def test_recipes(shell: Shell) -> None:
    """The recipes are listed a line each, and the options of one with their defaults, as `train` takes them."""
    ran, one = shell("recipes"), shell("recipes", "gpt2-lora")

    assert "textgenrnn: a small char-RNN from scratch" in ran.out
    assert "--batch-size" not in ran.out
    assert one.out.startswith("gpt2-lora: ")
    assert "--rank" in one.out
    assert {line["name"] for line in shell("recipes", "--json").lines} >= {"textgenrnn", "charrnn"}


def test_sources_are_told(shell: Shell, home: Path, tmp_path: Path) -> None:
    """What encoding a table was in, and what each filter did, is said and recorded with the column that was learnt."""
    rows = "".join(f"{number},ein schöner Tag für {number} Grüße,Comedy\n" for number in range(40))
    file = tmp_path / "days.csv"
    file.write_bytes(f"id,plot,genres\n{rows}41,kurz,Comedy\n42,ein Tag in Trauer,Drama\n".encode("latin-1"))
    filters = "nfc min-words=2 column:genres=Comedy"

    ran = shell("train", str(file), *TINY, "--text-column", "plot", "--filters", filters)

    assert ran.code == 0, ran.err
    assert "days.csv was read as cp1252." in ran.err
    assert "Filter min-words=2: removed 1 documents." in ran.err
    (lineage,) = (home / "models" / "days").glob("*/planchette.json")
    told = json.loads(lineage.read_text("utf-8"))
    assert told["filters"]["column:genres=Comedy"] == {"changed": 0, "removed": 1}
    assert (told["sources"][0]["encoding"], told["text_column"], told["documents"]) == ("cp1252", "plot", 40)
    assert "--text-column plot" in told["command"]
    assert "| `min-words=2` | 0 | 1 |" in lineage.with_name("README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--text-column", "plot"), "--text-column cannot be plot; it has to be left out with text files"),
        (("--filters", "nfc,nothing"), "--filters cannot be nothing; it has to be some of nfc, control"),
        (("--filters", "column:a=b"), "--filters cannot be column:a; it has to be left out with text files"),
        (("--filters", "'nfc"), "--filters cannot be 'nfc; it has to be words with spaces between them"),
        (("--single-text", "--filters", "min-words=3"), "--filters cannot be min-words=3; it has to be left out: all"),
    ],
)
def test_sources_refused(shell: Shell, titles: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """Columns and filters that cannot be had are one sentence before anything is read."""
    ran = shell("train", str(titles), *arguments)

    assert ran.code == 1
    assert ran.err.startswith(sentence)
