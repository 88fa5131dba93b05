"""How soon the room answers after `make run`, how soon a first text is there, and how much memory the bot holds."""

from __future__ import annotations

import json
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
from generators.places import shipped_directory

CHECKOUT = Path(__file__).parent.parent
PATIENCE = 120  # seconds; a machine slower than this has another trouble
SMALL = "charrnn"
ROOM = "/api/rooms/benchmark/messages"


def main(rounds: int) -> str:
    """Starts the real program `rounds` times with each model; a first `make run`, which installs, is not counted."""
    rows = []
    for model in sorted(each.name for each in shipped_directory().iterdir() if (each / "config.json").is_file()):
        measured = [_start(model) for _ in range(rounds + 1)][1:]
        answering, ready, first, memory = (Spread(tuple(values)) for values in zip(*measured, strict=True))
        rows += [
            (f"{model}: seconds to an answering room", answering, "under 3"),
            (f"{model}: seconds until it is ready as the default model", ready, "–"),
            (f"{model}: seconds from the first /generate then to a text in the room", first, "under 2"),
            (f"{model}: resident memory with it loaded, MB", memory, "under 200" if model == SMALL else "–"),
        ]
    return table("make run, the second time", ("figure", "measured", "to reach"), rows)


def _start(model: str) -> tuple[float, float, float, float]:
    """Seconds to the first answer, to a ready model, and from then to a text; resident megabytes of the bot then."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        settings = {"PLANCHETTE_HOME": home, "PLANCHETTE_WEB__PORT": str(port), "PLANCHETTE_MODELS__DEFAULT": model}
        started = time.perf_counter()
        make = subprocess.Popen(
            ["make", "run"],
            cwd=CHECKOUT,
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            answering = _until(f"{address}/", started, make)
            ready = _until(f"{address}/health", started, make)
            return answering, ready, _first_text(address), _resident(make.pid)
        finally:
            os.killpg(make.pid, signal.SIGTERM)
            make.wait(timeout=30)


def _first_text(address: str) -> float:
    """Seconds from /generate until the bot has said something in the room."""
    started = time.perf_counter()
    said = json.dumps({"person": "Ada", "text": "/generate Once upon a time"}).encode()
    request = urllib.request.Request(address + ROOM, said, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()
    while time.perf_counter() - started < PATIENCE:
        with urllib.request.urlopen(address + ROOM, timeout=5) as answer:
            if any(message["person"] != "Ada" and message["text"] for message in json.load(answer)["messages"]):
                return time.perf_counter() - started
        time.sleep(0.01)
    raise RuntimeError(f"nothing was written in {PATIENCE} seconds")


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
