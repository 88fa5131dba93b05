from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from generators import load, train
from generators.errors import InvalidValue, UnknownModel, Unsupported
from tests.generators.charrnn.conftest import save_model
from tests.generators.training.titles import TINY


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return save_model(tmp_path / "model")


def test_three_lines(titles: Path, home: Path) -> None:
    """A model is trained, kept under its source's name, writes, and is there again by name."""
    model = train(titles, recipe="textgenrnn", **TINY)
    text = model.write("a cat ", temperature=0.5, max_tokens=20, seed=1)

    again = load("titles")

    assert (home / "models" / "titles" / model.info.version / "config.json").is_file()
    assert len(text) <= 20
    assert again.write("a cat ", temperature=0.5, max_tokens=20, seed=1) == text
    assert load(f"titles@{model.info.version}").info == again.info


def test_textgenrnn_s_own_call(titles: Path) -> None:
    """textgenrnn's options are taken under its names, its defaults among them."""
    options = {name: value for name, value in TINY.items() if name not in ("epochs", "window", "layers", "hidden_size")}

    model = train(
        titles,
        context_labels=None,
        new_model=False,
        num_epochs=1,
        batch_size=16,
        train_size=0.8,
        validation=False,
        dropout=0.1,
        gen_epochs=0,
        save_epochs=1,
        max_gen_length=50,
        max_length=16,
        rnn_layers=1,
        rnn_size=8,
        **options,
    )

    assert model.info.max_tokens == 50


def test_goes_on_from_a_name(titles: Path) -> None:
    """A base can be named as for loading, and the new model gets a name of its own."""
    train(titles, **TINY)

    tuned = train([titles], base="titles", name="tuned", epochs=0.5)

    assert tuned.info.name == "tuned"


@pytest.mark.parametrize("name", ["charrnn", "../away", "a@b", ".hidden"])
def test_names_that_no_model_can_have(titles: Path, home: Path, name: str) -> None:
    """A name that ships, or that leads elsewhere, is refused before anything is read."""
    with pytest.raises(InvalidValue, match="name cannot be"):
        train(titles, name=name, **TINY)

    assert not (home / "models").exists()


def test_natural_values(directory: Path) -> None:
    """A list of temperatures is a cycle, one stop text is one, and nonsense is refused in a sentence."""
    model = load(directory)

    listed = model.write(seed=1, temperature=[1.0, 0.5], max_tokens=20, stop="stop")

    assert listed == model.write(seed=1, temperature=(1.0, 0.5), max_tokens=20, stop=("stop",))
    with pytest.raises(InvalidValue, match="temperature cannot be hot"):
        model.write(temperature="hot")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="source cannot be"):
        train([])


def test_seed(directory: Path) -> None:
    """A seed decides a text, and texts without one differ."""
    model = load(directory)

    texts = [model.write(seed=seed, max_tokens=30, min_tokens=30) for seed in (1, 1, 2, None, None)]

    assert texts[0] == texts[1]
    assert len(set(texts)) == 4


def test_stop(directory: Path) -> None:
    """A text ends before a stop text, and within its length; the prompt is no part of it."""
    model = load(directory)
    whole = model.write("stone", seed=3, max_tokens=40)

    stopped = model.write("stone", seed=3, max_tokens=40, stop=(whole[5:7],))

    assert whole.startswith(stopped)
    assert len(stopped) <= 5
    assert len(whole) <= 40


async def test_inside_a_loop(directory: Path) -> None:
    """A notebook, whose thread runs an event loop already, can write too."""
    model = load(directory)

    assert asyncio.get_running_loop().is_running()
    assert len(model.write(max_tokens=5, min_tokens=5, seed=1)) <= 5


def test_refused(directory: Path, tmp_path: Path) -> None:
    """Names, values and kinds that cannot be are refused as everywhere."""
    with pytest.raises(UnknownModel):
        load("no such model")
    with pytest.raises(UnknownModel):
        load("../model")
    with pytest.raises(InvalidValue):
        load(directory).write(temperature=-1)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text('{"model_type": "odd"}', "utf-8")
    with pytest.raises(Unsupported):
        load(tmp_path / "odd")


def test_closed(directory: Path) -> None:
    """A writer can be closed, and then writes no more."""
    model = load(directory)
    model.close()

    with pytest.raises(RuntimeError):
        model.write()
