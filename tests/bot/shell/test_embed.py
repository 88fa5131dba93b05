"""`planchette embed` and `planchette similar`, with the model that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.shell.embed import texts_of
from bot.shell.output import Progress
from tests.bot.shell.conftest import Shell

TEXTS = ["Once upon a time there was a king.", "Show HN: a faster parser in Rust", "once upon a time lived a queen"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three documents."""
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS) + "\n", "utf-8")
    return tmp_path / "texts.txt"


def test_vectors(shell: Shell, file: Path) -> None:
    """Each text or document has a line with its vector; as plain text, numbers with tabs between them."""
    given = shell("embed", *TEXTS, "--json")
    read = shell("embed", "--file", str(file), "--json")
    plain = shell("embed", TEXTS[0])

    assert given.code == 0, given.err
    assert [line["text"] for line in given.lines] == TEXTS
    assert read.lines == given.lines
    assert len({len(line["vector"]) for line in given.lines}) == 1
    numbers = [float(number) for number in plain.out.split("\t")]
    assert numbers == pytest.approx(given.lines[0]["vector"], abs=1e-4, rel=1e-4)


def test_as_they_are_read(file: Path) -> None:
    """The documents of a file are read as they are wanted, and how far that is can be seen."""
    seen: list[float] = []

    class Seen(Progress):
        def show(self, done: float, total: float, *, detail: str = "") -> None:
            seen.append(done / total)

    texts = texts_of(file, None, Seen("Reading", None))

    assert (next(texts), seen) == (TEXTS[0], [])
    assert (list(texts), seen[-1]) == (TEXTS[1:], 1)


def test_nearest(shell: Shell, file: Path) -> None:
    """The nearest text comes first, as many as are wanted."""
    ran = shell("similar", "Once upon a time there was a princess.", "--file", str(file), "--top", "2", "--json")
    plain = shell("similar", "Show HN: a faster parser in Rust", "--file", str(file))

    assert ran.code == 0, ran.err
    assert [line["text"] for line in ran.lines] == [TEXTS[0], TEXTS[2]]
    assert ran.lines[0]["similarity"] > ran.lines[1]["similarity"]
    assert plain.out.splitlines()[0] == f"  1.000  {TEXTS[1]}"
    assert len(plain.out.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("embed",), 2, "give texts, or a --file"),
        (("embed", "a", "--file", "b"), 2, "give texts, or a --file"),
        (("embed", "--file", "missing.txt"), 1, "missing.txt"),
        (("embed", "a\u202eb"), 1, "The text has invisible characters in it"),
        (("embed", "a", "--model", "charnn"), 1, "There is no model charnn. Did you mean charrnn?\n"),
        (("similar", "a"), 2, "--file"),
        (("similar", "a", "--file", "missing.txt"), 1, "missing.txt"),
        (("similar", "a", "--file", "missing.txt", "--top", "0"), 1, "--top cannot be 0; it has to be a whole number"),
    ],
)
def test_what_cannot_be_done(shell: Shell, arguments: tuple[str, ...], code: int, said: str) -> None:
    """What is missing or wrong is said, and nothing goes to stdout."""
    ran = shell(*arguments)

    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
