"""`planchette models` and `planchette evaluate`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.versions import use
from tests.bot.shell.conftest import Shell
from tests.fakes.models import save_tiny

WEIGHTS = Path(__file__).parents[3] / "weights" / "charrnn"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A model from elsewhere, with a pickle beside it."""
    directory = tmp_path / "My model"
    shutil.copytree(WEIGHTS, directory)
    (directory / "pytorch_model.bin").write_bytes(b"a pickle")
    return directory


def test_shipped_model_is_listed(shell: Shell) -> None:
    """Models that ship are listed, with what they are and can do."""
    line = next(line for line in shell("models", "list", "--json").lines if line["name"] == "charrnn")

    assert line["shipped"] is True
    assert line["units"] == ["sentence", "token", "word"]


def test_show(shell: Shell) -> None:
    """`show` tells where a model comes from."""
    (line,) = shell("models", "show", "charrnn", "--json").lines

    assert line["lineage"]["version"] == line["version"]
    assert "version: " + line["version"] in shell("models", "show", "charrnn").out


def test_import_writes(shell: Shell, directory: Path, home: Path) -> None:
    """An imported directory is a model like any other; pickles are left behind."""
    (line,) = shell("models", "import", str(directory), "--json").lines

    assert line["model"] == "my-model"
    imported = home / "models" / "my-model" / line["version"]
    assert not (imported / "pytorch_model.bin").exists()
    own = shell("generate", "The", "--model", "my-model", "--seed", "1", "--max-tokens", "20").out
    assert own == shell("generate", "The", "--seed", "1", "--max-tokens", "20").out


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda model: (model / "config.json").unlink(), "no config.json"),
        (lambda model: (model / "model.safetensors").unlink(), "in pytorch_model.bin and only safetensors are read"),
        (lambda model: [(model / f).unlink() for f in ("model.safetensors", "pytorch_model.bin")], "no model.safe"),
        (lambda model: (model / "model.safetensors").write_bytes(b"{}"), "model.safetensors is damaged"),
        (lambda model: (model / "config.json").write_text('{"model_type": "vit"}'), "vit"),
    ],
)
def test_import_refused(shell: Shell, directory: Path, home: Path, damage: object, reason: str) -> None:
    """A directory that holds no usable model is refused with the reason, and nothing is left of it."""
    assert callable(damage)
    damage(directory)

    ran = shell("models", "import", str(directory))

    assert ran.code == 1
    assert reason in ran.err
    assert str(directory) in ran.err or reason == "vit"
    assert "/.new-" not in ran.err
    assert not list((home / "models").glob("*"))


def test_no_source(shell: Shell, tmp_path: Path) -> None:
    """What is no directory and no archive is refused with what can be imported."""
    (tmp_path / "notes.txt").touch()

    for source in ("/nowhere", "gpt2", str(tmp_path / "notes.txt")):
        ran = shell("models", "import", source)

        assert ran.code == 1
        assert ran.err == (
            f"{source} is no directory and no .zip, .tar, .tar.gz or .tar.xz; name one of these, or hub:NAME.\n"
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["textgenrnn"], "textgenrnn needs --weights"),
        (["textgenrnn", "--weights", "w.hdf5", "--base", "gpt2"], "--base is for adapters"),
        (["somewhere", "--weights", "w.hdf5"], "belong to"),
        (["hub:gpt2", "--vocab", "v.json"], "belong to"),
        (["w.hdf5"], "`planchette models import textgenrnn --weights w.hdf5`"),
    ],
)
def test_wrong_usage(shell: Shell, arguments: list[str], said: str) -> None:
    """Options that do not go with the source are wrong usage."""
    ran = shell("models", "import", *arguments)

    assert ran.code == 2
    assert said in ran.err


def test_import_without_a_name(shell: Shell, directory: Path) -> None:
    """An empty name is no name, and is shown to be empty."""
    ran = shell("models", "import", str(directory), "--name", "")

    assert ran.code == 1
    assert ran.err.startswith("--name cannot be «»; it has to be small letters")


@pytest.mark.parametrize("lineage", ['{"metrics": 3, "labels": 7}', '{"metrics": null}', "[]"])
def test_show_odd_lineage(shell: Shell, directory: Path, home: Path, lineage: str) -> None:
    """A planchette.json that somebody has spoilt leaves the rest to be shown."""
    shell("models", "import", str(directory))
    (planchette,) = (home / "models" / "my-model").glob("*/planchette.json")
    planchette.write_text(lineage, "utf-8")

    ran = shell("models", "show", "my-model")

    assert (ran.code, len(ran.err.splitlines())) in {(0, 0), (1, 1)}


def test_import_cannot_take_a_shipped_name(shell: Shell, directory: Path) -> None:
    """A user's model cannot have the name of one that ships."""
    ran = shell("models", "import", str(directory), "--name", "charrnn")

    assert ran.code == 1
    assert ran.err.startswith("--name cannot be charrnn")


def test_export_and_evaluate(shell: Shell, tmp_path: Path) -> None:
    """An exported directory is a model that can be measured where it lies."""
    text = tmp_path / "text.txt"
    text.write_text("Once upon a time there was a cat.\n", "utf-8")

    exported = shell("models", "export", "charrnn", str(tmp_path / "copy"))

    assert exported.code == 0, exported.err
    here, there = (shell("evaluate", model, str(text), "--json").lines for model in ("charrnn", str(tmp_path / "copy")))
    assert here == there


