"""`planchette generate`, with the model that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.training.corpus import Corpus
from tests.bot.shell.conftest import Shell


def test_json_lines(shell: Shell) -> None:
    """With --json stdout holds one JSON object a text and nothing else."""
    ran = shell("generate", "Once upon", "--json", "-n", "2", "--max-tokens", "12")

    assert ran.code == 0, ran.err
    assert [set(line) for line in ran.lines] == [{"text", "model", "seed", "tokens", "seconds"}] * 2
    assert [line["tokens"] for line in ran.lines] == [12, 12]


def test_prompt_is_not_repeated(shell: Shell) -> None:
    """The text is what the model added, and the prompt is used as it is."""
    prompt = "  Once upon a time there was  "

    (line,) = shell("generate", prompt, "--json", "--max-tokens", "20", "--seed", "1").lines

    assert not line["text"].startswith(prompt.strip())
    assert len(line["text"]) == 20


def test_seed_decides_the_text(shell: Shell) -> None:
    """The seed that a text was written with writes it again."""
    (first,) = shell("generate", "The", "--json", "--max-tokens", "30").lines

    (second,) = shell("generate", "The", "--json", "--max-tokens", "30", "--seed", str(first["seed"])).lines

    assert second["text"] == first["text"]


def test_temperature_zero_is_certain(shell: Shell) -> None:
    """At temperature 0 every seed writes the same."""
    texts = {
        shell("generate", "The", "--temperature", "0", "--max-tokens", "20", "--seed", str(seed)).out for seed in (1, 2)
    }

    assert len(texts) == 1


def test_temperatures_are_a_cycle(shell: Shell) -> None:
    """Several temperatures take turns, so that they write something else than the first alone."""
    one = shell("generate", "The", "--temperature", "0", "--max-tokens", "40", "--seed", "5").out

    two = shell("generate", "The", "--temperature", "0", "--temperature", "2", "--max-tokens", "40", "--seed", "5").out

    assert one[0] == two[0]
    assert one != two


def test_stop_ends_before_it(shell: Shell) -> None:
    """The text ends before the first stop, which is not in it."""
    ran = shell("generate", "The", "--stop", " ", "--max-tokens", "100", "--min-tokens", "0", "--seed", "1", "--json")

    assert " " not in ran.lines[0]["text"]


def test_prompt_from_stdin(shell: Shell) -> None:
    """A prompt of - is read from stdin, line ends and all."""
    piped = shell("generate", "-", "--seed", "1", "--max-tokens", "20", input="Once\nupon\n")

    typed = shell("generate", "Once\nupon\n", "--seed", "1", "--max-tokens", "20")

    assert piped.code == 0, piped.err
    assert piped.out == typed.out


@pytest.mark.parametrize("command", ["generate", "next"])
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (b"\xff\xfe", "The prompt is not UTF-8; give it in that encoding.\n"),
        (b"a\0b", "The prompt has a NUL character in it; leave it out.\n"),
        ("a\u202eb".encode(), "The prompt has invisible characters in it that turn the direction of writing;"),
        (b"x" * 20_001, "The prompt has 20,001 characters; at most 20,000 fit, so shorten it.\n"),
    ],
    ids=["bytes", "nul", "direction", "long"],
)
def test_prompt_that_cannot_be_used(shell: Shell, command: str, typed: bytes, sentence: str) -> None:
    """The shell takes the prompts that a chat takes, from stdin as from the command line."""
    piped = shell(command, "-", input=typed)
    given = shell(command, typed.decode("utf-8", "surrogateescape"))

    assert (piped.code, piped.out) == (given.code, given.out) == (1, "")
    assert piped.err.startswith(sentence)
    assert given.err == piped.err


def test_models_write_in_turns(shell: Shell) -> None:
    """Two models write one text, a word each, of exactly the length that was asked for."""
    ran = shell("generate", "The", *["--model", "charrnn"] * 2, "--max-tokens", "40", "--seed", "3", "--json")

    assert ran.lines[0]["model"] == "charrnn+charrnn"
    assert ran.lines[0]["tokens"] == len(ran.lines[0]["text"]) == 40


def test_out_is_read_by_training(shell: Shell, tmp_path: Path) -> None:
    """What --out wrote is the same documents to `train`."""
    file = tmp_path / "texts.txt"
    texts = [
        line["text"] for line in shell("generate", "", "-n", "3", "--seed", "2", "--max-tokens", "200", "--json").lines
    ]

    ran = shell("generate", "", "-n", "3", "--seed", "2", "--max-tokens", "200", "--out", str(file))

    assert ran.code == 0, ran.err
    assert ran.out == ""
    assert [document.text.strip() for document in Corpus([file])] == [text.strip() for text in texts]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--model", "charnn"), "There is no model charnn. Did you mean charrnn?\n"),
        (("--model", ""), "There is no model «»; `planchette models list` lists what there is.\n"),
        (("--label", ""), "--label cannot be «»; it has to be a text of at least one character.\n"),
        (("--label", "funny", "--label", ""), "--label cannot be «»; it has to be a text of at least one character.\n"),
        (
            ("--label", "funny", "--label", "short"),
            "No model here has the label funny,short; there are: charrnn (talk), charrnn-multilingual (de, ",
        ),
        (("--label", "de"), "The model charrnn has no label de; choose a model that has it: charrnn-multilingual.\n"),
        (("--stop", ""), "--stop cannot be «»; it has to be a text of at least one character.\n"),
        (("--stop", "\u202e"), "The stop has invisible characters in it that turn the direction of writing;"),
        (
            ("--temperature", "0", "--temperature", "nan"),
            "--temperature cannot be nan; it has to be a number from 0 to 5.\n",
        ),
        (("--temperature", "9"), "--temperature cannot be 9; it has to be a number from 0 to 5.\n"),
        (("-n", "40"), "-n cannot be 40; it has to be a whole number from 1 to 16.\n"),
        (("-n0",), "-n cannot be 0; it has to be a whole number from 1 to 16.\n"),
        (("--top-p", "0"), "--top-p cannot be 0.0; it has to be a number above 0, at most 1.\n"),
    ],
)
def test_what_cannot_be_done(shell: Shell, arguments: tuple[str, ...], sentence: str) -> None:
    """A value that is not allowed is one sentence on stderr and exit code 1."""
    ran = shell("generate", "x", *arguments)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(sentence)


def test_out_that_cannot_be_written(shell: Shell, tmp_path: Path) -> None:
    """A file that cannot be written is named before anything is generated."""
    ran = shell("generate", "x", "--out", str(tmp_path / "missing" / "file.txt"))

    assert ran.code == 1
    assert ran.err == f"{tmp_path}/missing/file.txt: No such file or directory.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_out_on_a_full_disk(shell: Shell) -> None:
    """A full disk is named with the file that does not fit."""
    ran = shell("generate", "x", "--max-tokens", "5", "--out", "/dev/full")

    assert (ran.code, ran.err) == (1, "/dev/full: No space left on device.\n")
