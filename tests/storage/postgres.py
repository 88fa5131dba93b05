"""A PostgreSQL server of the tests' own: in a temporary folder, on a socket there, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

STARTING = 60  # seconds, on a loaded machine
SPEED = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=16MB", "listen_addresses=")


def program(name: str) -> Path | None:
    """An installed program; Debian keeps those of the server out of the path."""
    if found := shutil.which(name):
        return Path(found)
    return max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), default=None)


def missing() -> str | None:
    """Why there can be no server here."""
    if program("initdb") is None or program("postgres") is None:
        return "PostgreSQL's programs initdb and postgres are not installed"
    if find_spec("asyncpg") is None:
        return "asyncpg is not installed: make run EXTRAS=postgres"
    return None


@contextmanager
def server() -> Iterator[Path]:
    """Runs a server and gives the folder of its socket; skips where it cannot, and fails instead where CI=true."""
    if reason := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="planchette-postgres-"))
    user = _user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    options = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    if user is not None:
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = folder / "data"
    initdb = [
        program("initdb"),
        "-D",
        data,
        "-U",
        "planchette",
        "--auth=trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--no-locale",
    ]
    process = None
    try:
        subprocess.run(initdb, check=True, **options)
        settings = [word for setting in SPEED for word in ("-c", setting)]
        process = subprocess.Popen([program("postgres"), "-D", data, "-k", folder, *settings], **options)
        _wait(data / "postmaster.pid", process)
        yield folder
    finally:
        if process is not None:
            process.send_signal(3)  # SIGQUIT: stop at once, keep nothing
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> pwd.struct_passwd | None:
    """Whom the server runs as: it refuses root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _wait(status: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTING
    while not (status.exists() and status.read_text().rstrip().endswith("ready")):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("the PostgreSQL server of the tests does not start")
        time.sleep(0.02)
