"""`planchette compare`, with the model that ships and small ones of random weights."""

from __future__ import annotations

import html
import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.bot.shell.conftest import Shell
from tests.fakes.models import save_tiny

NUMBERS = {
    "parameters",
    "bytes",
    "load_seconds",
    "tokens_per_second",
    "characters_per_second",
    "distinct_1",
    "distinct_2",
    "distinct_3",
    "repetition",
    "length",
    "ended",
    "real_words",
    "ended_sentences",
    "closed_quotes",
    "files",
    "real_text",
}
PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=")


@pytest.fixture
def models(tmp_path: Path) -> list[str]:
    """Two models of random weights, by their directories."""
    return [str(save_tiny(tmp_path / name, seed)) for seed, name in enumerate(("first", "second"))]


class Page(HTMLParser):
    """What a page asks of elsewhere, and what it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


def test_table(shell: Shell, models: list[str]) -> None:
    """A column for each model, a row for each measure, and below them what each wrote for each prompt."""
    ran = shell("compare", *models, "--prompt", "Once", "--prompt", "A stone", "--samples", "1", "--max-tokens", "20")

    lines = ran.out.splitlines()
    assert ran.code == 0, ran.err
    assert lines[0].split() == ["first", "second"]
    assert [line.split("  ")[0] for line in lines[1:5]] == ["kind", "parameters", "weights", "loaded in"]
    assert [line for line in lines if line.startswith("— ")] == ["— 1: Once", "— 2: A stone"]
    assert sum(line.startswith("second: ") for line in lines) == 2


def test_json(shell: Shell, models: list[str], tmp_path: Path) -> None:
    """A line for each model, with the same measures as `evaluate` gives for the same documents."""
    (tmp_path / "held.txt").write_text("a cat sat\non a table\n", "utf-8")

    ran = shell("compare", *models, "--file", str(tmp_path / "held.txt"), "--seed", "4", "--max-tokens", "9", "--json")

    measured = [shell("evaluate", model, str(tmp_path / "held.txt"), "--json").lines[0] for model in models]
    assert [line["model"]["name"] for line in ran.lines] == ["first", "second"]
    for line, alone in zip(ran.lines, measured, strict=True):
        assert line.keys() >= NUMBERS
        assert {name: line[name] for name in alone} == pytest.approx(alone)
        assert [sample["seed"] for sample in line["samples"]] == [4, 4, 4]
    assert "bits_per_character" not in shell("compare", *models, "--max-tokens", "5", "--json").lines[0]


def test_files_apart(shell: Shell, models: list[str], tmp_path: Path) -> None:
    """Several files are measured each and together, and passages of them stand beside the models' texts."""
    files = [tmp_path / "tale.txt", tmp_path / "talk.txt"]
    files[0].write_text("A cat sat on a table.\nA cat ran.\n" * 20, "utf-8")
    files[1].write_text("Hello there\n", "utf-8")
    given = [argument for file in files for argument in ("--file", str(file))]

    lines = shell("compare", *models, *given, "--seed", "4", "--max-tokens", "9", "--json").lines
    table = shell("compare", *models, *given, "--seed", "4", "--max-tokens", "9").out.splitlines()

    alone = [shell("evaluate", models[0], str(file), "--json").lines[0] for file in files]
    assert list(lines[0]["files"].values()) == [pytest.approx(each) for each in alone]
    assert lines[0]["characters"] == sum(each["characters"] for each in alone)
    assert lines[0]["real_text"] == lines[1]["real_text"]
    assert lines[0]["real_text"]["real_words"] > lines[0]["real_words"]
    assert table[0].split("  ")[-1].strip() == "real text"
    assert any(line.startswith(f"… {files[1]}") for line in table)


def test_words_that_count(shell: Shell, models: list[str], tmp_path: Path) -> None:
    """A text of words decides what a real word is, for models and for real text alike."""
    (tmp_path / "words.txt").write_text("cat cat sat dog\n", "utf-8")
    (tmp_path / "held.txt").write_text("sat sat sat sat\n", "utf-8")
    words = ("--words", str(tmp_path / "words.txt"), "--max-tokens", "60", "--seed", "1")

    beside = shell("compare", *models, *words, "--file", str(tmp_path / "held.txt"), "--json").lines[0]
    alone = shell("compare", *models, *words, "--json").lines[0]

    assert beside["real_text"]["real_words"] == 0
    assert alone["real_text"] is None
    assert alone["real_words"] is not None
    assert shell("compare", *models, "--max-tokens", "9", "--json").lines[0]["real_words"] is None


def test_the_same_seed(shell: Shell, models: list[str]) -> None:
    """A seed decides the texts of all models."""
    texts = [
        [
            line["samples"]
            for line in shell("compare", *models, "--seed", str(seed), "--max-tokens", "9", "--json").lines
        ]
        for seed in (1, 1, 2)
    ]

    assert texts[0] == texts[1] != texts[2]


