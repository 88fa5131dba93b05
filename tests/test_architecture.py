"""The shape of the house: who imports whom, and how much a command loads."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
BROUGHT: Final = frozenset(  # by what is declared, whose own words they are
    {
        "PIL",  # matplotlib
        "_typeshed",  # mypy
        "aiohttp",  # discord.py
        "aiolimiter",  # python-telegram-bot[rate-limiter]
        "h11",  # uvicorn
        "httpx2",  # huggingface-hub
        "huggingface_hub",  # tokenizers
        "pydantic",  # fastapi
        "starlette",  # fastapi
        "yarl",  # discord.py
    }
)
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


def test_what_is_imported_is_installed() -> None:
    """Every package that the program imports is one of its dependencies, or of an extra that is for its users."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [wanted for name, wanted in project["optional-dependencies"].items() if name != "dev"]
    declared = {_plain(line) for line in chain(project["dependencies"], *extras)}
    sources = chain.from_iterable((ROOT / package).rglob("*.py") for package in ("bot", "generators", "storage"))
    imported = set(chain.from_iterable(_imported(ast.parse(source.read_text("utf-8"))) for source in sources))
    known = packages_distributions()

    foreign = imported - set(sys.stdlib_module_names) - {"bot", "generators", "storage", "weights"}

    assert {name for name in foreign if not declared & {_plain(each) for each in known.get(name, [name])}} <= BROUGHT


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _plain(name: str) -> str:
    """The name of a distribution without its extras and versions."""
    return re.split(r"[\[<>=~! ]", name)[0].lower().replace("_", "-")
