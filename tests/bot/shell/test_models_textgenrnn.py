"""`planchette models import textgenrnn`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.shell.conftest import Shell

ORIGINALS = Path(__file__).parents[4] / "shared" / "textgenrnn"
FIXTURES = ORIGINALS / "fixtures"


@pytest.fixture(autouse=True)
def originals() -> None:
    if not ORIGINALS.is_dir():
        pytest.skip("textgenrnn's own files are not beside the repository")


def test_default_model(shell: Shell) -> None:
    """textgenrnn's own model comes in by its weights alone, and its table shows the window and the attention."""
    ran = shell("models", "import", "textgenrnn", "--weights", str(ORIGINALS / "textgenrnn_weights.hdf5"))
    (line,) = shell("models", "show", "textgenrnn", "--json").lines

    assert ran.out == "textgenrnn is ready; `planchette generate --model textgenrnn` writes with it.\n"
    assert [(layer["kind"], layer["shape"]) for layer in line["layers"]] == [
        ("Window", [None, 40]),
        ("Embedding", [None, 40, 100]),
        ("LSTM", [None, 40, 128]),
        ("LSTM", [None, 40, 128]),
        ("Concatenate", [None, 40, 356]),
        ("Weighted average", [None, 356]),
        ("Dense", [None, 465]),
    ]
    assert line["parameters"] == 462_717


def test_own_model(shell: Shell) -> None:
    """A model that somebody trained with new_model comes with its vocabulary and configuration, and writes."""
    files = {option: FIXTURES / f"word_{option}.json" for option in ("vocab", "config")}
    options = [part for option, file in files.items() for part in (f"--{option}", str(file))]

    ran = shell(
        "models", "import", "textgenrnn", "--weights", str(FIXTURES / "word_weights.hdf5"), *options, "--name", "words"
    )

    assert ran.code == 0, ran.err
    assert shell("generate", "--model", "words", "--max-tokens", "3", "--seed", "1").code == 0


def test_misfit(shell: Shell, home: Path, tmp_path: Path) -> None:
    """A vocabulary of other weights, and weights cut short, are one sentence each and leave nothing."""
    cut = tmp_path / "cut.hdf5"
    cut.write_bytes((FIXTURES / "char_uni_weights.hdf5").read_bytes()[:3000])
    vocabulary = str(ORIGINALS / "textgenrnn_vocab.json")

    for weights in (FIXTURES / "char_uni_weights.hdf5", cut):
        ran = shell("models", "import", "textgenrnn", "--weights", str(weights), "--vocab", vocabulary)

        assert ran.code == 1
        assert "cannot be imported: " in ran.err
        assert len(ran.err.splitlines()) == 1
    assert not list((home / "models").iterdir())