def test_page(shell: Shell, models: list[str], tmp_path: Path) -> None:
    """The report is one page that runs nothing and fetches nothing; whatever stands in a prompt stays text."""
    (tmp_path / "first" / "loss.png").write_bytes(PNG)
    prompt = "<script>alert(1)</script> & \"'"
    report = tmp_path / "report.html"

    ran = shell("compare", *models, "--prompt", prompt, "--max-tokens", "9", "--report", str(report))

    written = report.read_text("utf-8")
    page = Page(written)
    assert ran.code == 0, ran.err
    assert html.escape(prompt) in written
    assert "script" not in page.tags
    assert page.tags.count("figcaption") == 2 * 3 + 1
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert len(page.sources) == 1
    assert "color-scheme: light dark" in written
    assert not re.search(r"url\(|@import|https?:", written)


def test_markdown(shell: Shell, models: list[str], tmp_path: Path) -> None:
    """As Markdown, texts stand between fences that no text closes, and pictures are linked from where the file is."""
    (tmp_path / "first" / "loss.png").write_bytes(PNG)
    report = tmp_path / "report.md"

    ran = shell("compare", *models, "--prompt", "```\n# no", "--max-tokens", "9", "--report", str(report))

    written = report.read_text("utf-8")
    assert ran.code == 0, ran.err
    assert "````text\n```\n# no\n````\n" in written
    assert "![first: loss](<first/loss.png>)" in written
    assert "| parameters |" in written


def test_names_that_markdown_would_read(shell: Shell, models: list[str], tmp_path: Path) -> None:
    """A name cannot end its column, and a picture's link leads to it whatever its name is."""
    odd = (tmp_path / "first").rename(tmp_path / "a|b")
    (odd / "<loss>.png").write_bytes(PNG)
    report = tmp_path / "report.md"

    ran = shell("compare", str(odd), models[1], "--samples", "1", "--max-tokens", "5", "--report", str(report))

    written = report.read_text("utf-8")
    assert ran.code == 0, ran.err
    assert "| | a\\|b | second |\n" in written
    assert "](<a%7Cb/%3Closs%3E.png>)" in written


def test_seed_is_told(shell: Shell, models: list[str]) -> None:
    """Whoever gave no seed is told which one it was."""
    ran = shell("compare", *models, "--max-tokens", "9")
    told = re.search(r"All texts have the seed (\d+)\.\n", ran.err)

    assert told is not None
    again = shell("compare", *models, "--max-tokens", "9", "--seed", told[1])
    assert again.out.partition("— 1")[2] == ran.out.partition("— 1")[2] != ""


def test_refused_without_a_trace(shell: Shell, models: list[str], tmp_path: Path) -> None:
    """A comparison that cannot be made leaves no report, and one that is there as it was."""
    (tmp_path / "old.md").write_text("old", "utf-8")

    for name in ("new.md", "old.md"):
        ran = shell("compare", *models, "--file", str(tmp_path / "missing.txt"), "--report", str(tmp_path / name))
        assert ran.code == 1

    assert {path.name for path in tmp_path.glob("*.md")} == {"old.md"}
    assert (tmp_path / "old.md").read_text("utf-8") == "old"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda path: (path / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}"), "cannot be used: "),
        (lambda path: (path / "model.safetensors").unlink(), "cannot be used: "),
        (lambda path: (path / "config.json").unlink(), "second is no model, as it has no config.json; "),
        (lambda path: path.rename(path.with_name("second-away")), "There is no model "),
    ],
    ids=["damaged", "weights missing", "no model", "missing"],
)
def test_one_that_cannot_be_used(shell: Shell, models: list[str], damage: object, sentence: str) -> None:
    """Where one model is missing or damaged, nothing is measured, and one sentence names it."""
    assert callable(damage)
    damage(Path(models[1]))

    ran = shell("compare", *models, "--max-tokens", "5")

    assert (ran.code, ran.out) == (1, "")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1
    assert "second" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("charrnn",), 2, "name two models or more"),
        (("charrnn", "charrnn", "--report", "report.pdf"), 2, "ends with .html or .md"),
        (("charrnn", "charrnn", "--report", "missing/report.html"), 1, "missing/report.html: No such file"),
        (
            ("charrnn", "charrnn", "--samples", "0"),
            1,
            "--samples cannot be 0; it has to be a whole number from 1 to 1,000.",
        ),
        (("charrnn", "charrnn", "--temperature", "-1"), 1, "--temperature cannot be -1;"),
        (("charrnn", "charrnn", "--file", "missing.txt"), 1, "missing.txt"),
        (("charrnn", "."), 1, " is no model, as it has no config.json; name one that has, or a model of `planchette"),
        (("charrnn", ""), 1, "There is no model «»; "),
        (("charrnn", "charrnn", "--label", "poem"), 1, "No model here has the label poem; there are: charrnn (talk),"),
        (
            ("charrnn", "charrnn-multilingual", "--label", "talk"),
            1,
            "The model charrnn-multilingual has no label talk; choose a model that has it: charrnn.",
        ),
    ],
)
def test_what_cannot_be_done(shell: Shell, arguments: tuple[str, ...], code: int, said: str) -> None:
    """A value that is not allowed, and a file that is not there, are said so."""
    ran = shell("compare", *arguments)

    assert (ran.code, ran.out) == (code, "")
    assert said in re.sub(r"[│\s]+", " ", ran.err)
