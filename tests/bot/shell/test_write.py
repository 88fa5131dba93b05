"""`planchette write`, the real program fed with moves, with the model that ships."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot.shell.conftest import Shell

PROGRAM = (sys.executable, "-m", "bot.cli", "write")


def candidates(err: str) -> list[list[str]]:
    """What was offered, a list for each time."""
    lists: list[list[str]] = []
    for number, text in re.findall(r"^ ?(\d+)  [█░]+ +\S+ %  (.*)$", err, re.MULTILINE):
        lists += [[]] * (number == "1")
        lists[-1] = [*lists[-1], text]
    return lists


def test_the_real_program(home: Path) -> None:
    """Without a terminal each line of stdin is a move, and stdout holds the text and nothing else."""
    done = subprocess.run(
        [*PROGRAM, "Once upon a"], input="1\no lovely day\nx\no\n cat!\ns\n", capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    (first, *_), *_, last = candidates(done.stderr)
    assert done.stdout == f"Once upon a{first.replace('␣', ' ')} cat!\n"
    assert len(last) == 5
    assert "Once upon a time lovely day\n" in done.stderr


def test_interrupted(home: Path) -> None:
    """Ctrl-C while a move is waited for gives out the text so far, and is no failure."""
    with subprocess.Popen(
        [*PROGRAM, "Once upon a"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"o time\n")
        process.stdin.flush()
        seen = b""
        while seen.count(b"\n> ") < 2:
            seen += process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (0, b"Once upon a time\n")
    assert b"Traceback" not in err


def test_terminated(home: Path, tmp_path: Path) -> None:
    """SIGTERM loses nothing of what was written, and is told by the exit code."""
    with subprocess.Popen(
        [*PROGRAM, "Once upon a", "--out", str(tmp_path / "text.txt")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"o time\n")
        process.stdin.flush()
        seen = b""
        while seen.count(b"\n> ") < 2:
            seen += process.stderr.read(1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert process.returncode == 128 + signal.SIGTERM
    assert (tmp_path / "text.txt").read_text("utf-8") == "Once upon a time\n"


def test_closed_stdin(home: Path) -> None:
    """A closed stdin has no moves, and gives the text out as an empty one does."""
    done = subprocess.run(
        f"{shlex.join([*PROGRAM, 'Once'])} <&-", shell=True, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "Once\n"), done.stderr


def test_end_of_input(shell: Shell) -> None:
    """Where there are no more moves, the text so far is given out."""
    ran = shell("write", "Once upon a", input="1\n")

    assert (ran.code, ran.out) == (0, "Once upon a time\n")


@pytest.mark.parametrize(
    ("move", "sentence"),
    [
        ("6", "There is no candidate 6; take one of 1 to 5.\n"),
        ("0", "There is no candidate 0; take one of 1 to 5.\n"),
        ("9" * 5_000, f"There is no candidate {'9' * 20}; take one of 1 to 5.\n"),
        ("²", "There is no candidate ²; take one of 1 to 5.\n"),
        ("-1", "That is no move; type a number from 1 to 5, o, x, r, s or h.\n"),
        ("once", "That is no move; type a number from 1 to 5, o, x, r, s or h.\n"),
        ("x", "Nothing was added yet, so there is nothing to take back.\n"),
        ("o ", "Nothing was typed; write your words behind o.\n"),
        ("o a\0b", "Your own text has a NUL character in it; leave it out.\n"),
    ],
)
def test_what_is_no_move(shell: Shell, move: str, sentence: str) -> None:
    """What cannot be done is one sentence, and the next move is waited for; nothing is taken from the prompt."""
    ran = shell("write", "Once upon a", input=f"{move}\n\ns\n" if move == "o " else f"{move}\ns\n")

    assert (ran.code, ran.out.startswith("Once upon a")) == (0, True)
    assert sentence in ran.err
    assert len(candidates(ran.err)) == 1


def test_bytes_that_are_no_text(shell: Shell) -> None:
    """Words that are not UTF-8 are refused, and the text goes on."""
    ran = shell("write", "Once", input=b"o \xff\no upon\n")

    assert ran.out == "Once upon\n"
    assert "Your own text is not UTF-8; give it in that encoding.\n" in ran.err


def test_draws(shell: Shell) -> None:
    """Enter and r draw alike; a seed decides the draws, and no draw repeats the one that was taken back."""
    texts = [shell("write", "The", "--seed", str(seed), input="\nr\n\nr\ns\n").out for seed in (1, 1, 2)]
    redrawn = shell("write", "", "--seed", "1", "--temperature", "3", input="\nx\n\nx\n\nx\n\n")

    assert texts[0] == texts[1] != texts[2]
    shown = re.findall(r"> \n(.*)\n\n ?1", redrawn.err)
    assert len({text for text in shown if text != "(nothing yet)"}) > 1


def test_the_coldest_draw_is_the_first_candidate(shell: Shell) -> None:
    """At temperature 0 a draw is what the list begins with."""
    drawn = shell("write", "Once upon a", "--temperature", "0", input="\n\n\n")

    assert drawn.out == shell("write", "Once upon a", input="1\n1\n1\n").out


def test_tokens(shell: Shell) -> None:
    """Where one candidate is a token, as many as are wanted are shown, and words of one's own are used as they are."""
    ran = shell("write", "Once upon", "--unit", "token", "--top", "20", input="1\no\nx\no  tale\n")

    assert [len(offered) for offered in candidates(ran.err)] == [20] * len(candidates(ran.err))
    assert ran.out.startswith("Once upon ")
    assert ran.out.endswith(" tale\n")