def test_layers(shell: Shell) -> None:
    """`show` prints a model layer by layer, and what they come to is what the model has."""
    (line,) = shell("models", "show", "charrnn", "--json").lines
    table = shell("models", "show", "charrnn").out

    assert sum(layer["parameters"] for layer in line["layers"]) == line["parameters"] == 2_203_965
    assert line["layers"][1] == {
        "name": "embedding",
        "kind": "Embedding",
        "shape": [None, None, 100],
        "parameters": 98_900,
    }
    assert "rnn.1      LSTM                     (None, None, 256)   526,336\n" in table
    assert table.endswith("Total parameters: 2,203,965 (8.82 MB)\n")


def test_show_directory(shell: Shell, directory: Path) -> None:
    """`show` takes the path of a model's directory, as `evaluate` does."""
    (line,) = shell("models", "show", str(directory), "--json").lines

    assert line["directory"] == str(directory)
    assert line["shipped"] is False
    assert line["parameters"] == 2_203_965


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz"])
def test_archive_there_and_back(shell: Shell, tmp_path: Path, suffix: str) -> None:
    """A model that was exported into an archive is imported from it."""
    archive = tmp_path / f"mine{suffix}"

    exported = shell("models", "export", "charrnn", str(archive))
    (line,) = shell("models", "import", str(archive), "--json").lines

    assert exported.code == 0, exported.err
    assert line["model"] == "mine"
    assert line["version"] == shell("models", "show", "mine", "--json").lines[0]["version"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", archive.name]


def test_export_merged_of_no_adapter(shell: Shell, tmp_path: Path) -> None:
    """Only adapters can be merged, and nothing is made where one was not."""
    ran = shell("models", "export", "charrnn", str(tmp_path / "new"), "--merge")

    assert ran.code == 1
    assert ran.err == "charrnn is no adapter, so there is nothing to merge; export it without --merge.\n"
    assert not (tmp_path / "new").exists()


def test_export_overwrites_nothing(shell: Shell, tmp_path: Path) -> None:
    """A directory with something in it is left as it is."""
    (tmp_path / "precious").write_text("mine", "utf-8")

    ran = shell("models", "export", "charrnn", str(tmp_path))

    assert ran.code == 1
    assert ran.err == f"{tmp_path} is there already; name a directory that is new or empty.\n"


def test_export_replaces_no_archive(shell: Shell, tmp_path: Path) -> None:
    """A file that is there is left as it is, and another file is asked for."""
    archive = tmp_path / "model.zip"
    archive.write_text("mine", "utf-8")

    ran = shell("models", "export", "charrnn", str(archive))

    assert ran.err == f"{archive} is there already; name a file that is new.\n"
    assert archive.read_text("utf-8") == "mine"


def test_remove(shell: Shell, directory: Path, home: Path) -> None:
    """A model of one's own can be removed; one that ships stays."""
    shell("models", "import", str(directory))

    assert shell("models", "remove", "my-model").code == 0

    assert not (home / "models" / "my-model").exists()
    assert shell("models", "remove", "my-model").err.startswith("There is no model my-model")
    assert shell("models", "remove", "charrnn").err == "The model charrnn ships with the program and stays as it is.\n"


def test_sigterm(shell: Shell, directory: Path, home: Path) -> None:
    """An import that is ended from outside leaves nothing."""
    (directory / "model.safetensors").rename(directory / "adapter_model.safetensors")
    (directory / "adapter_config.json").write_text("{}", "utf-8")
    lineage = directory / "planchette.json"
    lineage.unlink()
    os.mkfifo(lineage)  # who reads it waits until somebody writes
    command = [sys.executable, "-m", "bot.cli", "models", "import", str(directory)]

    with subprocess.Popen(command) as importing, lineage.open("wb"):  # opened as soon as it is being read
        staged = list((home / "models").glob(".importing-*"))
        importing.send_signal(signal.SIGTERM)
        code = importing.wait(30)

    assert staged
    assert code == 128 + signal.SIGTERM
    assert not list((home / "models").iterdir())


def test_import_is_used(shell: Shell, directory: Path, home: Path) -> None:
    """A version that has just come in is the one in use, also after somebody went back to another."""
    (line,) = shell("models", "import", str(directory), "--json").lines
    shutil.copytree(home / "models" / "my-model" / line["version"], home / "models" / "my-model" / "old")
    use(home, "my-model@old")

    shell("models", "import", str(directory))

    (shown,) = shell("models", "show", "my-model", "--json").lines
    assert shown["version"] == line["version"]


def test_evaluate_empty_file(shell: Shell, tmp_path: Path) -> None:
    """A file without text is named in a sentence."""
    (tmp_path / "empty.txt").touch()

    ran = shell("evaluate", "charrnn", str(tmp_path / "empty.txt"))

    assert ran.code == 1
    assert ran.err.endswith("empty.txt cannot be read: it holds no text.\n")


def test_a_channels_model(shell: Shell, home: Path) -> None:
    """The operator sees the models of all channels, and whose each is."""
    save_tiny(home / "models" / "web-lobby" / "1", place="web:lobby", guild="web:guild")

    listed = {line["name"]: line for line in shell("models", "list", "--json").lines}

    assert (listed["web-lobby"]["place"], listed["web-lobby"]["guild"]) == ("web:lobby", "web:guild")
    assert "place" not in listed["charrnn"]
    assert "web:lobby" in shell("models", "list").out
    assert "place: web:lobby\n" in shell("models", "show", "web-lobby").out
