"""`make run` and `make test` on machines of all kinds; the pythons here are scripts that write down what is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
TOOLS: Final = ("sh", "make", "cat", "cksum", "cp", "dirname", "grep", "head", "mkdir", "mv", "sort", "tail", "tr")

# A python of some version: it can tell it, make a virtual environment (a copy of itself), and «install».
PYTHON: Final = """#!/bin/sh
if [ "$1" = -c ]; then
    case $2 in
    *"version_info < (3, 11)"*) exit {old} ;;
    *ensurepip*) exit {no_venv} ;;
    *version_info*) echo {version} ;;
    esac
    exit 0
fi
echo "{name} $*" >>"$CALLS"
case "$1 $2" in
"-m venv")
    for directory; do :; done
    mkdir -p "$directory/bin"
    cp "$0" "$directory/bin/python"
    printf '#!/bin/sh\\necho started >>"$CALLS"\\n' >"$directory/bin/planchette"
    chmod +x "$directory/bin/planchette"
    ;;
"-m pip") [ -z "$OFFLINE" ] || [ "$3" = --version ] || exit 1 ;;
esac
"""


@dataclass
class Machine:
    """A checkout and a PATH with nothing on it but what a test puts there."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def add_python(self, name: str, version: str, *, venv: bool = True) -> None:
        """Puts a python on the PATH."""
        old = tuple(map(int, version.split(".")[:2])) < (3, 11)
        path = self.root / "bin" / name
        path.write_text(
            PYTHON.format(name=name, version=version, old=int(old), no_venv=int(not venv)), encoding="utf-8"
        )
        path.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs make in the checkout."""
        environment = {"PATH": str(self.root / "bin"), "CALLS": str(self.root / "calls"), **self.environment}
        return subprocess.run(
            ["make", *arguments],
            cwd=self.root / "checkout",
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self) -> list[str]:
        """What the pythons were asked since the last time, without pip's version."""
        file = self.root / "calls"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line for line in lines if not line.endswith("pip --version")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with a fresh checkout and no python."""
    (tmp_path / "bin").mkdir()
    for tool in (*TOOLS, "chmod"):
        found = shutil.which(tool)
        assert found is not None, f"{tool} is not installed"
        (tmp_path / "bin" / tool).symlink_to(found)
    (tmp_path / "checkout" / "tools").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "tools/install.sh"):
        shutil.copy(ROOT / name, tmp_path / "checkout" / name)
    return Machine(tmp_path)


def test_run_installs_and_starts(machine: Machine) -> None:
    """The first `make run` makes .venv, installs with torch, Discord and Telegram, and starts the bot."""
    machine.add_python("python3", "3.11.7")

    done = machine.make("run")

    assert done.returncode == 0, done.stderr
    calls = machine.calls()
    assert calls[0] == "python3 -m venv --clear .venv"
    assert calls[-2].endswith("--editable .[torch,discord,telegram]")
    assert calls[-1] == "started"


def test_second_run_is_offline(machine: Machine) -> None:
    """The second `make run` only starts: it asks no installer, so it needs no network."""
    machine.add_python("python3", "3.11.7")
    machine.make("run")
    machine.calls()
    machine.environment["OFFLINE"] = "1"

    done = machine.make("run")

    assert done.returncode == 0, done.stderr
    assert machine.calls() == ["started"]


def test_run_after_test_installs_nothing(machine: Machine) -> None:
    """`make run` after `make test` finds its extras there already."""
    machine.add_python("python3", "3.11.7")
    machine.make("test")
    machine.calls()

    machine.make("run")

    assert machine.calls() == ["started"]


def test_light_run(machine: Machine) -> None:
    """`make run EXTRAS=discord,telegram` leaves torch out."""
    machine.add_python("python3", "3.11.7")

    machine.make("run", "EXTRAS=discord,telegram")

    assert machine.calls()[-2].endswith("--editable .[discord,telegram]")


def test_changed_requirements_install_again(machine: Machine) -> None:
    """A new version of pyproject.toml is installed by the next `make run`."""
    machine.add_python("python3", "3.11.7")
    machine.make("run")
    machine.calls()
    with (machine.root / "checkout" / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# another version\n")

    machine.make("run")

    assert any("--editable" in call for call in machine.calls())


def test_supplied_wheels_go_to_pip(machine: Machine) -> None:
    """Where PIP_FIND_LINKS names supplied wheels, pip installs."""
    machine.add_python("python3", "3.11.7")
    machine.environment["PIP_FIND_LINKS"] = "/wheels"

    machine.make("run")

    assert not any(" uv" in call for call in machine.calls())


def test_uv_chooses_the_build_of_torch(machine: Machine) -> None:
    """Without supplied wheels uv installs, and takes the build of torch that fits the machine."""
    machine.add_python("python3", "3.11.7")

    machine.make("run")

    assert any("-m uv pip install" in call and "--torch-backend=auto" in call for call in machine.calls())


def test_failed_install_is_tried_again(machine: Machine) -> None:
    """An installation that failed says so in a sentence, starts nothing, and the next `make run` tries again."""
    machine.add_python("python3", "3.11.7")
    machine.environment["OFFLINE"] = "1"

    failed = machine.make("run")

    assert failed.returncode != 0
    assert "The packages could not be installed" in failed.stderr
    assert "started" not in machine.calls()
    del machine.environment["OFFLINE"]
    assert machine.make("run").returncode == 0
    assert machine.calls()[-1] == "started"


def test_newer_python_is_found(machine: Machine) -> None:
    """Where python3 is too old, a newer one under its own name is taken."""
    machine.add_python("python3", "3.9.2")
    machine.add_python("python3.12", "3.12.1")

    machine.make("run")

    assert machine.calls()[0] == "python3.12 -m venv --clear .venv"


def test_python_can_be_named(machine: Machine) -> None:
    """PYTHON=… decides which python the environment is made with."""
    machine.add_python("python3", "3.11.7")
    machine.add_python("mine", "3.13.0")

    machine.make("run", "PYTHON=mine")

    assert machine.calls()[0] == "mine -m venv --clear .venv"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Planchette needs Python 3.11 or newer; install one, or name it: make run PYTHON=/path/to/python3.12"),
        (("PYTHON=python3",), "PYTHON=python3 is not Python 3.11 or newer; name one that is."),
    ],
)
def test_old_python(machine: Machine, arguments: tuple[str, ...], sentence: str) -> None:
    """With nothing but an old Python one sentence says what is needed, and nothing is made."""
    machine.add_python("python3", "3.10.13")

    done = machine.make("run", *arguments)

    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == sentence
    assert machine.calls() == []
    assert not (machine.root / "checkout" / ".venv").exists()


def test_missing_venv_module(machine: Machine) -> None:
    """A Python without its venv module is named, with what to install."""
    machine.add_python("python3", "3.11.2", venv=False)

    done = machine.make("test")

    assert done.returncode != 0
    assert done.stderr.startswith("python3 has no venv module; install it (on Debian and Ubuntu: sudo apt install")
    assert machine.calls() == []


def test_broken_environment_is_made_anew(machine: Machine) -> None:
    """A .venv whose python is gone, as after a system upgrade, is made again."""
    machine.add_python("python3", "3.11.7")
    machine.make("run")
    (machine.root / "checkout" / ".venv" / "bin" / "python").unlink()
    machine.calls()

    done = machine.make("run")

    assert done.returncode == 0, done.stderr
    assert machine.calls()[0] == "python3 -m venv --clear .venv"


def test_scripts_are_executable() -> None:
    """What make and the CI run can be run."""
    assert all(os.access(ROOT / name, os.X_OK) for name in (".ci/run", "tools/install.sh"))
