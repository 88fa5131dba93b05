"""Sources with labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.errors import InvalidValue
from generators.training import Corpus, Document, Stopped, UnreadableSource, source_of, train
from generators.training.errors import CannotResume
from tests.generators.training.titles import TINY, TITLES


@pytest.mark.parametrize(
    ("given", "path", "labels"),
    [
        ("chat.txt", "chat.txt", ()),
        ("talk=chat.txt", "chat.txt", ("talk",)),
        ("small talk, films=../a/chat=1.txt", "../a/chat=1.txt", ("small talk", "films")),
        ("de=/a/lit_de.txt", "/a/lit_de.txt", ("de",)),
        ("a/b=c.txt", "a/b=c.txt", ()),
        ("=c.txt", "=c.txt", ()),
        ("c=", "c=", ()),
        ("exists=c.txt", "exists=c.txt", ()),
    ],
)
def test_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, path: str, labels: tuple[str, ...]
) -> None:
    """A source is FILE or LABEL=FILE; what exists is a file, and folders have no labels."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exists=c.txt").write_text("text", "utf-8")

    assert source_of(given)[:] == source_of(Path(given))[:] == (Path(path), labels)


def test_labelled_files(tmp_path: Path) -> None:
    """Every document of a file has its source's labels, before those of its columns and each once."""
    text, table = tmp_path / "a.txt", tmp_path / "b.csv"
    text.write_text("one\ntwo\n", "utf-8")
    table.write_text('text,kind\nthree,"x,talk"\nfour,\n', "utf-8")

    documents = list(Corpus([text, text, table], label_columns=["kind"], labels=[(), ("tale",), ("talk",)]))

    assert documents[:2] == [Document("one"), Document("two")]
    assert documents[2:4] == [Document("one", ("tale",)), Document("two", ("tale",))]
    assert documents[4:] == [Document("three", ("talk", "x")), Document("four", ("talk",))]


def test_recorded(tmp_path: Path) -> None:
    """The labels of sources are in the model, and in its plan, command and card as they were typed."""
    file = tmp_path / "chat lines.txt"
    file.write_text("\n".join(TITLES[:30]), "utf-8")
    (tmp_path / "tales.txt").write_text("\n".join(TITLES[30:]), "utf-8")

    model = train([f"talk={file}", tmp_path / "tales.txt"], output=tmp_path / "both", options=TINY)

    config = json.loads((model.directory / "config.json").read_text("utf-8"))
    lineage = json.loads((model.directory / "planchette.json").read_text("utf-8"))
    assert list(config["labels"]) == ["talk"]
    assert [source.get("labels") for source in lineage["sources"]] == [["talk"], None]
    assert lineage["labels"] == {"talk": 30}
    assert lineage["command"].startswith("planchette train 'talk=chat lines.txt' tales.txt ")
    card = (model.directory / "README.md").read_text("utf-8")
    assert "- `chat lines.txt`, " in card
    assert " bytes, labelled `talk`, sha256 " in card


def test_refused(titles: Path, tmp_path: Path) -> None:
    """A label that would be ignored, and a labelled file that is not there, are refused by name."""
    with pytest.raises(InvalidValue, match=r"talk=titles\.txt.*a single text"):
        train([f"talk={titles}"], output=tmp_path / "x", recipe="nietzsche")
    with pytest.raises(UnreadableSource, match=r"^none\.txt cannot be read: there is no such file"):
        train(["talk=none.txt"], output=tmp_path / "x")
    assert source_of("talk=" + "x" * 300).labels == ("talk",)  # longer than any file's name may be


def test_resumed_with_other_labels(titles: Path, tmp_path: Path) -> None:
    """An interrupted training goes on only with the labels that its sources had."""
    work = tmp_path / ".x.training"

    def stop() -> bool:
        return work.exists()

    with pytest.raises(Stopped):
        train([f"talk={titles}"], output=tmp_path / "x", options=TINY, stopping=stop)
    with pytest.raises(CannotResume, match="sources"):
        train([titles], output=tmp_path / "x", options=TINY, resume=True)


def test_one_line_held_out_by_its_end(tmp_path: Path) -> None:
    """A single text of one line has characters of its own, though no line end stands where it is cut."""
    source = tmp_path / "line.txt"
    source.write_text("the cat sat on the mat and " * 80)
    options = {**TINY, "held_out_by": "end", "single_text": "true", "epochs": "1"}

    model = train([source], output=tmp_path / "x", options=options, recipe="textgenrnn")

    vocabulary = json.loads((model.directory / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    assert {"t", "h", "e"} <= set(vocabulary)


@pytest.mark.parametrize("given", ["x" * 300, "talk=" + "x" * 300])
def test_long_name(tmp_path: Path, given: str) -> None:
    """A name that is too long for any file is refused as one that is not there."""
    with pytest.raises(UnreadableSource, match="no such file"):
        train([given], output=tmp_path / "o", options=TINY)
