from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from generators.charrnn import load, read_info
from generators.errors import InvalidValue, UnusableModel, UserError
from generators.evaluation import evaluate
from generators.training import (
    CannotResume,
    Corpus,
    Diverged,
    NothingToLearn,
    Progress,
    TrainedModel,
    UnreadableSource,
    UnusableLabels,
    train,
)
from generators.training.charrnn import trainee
from generators.training.checkpoints import newest_usable
from generators.training.loop import Loop
from generators.training.recipes import changed, recipe_named
from generators.training.windows import place
from tests.generators.training.titles import TINY, TITLES


class Interrupted(Exception):  # what a kill is to the process
    pass


def trained(titles: Path, output: Path, options: Mapping[str, str] | None = None, **others: Any) -> TrainedModel:
    return train([titles], output=output, options={**TINY, **(options or {})}, **others)


def interrupt(titles: Path, output: Path, checks: int, options: Mapping[str, str] | None = None) -> Path:
    """Starts a training that ends during a check; where its checkpoints are."""
    left = checks

    def told(event: Progress) -> None:
        nonlocal left
        left -= event.phase == "checked"
        if not left:
            raise Interrupted

    with pytest.raises(Interrupted):
        trained(titles, output, options, progress=told)
    return output.parent / f".{output.name}.training"


