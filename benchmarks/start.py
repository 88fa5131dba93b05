"""How soon the room answers after `make run`, and how much memory the bot holds with the char-RNN loaded."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from benchmarks.measure import Spread, table

CHECKOUT = Path(__file__).parent.parent
PATIENCE = 120  # seconds; a machine slower than this has another trouble


def main(rounds: int) -> str:
    """Starts the real program `rounds` times; a first `make run`, which installs, is not counted."""
    measured = [_start() for _ in range(rounds + 1)][1:]
    answering, ready, memory = (Spread(tuple(values)) for values in zip(*measured, strict=True))
    return table(
        "make run, the second time",
        ("figure", "measured", "to reach"),
        (
            ("seconds to an answering room", answering, "under 3"),
            ("seconds until the default model is ready", ready, "–"),
            ("resident memory with it loaded, MB", memory, "under 200"),
        ),
    )


def _start() -> tuple[float, float, float]:
    """Seconds to the first answer, seconds to a ready model, and resident megabytes of the bot then."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = os.environ | {"PLANCHETTE_HOME": home, "PLANCHETTE_WEB__PORT": str(port)}
        started = time.perf_counter()
        make = subprocess.Popen(
            ["make", "run"], cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            answering = _until(f"http://127.0.0.1:{port}/", started, make)
            ready = _until(f"http://127.0.0.1:{port}/health", started, make)
            return answering, ready, _resident(make.pid)
        finally:
            os.killpg(make.pid, signal.SIGTERM)
            make.wait(timeout=30)


def _until(address: str, started: float, make: subprocess.Popen[bytes]) -> float:
    """Seconds from `started` until the address answers with success."""
    while time.perf_counter() - started < PATIENCE:
        if make.poll() is not None:
            raise RuntimeError(f"make run ended with {make.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return time.perf_counter() - started
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.01)
    raise RuntimeError(f"{address} did not answer in {PATIENCE} seconds")


def _resident(make: int) -> float:
    """Megabytes of the bot: the largest process below make."""
    below = psutil.Process(make).children(recursive=True)
    return max(process.memory_info().rss for process in below) / 1e6
