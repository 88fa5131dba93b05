"""The shape of the house: who imports whom, and how much a command loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
HEAVY: Final = ("torch", "transformers", "numpy", "matplotlib", "sqlalchemy", "fastapi", "tokenizers")


def loaded_by(*arguments: str) -> set[str]:
    """Modules that a run of the shell has loaded when it ends."""
    program = (
        "import atexit, sys; atexit.register(lambda: print('LOADED', *sys.modules, file=sys.stderr));"
        "from bot.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.rpartition("LOADED ")[2].split())


def test_imports_run_one_way() -> None:
    """`generators` has never heard of a chat, `storage` never of a model, and neither imports the other."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("generate", "--help"), ("run", "--help"), ("train", "--help")])
def test_help_is_light(arguments: tuple[str, ...]) -> None:
    """Help comes at once, because it loads no model, no database and no web server."""
    assert loaded_by(*arguments).isdisjoint(HEAVY)


def test_recipes_need_no_torch() -> None:
    """The recipes are listed by an install that cannot train."""
    assert loaded_by("recipes").isdisjoint({"torch", "transformers"})


def test_public_names() -> None:
    """`generators` offers these names to other programs; a name more or less is a change that users notice."""
    import generators

    assert sorted(generators.__all__) == ["load", "train"]
