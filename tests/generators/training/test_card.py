"""The model card."""

from __future__ import annotations

import json
import math
import shlex
import sys
from pathlib import Path

import pytest

from generators.training import Progress, train
from generators.training.card import ROWS, card, with_description, with_memorisation, with_newest, with_samples
from generators.training.checkpoints import newest_usable
from generators.training.history import Check
from generators.training.progress import Sample
from generators.training.recipes import RECIPES
from tests.generators.training.titles import TINY, TITLES

GPT2 = {"epochs": "1", "width": "8", "heads": "2", "layers": "1", "vocabulary_size": "280", "context": "64"}
WORDS = {"epochs": "1", "hidden_size": "8", "layers": "1", "embedding_size": "4", "min_count": "1"}


def card_of(directory: Path) -> str:
    return (directory / "README.md").read_text("utf-8")


def check_readable(directory: Path) -> None:
    """Nothing is missing from a card, and its tables have as many cells in each row as in their header."""
    text = card_of(directory)
    assert "None" not in text
    assert ("![" in text) is (directory / "curve.png").exists()  # one epoch alone makes no curve
    for table in text.split("\n\n"):
        rows = [line.replace("\\|", "") for line in table.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1
        assert all(cell.strip() for row in rows for cell in row.strip("|").split("|"))


def lineage_of(directory: Path) -> dict[str, object]:
    lineage: dict[str, object] = json.loads((directory / "planchette.json").read_text("utf-8"))
    return lineage


def test_every_kind(titles: Path, tmp_path: Path) -> None:
    """The cards of all kinds of models are whole, and their commands are those of the trainings."""
    models = tmp_path / "models"
    first = train([titles], output=models / "first", options=TINY).directory
    tuned = train([titles], base=first, output=models / "tuned", options={"epochs": "1", "held_out": "0"}).directory
    words = train([titles], recipe="word-lstm", output=models / "words", options=WORDS).directory
    gpt2 = train([titles], recipe="gpt2", output=models / "gpt2", options=GPT2).directory
    lora = train([titles], base=gpt2, lora=True, output=models / "lora", options={"epochs": "1"}).directory

    for directory in (first, tuned, words, gpt2, lora):
        check_readable(directory)
    assert "It goes on from `first`" in card_of(tuned)
    assert "| 1 | " in card_of(tuned)
    assert "with an adapter of " in card_of(lora)
    assert "planchette train titles.txt --base gpt2 --lora --name lora --epochs 1\n" in card_of(lora)


def test_labels(tmp_path: Path) -> None:
    """Labels are listed, whatever they look like."""
    rows = [{"text": title, "kind": "a|b" if number % 2 else "*c*"} for number, title in enumerate(TITLES)]
    (tmp_path / "my rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")

    model = train([tmp_path / "my rows.jsonl"], output=tmp_path / "cats", label_columns=["kind"], options=TINY)

    check_readable(model.directory)
    text = card_of(model.directory)
    assert "- `a|b`: " in text
    assert "- `*c*`: " in text
    line = next(line for line in text.splitlines() if line.startswith("planchette train"))
    assert shlex.split(line)[:3] == ["planchette", "train", "my rows.jsonl"]


def test_without_matplotlib(titles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pictures cannot be drawn, the model is published with a table of its checks alone."""
    for module in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    model = train([titles], output=tmp_path / "cats", options=TINY)

    assert not (model.directory / "curve.png").exists()
    assert "![" not in card_of(model.directory)
    assert "| epoch | training loss, bits per token | held out, bits per character | seconds |" in card_of(
        model.directory
    )


def test_resumed(titles: Path, tmp_path: Path) -> None:
    """The card of a resumed training has the checks of all its runs, each once."""
    left = 3

    class Interrupted(Exception):
        pass

    def told(event: Progress) -> None:
        nonlocal left
        left -= event.phase == "checked"
        if not left:
            raise Interrupted

    with pytest.raises(Interrupted):
        train([titles], output=tmp_path / "cats", options=TINY, progress=told)
    assert newest_usable(tmp_path / ".cats.training") is not None
    resumed = train([titles], output=tmp_path / "cats", options=TINY, resume=True)
    whole = train([titles], output=tmp_path / "whole" / "cats", options=TINY)

    def epochs(directory: Path) -> list[str]:
        rows = card_of(directory).partition("| epoch |")[2].partition("\n\n")[0].splitlines()[2:]
        return [row.split("|")[1].strip() for row in rows]

    assert epochs(resumed.directory) == epochs(whole.directory)
    assert len(epochs(resumed.directory)) > 3


def test_samples_every_epoch(titles: Path, tmp_path: Path) -> None:
    """Each recipe shows texts at three temperatures after each epoch, no longer than one likes to read."""
    events: list[Progress] = []

    train([titles], recipe="gpt2", output=tmp_path / "gpt2", options={**GPT2, "epochs": "2"}, progress=events.append)

    shown = [event for event in events if event.phase == "checked"]
    assert [event.epoch for event in shown] == [1.0, 2.0]
    assert all([sample.temperature for sample in event.samples] == [0.2, 0.5, 1.0] for event in shown)
    assert all(event.speed is not None and event.speed > 0 for event in shown)
    assert all(recipe.checks >= 1 and recipe.gen_epochs == 1 for recipe in RECIPES.values())
    long = {name: recipe.sample for name, recipe in RECIPES.items()}
    assert all(length == (100 if "gpt2" in name or "word" in name else 300) for name, length in long.items())


def test_many_checks_and_odd_texts(titles: Path, tmp_path: Path) -> None:
    """The table has some of many checks, the last one among them, and no text of a model is taken for Markdown."""
    lineage = lineage_of(train([titles], output=tmp_path / "cats", options=TINY).directory)
    many = [Check(float(number), math.log(2), None, number) for number in range(1, 1002)]

    text = card(lineage, [Sample(0.2, "# no\n```\n"), Sample(0.5, "")], many, None)

    rows = [line for line in text.splitlines() if line.endswith(" |") and " | 1.0000 | – | " in line]
    assert 20 < len(rows) <= ROWS + 1
    assert rows[-1] == "| 1001 | 1.0000 | – | 1,001 |"
    assert "````text\n# no\n```\n\n````" in text
    assert "Temperature 0.5:\n\n(nothing)" in text


def test_other_samples() -> None:
    """Samples take the place of others, or come where there were none, whatever is in them."""
    bare = "# Name\n\n## How good it is\n\n1.2 bits.\n\n## Recipe x\n\n| field |\n"

    once = with_samples(bare, [Sample(0.5, "one\n## Recipe y\n## What it writes")])
    again = with_samples(once, [Sample(0.5, "two")])

    assert "1.2 bits.\n\n## What it writes from nothing\n\nTemperature 0.5:\n\n```text\none\n" in once
    assert again.count("Temperature") == 1
    assert "one" not in again
    assert with_samples(again, []) == bare


def test_what_is_learnt_by_heart() -> None:
    """A card tells how much its model repeats with and without its guard, once, before the samples or at the end."""
    measures = {"samples": 400, "share": 0.0125, "guarded_share": 0.0}
    line = "Of 400 texts, 1.2% repeat eight words or more of a training text"

    told = with_memorisation("# Name\n\n## How good it is\n\n1.2 bits.\n\n## What it writes\n\nOf all.\n", measures)
    again = with_memorisation(told, measures | {"samples": 500})

    assert line in told
    assert told.index("bits") < told.index(line) < told.index("\n\n## What it writes")
    assert again == told.replace("400", "500")
    assert with_memorisation("# Name\n", measures).endswith("behind the guard, with which it writes here, 0.0%.\n")


def test_the_newest_text() -> None:
    """What a model is worth on the newest text stands beside what was held out, once, and in its description."""
    text = "# Name\n\nA recipe; 0.32 bits per character. 9 parameters.\n\n## How good it is\n\n0.3200 bits.\n"

    told = with_newest(with_description(text, "a recipe; 0.32 bits per character", "a recipe; 2.01 bits"), 2.5, 2.01)

    assert "\nA recipe; 2.01 bits. 9 parameters.\n" in told
    assert "it has 2.0100 bits per character, and its base 2.5000" in told
    assert "0.3200 bits." in told
    assert with_newest(told, 2.5, 2.01) == told
