"""The pages about the models that ship, with small models instead, and as they stand in the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.local import Shelf
from generators.places import shipped_directory
from generators.training.documents import Document
from tests.fakes.models import save_tiny
from tools import model_measures, model_pages
from tools.model_measures import ends_held_out, kinds_of, measured, portion
from tools.model_pages import BEGIN, END, between, tables
from tools.model_samples import openings, samples_page

TALE = "\n\n".join(f"There were {number} old mills in the valley." for number in range(40))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts as short as small models are."""
    monkeypatch.setattr(model_measures, "TEXTS", 4)
    monkeypatch.setattr(model_measures, "LENGTH", 60)


def model(directory: Path, **lineage: object) -> tuple[Shelf, Path]:
    """A small model that says what it learnt from."""
    save_tiny(directory)
    (directory / "planchette.json").write_text(json.dumps({"version": "1", "description": "tales", **lineage}))
    return Shelf(directory.parent, shipped=True), directory


def test_kinds(tmp_path: Path) -> None:
    """A model writes the kinds of text that its files, and those of its base, were labelled with."""
    base = {"sources": [{"file": "a.txt"}, {"file": "de.txt", "labels": ["de"]}], "base": None}
    _, told = model(tmp_path / "told", sources=[{"file": "b.txt"}, {"file": "a.txt"}], base=base)
    _, silent = model(tmp_path / "silent")

    assert kinds_of(told) == {None: ["b.txt", "a.txt"], "de": ["de.txt"]}
    assert kinds_of(silent) == {None: ["fairy_en.txt", "children_en.txt"]}


def test_what_was_held_out(tmp_path: Path) -> None:
    """A model is measured on unseen text only where neither it nor its base has learnt from the ends of files."""
    ends = {"held_out_by": "end", "held_out": 0.03}
    unseen = model(tmp_path / "a", recipe=ends, base={"recipe": ends, "base": None})
    seen = model(tmp_path / "b", recipe=ends, base={"recipe": {"held_out": 0.05}, "base": None})
    silent = model(tmp_path / "c")

    assert [ends_held_out(directory) for _, directory in (unseen, seen, silent)] == [True, False, None]


def test_portion() -> None:
    """Of much text the same part is drawn each time, and no more than so many characters."""
    documents = [Document(str(number) * 40) for number in range(10)]

    drawn = [document.text for document in portion(documents, 100)]

    assert drawn == [document.text for document in portion(documents, 100)]
    assert [len(text) for text in drawn] == [40, 40, 20]
    assert len(list(portion(documents, 1_000))) == 10


def test_openings() -> None:
    """Twenty samples are spread over kinds and prompts, each with seeds from 1 on."""
    alone = openings([None])
    languages = openings(["de", "es", "fr", "ru", "zh"])

    assert [seed for _, prompt, seed in alone if not prompt] == [1, 2, 3, 4, 5]
    assert len({(label, prompt) for label, prompt, _ in languages}) == len(alone) == len(languages) == 20
    assert len(openings(["a", "b", "c", "d", "e", "f"])) == 24


def test_with_real_text(tmp_path: Path) -> None:
    """Where the files are at hand, each one's end is predicted, and passages of it stand below the model's texts."""
    corpora = tmp_path / "corpora"
    corpora.mkdir()
    for name in ("fairy_en.txt", "children_en.txt"):
        (corpora / name).write_text("=====DOC=====\n".join(f"{TALE}\n{name} {number}\n" for number in range(30)))

    found = measured(*model(tmp_path / "small", recipe={"held_out": 0.05}), corpora)
    written = tables([found])

    assert list(found.predictions) == ["fairy_en.txt", "children_en.txt"]
    assert "| `small` | " in written
    assert "| fairy_en + children_en | " in written
    assert "\\* The model has learnt from some of this text." in written
    assert "| … real text | 100.0% |" in written


def test_without_real_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where files are missing they are named, and the tables hold what can be measured without them."""
    small = model(tmp_path / "small")

    corpora = model_pages._corpora(tmp_path / "nowhere", [small])
    written = tables([measured(*small, corpora)])

    assert corpora is None
    assert "lacks children_en.txt, fairy_en.txt, so" in capsys.readouterr().err
    assert "| `small` | " in written
    assert "real text" not in written
    assert "Bits per character" not in written


def test_samples(tmp_path: Path) -> None:
    """The page has every sample with what decided it, and is the same each time."""
    small = model(tmp_path / "small")

    page = samples_page([small])

    assert page.count("```text\n") == 20
    assert "**6** · seed 1 · from `Once upon a time`" in page
    assert page == samples_page([small])


def test_between() -> None:
    """Only what stands between the markers is replaced, and a page without them is refused."""
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    assert between(page, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert between(between(page, "new"), "new") == between(page, "new")
    with pytest.raises(ValueError, match="needs the lines"):
        between("before", "new")


def test_as_committed() -> None:
    """The pages in the repository are those of the weights in it."""
    shelf = Shelf(shipped_directory(), shipped=True)
    infos = [shelf.info(shipped_directory() / name) for name in shelf.names()]
    models, samples = (page.read_text("utf-8") for page in (model_pages.MODELS, model_pages.SAMPLES))

    assert [info.name for info in infos if f"| `{info.name}` | " not in models] == []
    for info in infos:
        card = (shipped_directory() / info.name / "README.md").read_text("utf-8")
        assert BEGIN in card
        assert END in card
    assert [info.name for info in infos if f"## {info.name}\n\nVersion `{info.version}`." not in samples] == []