def test_published(titles: Path, tmp_path: Path) -> None:
    """A training leaves one directory that our writer and transformers read alike, and nothing beside it."""
    model = trained(titles, tmp_path / "models" / "cats")

    assert [path.name for path in (tmp_path / "models").iterdir()] == ["cats"]
    assert [path.name for path in (tmp_path / "models" / "cats").iterdir()] == [model.version]
    assert {path.name for path in model.directory.iterdir()} == {
        "README.md",
        "config.json",
        "curve.png",
        "generation_config.json",
        "model.safetensors",
        "planchette.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    info = read_info(model.directory, "cats")
    assert (info.version, info.max_tokens) == (model.version, 300)
    assert (
        load(model.directory, info).vocabulary.decode(
            AutoTokenizer.from_pretrained(model.directory)("cat")["input_ids"]
        )
        == "cat"
    )
    assert AutoConfig.from_pretrained(model.directory).model_type == "charrnn"
    assert (
        AutoModelForCausalLM.from_pretrained(model.directory).config.vocab_size
        == load(model.directory, info).vocabulary.size
    )


def test_lineage(titles: Path, tmp_path: Path) -> None:
    """The model knows its sources, recipe and measures, and its card tells them with the command and samples."""
    model = trained(titles, tmp_path / "cats")

    lineage = json.loads((model.directory / "planchette.json").read_text("utf-8"))
    card = (model.directory / "README.md").read_text("utf-8")

    assert lineage["version"] == model.version
    assert [source["file"] for source in lineage["sources"]] == ["titles.txt"]
    assert (lineage["documents"], lineage["characters"]) == (len(TITLES), sum(map(len, TITLES)))
    assert lineage["recipe"]["name"] == "textgenrnn"
    assert lineage["metrics"]["bits_per_character"] == model.bits_per_character
    assert "planchette train titles.txt --recipe textgenrnn --name cats --embedding-size 4" in card
    assert all(heading in card for heading in ("Temperature 0.2:", "Temperature 0.5:", "Temperature 1:"))
    assert str(tmp_path) not in card + json.dumps(lineage)


def test_progress(titles: Path, tmp_path: Path) -> None:
    """A training tells how far it is, what it measured, and what the model writes by then."""
    events: list[Progress] = []

    model = trained(titles, tmp_path / "cats", progress=events.append)

    checks = [event for event in events if event.phase == "checked"]
    assert events[0].phase == "reading"
    assert events[-1].phase == "publishing"
    assert len(checks) >= 4
    assert [round(event.epoch) for event in checks][-1] == 2
    assert checks[-1].step == checks[-1].of
    assert [sample.temperature for sample in checks[0].samples] == [0.2, 0.5, 1.0]
    assert min(event.bits_per_character for event in checks) == pytest.approx(model.bits_per_character)


def test_held_out(titles: Path, tmp_path: Path) -> None:
    """The published measure is that of `evaluate` on the documents whose own text holds them out."""
    model = trained(titles, tmp_path / "cats", {"held_out": "0.2"})

    out = [document for document in Corpus([titles]) if place(document.text) < 0.2]
    measured = evaluate(load(model.directory, read_info(model.directory, "cats")), out)

    assert model.metrics["held_out_documents"] == len(out)
    assert model.bits_per_character == pytest.approx(measured["bits_per_character"], abs=1e-5)


@pytest.mark.parametrize("text", ["only one line of text, which is cut", "two\nlines"])
def test_few_documents(tmp_path: Path, text: str) -> None:
    """Even one or two documents can be learnt from and measured on."""
    source = tmp_path / "few.txt"
    source.write_text(text, "utf-8")

    assert trained(source, tmp_path / "few").bits_per_character is not None


def test_nothing_held_out(titles: Path, tmp_path: Path) -> None:
    """Without held-out text there is no measure, and the last weights are the model."""
    model = trained(titles, tmp_path / "cats", {"held_out": "0"})

    assert model.bits_per_character is None
    assert "Nothing was held out" in (model.directory / "README.md").read_text("utf-8")


@pytest.mark.parametrize("options", [{}, {"stretch": "4", "stretched": "0.9"}])
def test_resumed(titles: Path, tmp_path: Path, options: dict[str, str]) -> None:
    """An interrupted training goes on where it was, and ends in the weights that it would have had."""
    whole = trained(titles, tmp_path / "whole" / "cats", options)
    work = interrupt(titles, tmp_path / "cats", checks=3, options=options)

    resumed = trained(titles, tmp_path / "cats", options, resume=True)

    assert resumed.version == whole.version
    assert not work.exists()


def test_resumed_with_more_threads(titles: Path, tmp_path: Path) -> None:
    """A training goes on with another number of threads, which its card then names."""
    interrupt(titles, tmp_path / "cats", checks=3)

    resumed = trained(titles, tmp_path / "cats", {"threads": "2"}, resume=True)

    assert "on 2 threads of" in (resumed.directory / "README.md").read_text("utf-8")


@pytest.mark.parametrize("options", [{"epochs": "1.4"}, {"learning_rate": "1e-9", "patience": "1", "optimizer": "sgd"}])
def test_interrupted_at_the_end(titles: Path, tmp_path: Path, options: dict[str, str]) -> None:
    """A training that ended, by its steps or its patience, and was not published takes no more steps."""
    whole = trained(titles, tmp_path / "whole" / "cats", options)

    def told(event: Progress) -> None:
        if event.phase == "publishing":
            raise Interrupted

    with pytest.raises(Interrupted):
        trained(titles, tmp_path / "cats", options, progress=told)
    resumed = trained(titles, tmp_path / "cats", options, resume=True)

    assert resumed.metrics["steps"] == whole.metrics["steps"]
    assert resumed.version == whole.version


@pytest.mark.parametrize("torn", ["model.safetensors", "trainer_state.json", "optimizer.pt"])
def test_torn_checkpoint(titles: Path, tmp_path: Path, torn: str) -> None:
    """A checkpoint that was being written when the power went is passed over for the one before."""
    whole = trained(titles, tmp_path / "whole" / "cats")
    work = interrupt(titles, tmp_path / "cats", checks=3)
    newest = newest_usable(work)
    assert newest is not None
    data = (newest / torn).read_bytes()
    (newest / torn).write_bytes(data[: len(data) // 2])

    before = newest_usable(work)
    resumed = trained(titles, tmp_path / "cats", resume=True)

    assert before is not None
    assert before != newest
    assert resumed.version == whole.version


@pytest.mark.parametrize("text", ["h", "hi", "h\n"])
def test_hardly_any_text(tmp_path: Path, text: str) -> None:
    """A text of which nothing can be held out is learnt all the same, and nothing is said of how well."""
    (tmp_path / "short.txt").write_text(text, "utf-8")

    model = train([tmp_path / "short.txt"], output=tmp_path / "models" / "short", options=TINY)

    assert model.bits_per_character is None
    assert not (tmp_path / "models" / ".short.training").exists()


def test_no_checkpoint_yet(titles: Path, tmp_path: Path) -> None:
    """A training that was interrupted before its first checkpoint begins again."""
    interrupt(titles, tmp_path / "cats", checks=1)

    assert trained(titles, tmp_path / "cats", resume=True).directory.exists()


def test_nothing_to_resume(titles: Path, tmp_path: Path) -> None:
    """Resuming where nothing was interrupted, or something else was, is refused with the difference."""
    with pytest.raises(CannotResume, match="start one without --resume"):
        trained(titles, tmp_path / "cats", resume=True)
    interrupt(titles, tmp_path / "cats", checks=2)
    with pytest.raises(CannotResume, match="with another recipe"):
        trained(titles, tmp_path / "cats", {"seed": "5"}, resume=True)


def test_tuned(titles: Path, tmp_path: Path) -> None:
    """Fine-tuning keeps the ids of the base, gives new characters rows, and knows what the base learnt from."""
    base = trained(titles, tmp_path / "cats")
    source = tmp_path / "birds.txt"
    source.write_text("\n".join(f"öwls ☃ {title}" for title in TITLES), "utf-8")

    tuned = train([source], base=base.directory, output=tmp_path / "birds", options={"epochs": "1", "window": "16"})

    before = load(base.directory, read_info(base.directory, "cats")).vocabulary
    model = load(tuned.directory, read_info(tuned.directory, "birds"))
    lineage = json.loads((tuned.directory / "planchette.json").read_text("utf-8"))
    card = (tuned.directory / "README.md").read_text("utf-8")
    assert model.vocabulary.names[: before.size] == before.names
    assert set(model.vocabulary.names[before.size :]) == {"ö", "☃"}
    assert len(model.vocabulary.encode("ö☃")) == 2
    assert model.extend([model.start()], [[1]]).shape == (1, before.size + 2)
    assert (lineage["base"]["name"], lineage["base"]["version"]) == ("cats", base.version)
    assert [source["file"] for source in lineage["base"]["sources"]] == ["titles.txt"]
    assert "planchette train titles.txt" in card
    assert "planchette train birds.txt --base cats" in card
    assert lineage["recipe"]["name"] == "charrnn-tune"


def test_quotation_marks(titles: Path, tmp_path: Path) -> None:
    """Where training straightened quotation marks, typographic ones in a prompt are read as straight ones."""
    titles.write_text("\n".join(f'"{title}," it\'s said' for title in TITLES), "utf-8")
    trained_model = trained(titles, tmp_path / "cats", {"filters": "quotes"})
    model = load(trained_model.directory, read_info(trained_model.directory, "cats"))

    curly = model.extend([model.start()], [model.vocabulary.encode("“it’s”")])
    straight = model.extend([model.start()], [model.vocabulary.encode('"it\'s"')])

    assert (curly == straight).all()


def test_same_seed(titles: Path, tmp_path: Path) -> None:
    """The same text, recipe and seed give the same weights, another seed others."""
    first = trained(titles, tmp_path / "a")
    again = trained(titles, tmp_path / "b")
    other = trained(titles, tmp_path / "c", {"seed": "1"})

    assert first.version == again.version != other.version


@pytest.mark.parametrize(
    ("sources", "others", "error"),
    [
        ("missing.txt", {}, UnreadableSource),
        ("titles.txt", {"recipe": "none"}, InvalidValue),
        ("titles.txt", {"options": {"epochs": "-1"}}, InvalidValue),
        ("titles.txt", {"options": {"filters": "none"}}, InvalidValue),
        ("titles.txt", {"recipe": "charrnn-tune"}, InvalidValue),
        ("titles.txt", {"options": {"single_text": "true"}, "label_columns": ["kind"]}, InvalidValue),
        ("titles.txt", {"options": {"schedule": "plateau", "train_size": "1"}}, InvalidValue),
        ("titles.txt", {"options": {"patience": "2", "validation": "no"}}, InvalidValue),
        ("titles.txt", {"options": {"momentum": "0.9"}}, InvalidValue),
        ("titles.txt", {"recipe": "nietzsche", "documents": "blank"}, InvalidValue),
        ("titles.txt", {"label_columns": ["kind"]}, InvalidValue),
        ("empty.csv", {"label_columns": ["kind"]}, UnusableLabels),
        ("titles.txt", {"options": {"epochs": "1", "num_epochs": "1"}}, InvalidValue),
        ("titles.txt", {"new_model": True}, InvalidValue),
        ("titles.txt", {"recipe": "textgenrnn", "base": "broken"}, InvalidValue),
        ("titles.txt", {"options": {"hidden_size": "8"}, "base": "broken"}, InvalidValue),
        ("titles.txt", {"base": "broken"}, UnusableModel),
        ("controls.txt", {}, NothingToLearn),
    ],
)
def test_refused(
    titles: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sources: str,
    others: dict[str, Any],
    error: type[UserError],
) -> None:
    """What cannot be trained is refused in one sentence, and nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    Path("controls.txt").write_text("\x01\n\x02\n", "utf-8")
    Path("empty.csv").write_text("text,kind\nx,\ny,\n", "utf-8")
    Path("broken").mkdir()
    Path("broken/config.json").write_text('{"model_type": "charrnn"}', "utf-8")
    if "base" in others:
        others = {**others, "base": Path(others["base"])}

    with pytest.raises(error) as refusal:
        train([Path(sources)], output=tmp_path / "models" / "cats", **others)

    assert str(refusal.value).endswith(".")
    assert not (tmp_path / "models").exists()


def test_diverged(titles: Path, tmp_path: Path) -> None:
    """A training whose weights are no numbers any more ends at its next check, before it keeps them."""
    recipe = changed(recipe_named("textgenrnn"), TINY)
    learner = trainee(Corpus([titles]), recipe, None, lambda _: None)
    with torch.no_grad():
        next(learner.model.parameters()).fill_(float("nan"))

    with pytest.raises(Diverged, match="lower learning rate"):
        Loop(learner, recipe, tmp_path / "work", lambda _: None).run(None)

    assert newest_usable(tmp_path / "work") is None


def test_torn_base(titles: Path, tmp_path: Path) -> None:
    """A base whose weights are damaged is refused before anything is read."""
    base = trained(titles, tmp_path / "cats").directory
    damaged = shutil.copytree(base, tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"")

    with pytest.raises(UnusableModel, match=r"model\.safetensors is damaged"):
        train([titles], base=damaged, output=tmp_path / "dogs")
