"""`planchette doctor`."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from alembic.script import ScriptDirectory
from safetensors.numpy import load_file, save_file

from storage.engines import located
from storage.migrations import migrate
from tests.bot.shell.conftest import Shell
from tests.fakes.models import save_tiny


def test_healthy(shell: Shell) -> None:
    """On a fresh home everything is well, and each setting says where it comes from."""
    ran = shell("doctor")

    assert ran.code == 0, ran.err
    assert "✓ default model: charrnn writes." in ran.out
    assert "web.host" in ran.out


def test_home_that_cannot_be_made(shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home whose parent this user may not write to is a problem, and not one that the first run makes."""
    monkeypatch.setattr("os.access", Mock(return_value=False))  # root, who may run the tests, may write everywhere

    ran = shell("doctor")

    assert ran.code == 1
    assert f"✗ home: {home} cannot be written; give it to this user, or set PLANCHETTE_HOME." in ran.out


def test_home_that_is_a_broken_link(shell: Shell, home: Path) -> None:
    """So is a link to what is not there."""
    home.symlink_to(home.parent / "nowhere")

    assert f"✗ home: {home} cannot be written;" in shell("doctor").out


def test_settings_as_json(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs read settings and checks; secrets are masked."""
    monkeypatch.setenv("PLANCHETTE_WEB__KEY", "open sesame")

    lines = shell("doctor", "--json").lines

    settings = {line["setting"]: line for line in lines if "setting" in line}
    assert settings["web.key"]["value"] == "********"
    assert settings["web.key"]["origin"] == "environment variable PLANCHETTE_WEB__KEY"
    assert settings["web.port"] == {"setting": "web.port", "value": "8477", "origin": "default"}
    assert "open sesame" not in json.dumps(lines)
    assert {line["state"] for line in lines if "check" in line} <= {"good", "note"}


def test_broken_model(shell: Shell, home: Path) -> None:
    """A damaged model is named, with how to be rid of it, and the exit code is 1."""
    model = home / "models" / "mine" / "1"
    model.mkdir(parents=True)
    (model / "config.json").write_text('{"model_type": "charrnn"}', "utf-8")

    ran = shell("doctor")

    assert ran.code == 1
    assert "✗ model mine:" in ran.out
    assert "`planchette models remove mine` removes it." in ran.out
    assert ran.err == "To be mended: model mine.\n"


@pytest.mark.filterwarnings("error")
def test_weights_that_make_no_number(shell: Shell, home: Path) -> None:
    """So is one that loads, but whose weights are so large that its answer is no number; nothing else is said."""
    weights = save_tiny(home / "models" / "mine" / "1", name="mine", version="1") / "model.safetensors"
    save_file({**load_file(weights), "output.weight": np.full_like(load_file(weights)["output.weight"], 3e38)}, weights)

    ran = shell("doctor")

    assert "✗ model mine:" in ran.out
    assert "its first answer is NaN or infinite" in ran.out
    assert ran.err == "To be mended: model mine.\n"


def test_broken_database(shell: Shell, home: Path) -> None:
    """A file that is no database is named in a sentence, and left as it is."""
    home.mkdir()
    (home / "planchette.db").write_text(
        "not a database, but long enough to look like a file of some kind" * 20, "utf-8"
    )

    ran = shell("doctor")

    assert ran.code == 1
    assert "✗ database:" in ran.out
    assert "Traceback" not in ran.out + ran.err


def test_missing_table(shell: Shell, home: Path) -> None:
    """A table that somebody has dropped is named, by the doctor and when a bot is to start."""
    home.mkdir()
    file = home / "planchette.db"
    migrate(located(f"sqlite:///{file}"))
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TABLE votes")

    ran, started = shell("doctor"), shell("chat", input="/help\n")

    assert f"✗ database: {file} is not a database of Planchette, or it is damaged: its table votes" in ran.out
    assert (ran.code, started.code) == (1, 1)
    assert "its table votes is missing" in started.err
    assert len(started.err.splitlines()) == 1


def test_damaged_pages(shell: Shell, home: Path) -> None:
    """Pages that something has written over are found, although the file can be opened."""
    home.mkdir()
    file = home / "planchette.db"
    migrate(located(f"sqlite:///{file}"))
    with file.open("r+b") as pages:
        pages.seek(8 * 4096)
        pages.write(bytes(range(256)) * 256)

    ran = shell("doctor")

    assert f"✗ database: {file} is not a database of Planchette, or it is damaged: " in ran.out
    assert (ran.code, ran.err) == (1, "To be mended: database.\n")


def test_database_is_only_looked_at(shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that lacks a migration is left as it is, and what will become of it is said."""
    home.mkdir()
    file = home / "planchette.db"
    migrate(located(f"sqlite:///{file}"))
    before = file.read_bytes()
    monkeypatch.setattr(ScriptDirectory, "get_current_head", lambda _: "v9999")

    ran = shell("doctor")

    assert f"· database: {file} is of an older version; the next start migrates it." in ran.out
    assert file.read_bytes() == before


def test_missing_default_model(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A default model that is not there is a problem with a name."""
    monkeypatch.setenv("PLANCHETTE_MODELS__DEFAULT", "charnn")

    ran = shell("doctor")

    assert ran.code == 1
    assert "Did you mean charrnn?" in ran.out


def test_missing_gpu(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is not there is told as that, and no setting that nobody made is blamed."""
    monkeypatch.setenv("PLANCHETTE_DEVICE", "cuda:77")
    monkeypatch.setenv("PLANCHETTE_MODELS__DEFAULT", "gpt2-stories")

    ran = shell("doctor")

    assert ran.code == 1
    assert "device cannot be cuda:77" in ran.out
    assert "models.default names it" not in ran.out
