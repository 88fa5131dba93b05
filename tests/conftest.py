"""What every test starts from: a home of its own, and none of the settings of whoever runs the tests."""

from __future__ import annotations

import gc
import os
import random
import secrets
import shutil
from pathlib import Path

import pytest

from storage import migrations
from storage.engines import Location, located
from tests.fakes.clustering import deployed as deployed  # one for all packages of tests

# before torch is imported: workers share the cores, and teams of threads that wait for each other there take a hundred
# times as long; the programs that tests start take it over
os.environ.setdefault("OMP_NUM_THREADS", "1")
gc.disable()  # until everything is imported, see below


def pytest_collection_finish() -> None:
    """Leaves what has been imported out of the garbage collector's rounds, which take a sixth of the time otherwise."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PLANCHETTE_HOME that only this test uses."""
    for name in [name for name in os.environ if name.startswith("PLANCHETTE_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("PLANCHETTE_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))  # the vault's key lies there, not in the home
    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # the terminal speaks the language of whoever sits at it
    return home


@pytest.fixture(autouse=True)
def seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that nobody has named a seed for are the same each time: one in some hundred would end at once."""
    monkeypatch.setattr(secrets, "randbits", random.Random(1).getrandbits)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database as the migrations leave it."""
    path = tmp_path_factory.mktemp("migrated") / "planchette.db"
    migrations.migrate(located(f"sqlite:///{path}"))
    return path


@pytest.fixture(autouse=True)
def new_databases_are_copies(request: pytest.FixtureRequest, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New files begin as copies of a migrated one: most tests want it, and making it takes longer than they do."""
    if request.path.parent.name == "storage":  # whose tests are about how a file becomes a database
        return
    migrate = migrations.migrate

    def copied(location: Location) -> None:
        path = Path(location.url.database or "")
        if location.sqlite and path.parent.is_dir() and not path.exists():
            shutil.copyfile(migrated, path)
        migrate(location)

    monkeypatch.setattr(migrations, "migrate", copied)
