from __future__ import annotations

from pathlib import Path

import pytest

from generators import load
from generators.errors import InvalidValue
from generators.training import train
from generators.training.alphabets import letters
from generators.vocabulary import Vocabulary
from tests.generators.training.titles import TITLES

TINY = {"hidden_size": "16", "epochs": "30", "gen_epochs": "0"}


def test_letters() -> None:
    """Each alphabet has the letters that its name promises, and none twice."""
    found = letters(["latin", "cyrillic", "emoji", "latin"])

    assert len(found) == len(set(found))
    assert set("AzÄßřЯёї😀👍❤🎉") < set(found)
    assert not set("0.,中 ") & set(found)


def test_alphabet(tmp_path: Path) -> None:
    """Letters of an alphabet are tokens of a model whose text lacks them, and it does not write them."""
    source = tmp_path / "titles.txt"
    source.write_text("\n".join(TITLES), "utf-8")

    model = train([source], recipe="textgenrnn", output=tmp_path / "o", options={**TINY, "alphabet": "cyrillic emoji"})

    vocabulary = Vocabulary.load(model.directory)
    assert len(vocabulary.encode("жук 😀")) == 5
    assert len(vocabulary.encode("é")) == 2
    assert not set(load(model.directory).write("", seed=1, max_tokens=300, temperature=1)) & set(letters(["cyrillic"]))


def test_unknown_alphabet(tmp_path: Path) -> None:
    """An alphabet that nobody knows is refused with the names of those that are there."""
    source = tmp_path / "titles.txt"
    source.write_text("\n".join(TITLES), "utf-8")

    with pytest.raises(InvalidValue, match=r"runes.*latin, cyrillic, emoji"):
        train([source], recipe="textgenrnn", output=tmp_path / "o", options={"alphabet": "latin runes"})