def test_most_tokens(shell: Shell) -> None:
    """The writing ends by itself once it is long enough."""
    ran = shell("write", "Once", "--unit", "token", "--max-tokens", "3", input="1\n" * 10)

    assert len(ran.out) == len("Once") + 3 + 1
    assert "The text has come to its end.\n" in ran.err


def test_out(shell: Shell, tmp_path: Path) -> None:
    """With --out the text is in the file, and stdout is empty."""
    ran = shell("write", "Once", "--out", str(tmp_path / "text.txt"), input="o upon a time\ns\n")

    assert (ran.code, ran.out) == (0, "")
    assert (tmp_path / "text.txt").read_text("utf-8") == "Once upon a time\n"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--top", "2"), 1, "--top cannot be 2; it has to be a whole number from 3 to 20.\n"),
        (("--top", "21"), 1, "--top cannot be 21; it has to be a whole number from 3 to 20.\n"),
        (("--model", "charnn"), 1, "There is no model charnn. Did you mean charrnn?\n"),
        (
            ("--label", "poem"),
            1,
            "No model here has the label poem; there are: charrnn (talk), charrnn-multilingual (de, es, fr, ru, zh).\n",
        ),
        (("--temperature", "nan"), 1, "--temperature cannot be nan; it has to be a number from 0 to 5.\n"),
        (("--out", "missing/file.txt"), 1, "missing/file.txt: No such file or directory.\n"),
    ],
)
def test_what_cannot_be_done(shell: Shell, arguments: tuple[str, ...], code: int, sentence: str) -> None:
    """A value that is not allowed is one sentence, before anything is asked, and nothing goes to stdout."""
    ran = shell("write", "x", *arguments, input="s\n")

    assert (ran.code, ran.out, ran.err) == (code, "", sentence)


def test_refused_without_a_trace(shell: Shell, tmp_path: Path) -> None:
    """Where nothing is written there is no file either, and one that is there stays what it was."""
    (tmp_path / "old.txt").write_text("old", "utf-8")

    for name in ("new.txt", "old.txt"):
        assert shell("write", "x", "--model", "charnn", "--out", str(tmp_path / name), input="s\n").code == 1

    assert {path.name for path in tmp_path.iterdir()} - {"home"} == {"old.txt"}
    assert (tmp_path / "old.txt").read_text("utf-8") == "old"


def test_prompt_from_stdin(shell: Shell) -> None:
    """The moves come from stdin, so a prompt of - is wrong usage."""
    assert shell("write", "-", input="s\n").code == 2
