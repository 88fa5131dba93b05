"""A package outside the repository adds a generator, and everything that is there for models is there for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins import BIGRAMS, installed

Program = Callable[..., str]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The real program where the plug-in is installed."""
    plugins = tmp_path / "site"
    plugins.mkdir()
    path = os.pathsep.join(filter(None, (str(installed(plugins)), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path, "PLANCHETTE_HOME": str(tmp_path / "home")}

    def run(*words: str, typed: str = "") -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "bot.cli", *words],
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run


def test_shell(program: Program) -> None:
    """The plug-in's model is listed, writes from a seed, and offers whole words to vote on."""
    listed = [json.loads(line)["name"] for line in program("models", "list", "--json").splitlines()]
    texts = [program("generate", "--model", "bigrams", "--seed", "7", "--max-tokens", "20", "the ") for _ in range(2)]
    offered = json.loads(program("next", "--model", "bigrams", "--unit", "word", "--json", "the "))["candidates"]

    assert "bigrams" in listed
    assert texts[0] == texts[1] != ""
    assert "is" in {candidate["text"] for candidate in offered}


def test_chat(program: Program) -> None:
    """`/models` lists it, and `/generate` writes with it."""
    shown = program("chat", typed="/models\n/generate model=bigrams seed=7 length=20 the \n")

    assert "bigrams@1" in shown
    assert "▸" in shown


def test_page(request: pytest.FixtureRequest) -> None:
    """The page about plug-ins shows this very package."""
    page = (request.config.rootpath / "docs" / "generators.md").read_text("utf-8")

    assert (BIGRAMS / "planchette_bigrams.py").read_text("utf-8") in page
    assert (BIGRAMS / "pyproject.toml").read_text("utf-8").partition("\n\n[tool")[0] in page
