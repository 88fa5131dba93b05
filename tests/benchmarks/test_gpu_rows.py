"""The rows of `python -m benchmarks engine` that need a GPU: what they reckon with, and what is said without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.engine import ROWS, gpu, wanted
from benchmarks.engine.pieces import transformers_peer
from generators.gpt2.configuration import SMALL
from tests.fakes.language_models import save_gpt2

ROOT = Path(__file__).parents[2]
LACK = "there is no GPU"


def test_bytes_of_a_token() -> None:
    """A token reads every weight of the blocks and of the head once, two bytes each."""
    width, inner, norms = 768, 3_072, 4 * 768
    products = width * 3 * width + width * width + 2 * width * inner
    biases = 3 * width + width + inner + width

    read = gpu.read_for_a_token(SMALL)

    assert read == 2 * (12 * (products + biases + norms) + 50_257 * width) == 247_303_680


def test_bytes_of_a_copy() -> None:
    """A copy reads its bytes and writes them, and the median of several copies counts."""
    assert gpu.moved_a_second(1_000, [1.0, 40.0, 2.0]) == pytest.approx(2 * 1_000 / 0.002)


def test_all_rows_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no GPU, all rows are those that need none, and one line names those that are left out."""
    rows = wanted((), LACK)

    assert rows == [name for name in ROWS if name not in ("gpu-1", "gpu-256")]
    assert capsys.readouterr().err == f"gpu-1, gpu-256 are left out: {LACK}\n"


def test_rows_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows that can be measured are measured as they are asked for, and nothing is said of others."""
    assert wanted((), None) == list(ROWS)
    assert wanted(["gpu-256", "vote"], None) == ["gpu-256", "vote"]
    assert wanted(["vote", "gpt2-1"], LACK) == ["vote", "gpt2-1"]
    assert capsys.readouterr().err == ""


def test_a_row_that_cannot_be_measured() -> None:
    """A row on a GPU ends with a sentence where there is none, as an unknown row does, before anything is measured."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "engine", "charrnn-1", "gpu-1"],
        cwd=ROOT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("gpu-1 cannot be measured here: rows on a GPU need one that torch can use")
    assert done.stderr.count("\n") == 1
    with pytest.raises(SystemExit, match="there is no row gpu-2; the rows are charrnn-1, "):
        wanted(["gpu-2"], None)


def test_the_peer(tmp_path: Path) -> None:
    """transformers writes as many tokens as it is asked for, in fp32 or as the question says, and tells both times."""
    directory = str(save_gpt2(tmp_path / "model"))
    question = {"task": "write", "model": directory, "prompts": [[5, 6, 7], [8, 9, 10]], "tokens": 4, "top_k": 40}

    with transformers_peer() as peer:
        plain = peer.ask(**question)
        halved = peer.ask(**question, device="cpu", precision="bf16")

    for answer in (plain, halved):
        assert sorted(answer) == ["cpu_seconds", "seconds", "tokens"]
        assert answer["tokens"] == 8
