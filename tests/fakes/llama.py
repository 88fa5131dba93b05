"""llama.cpp's server, the real one, with a tiny model, where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import httpx

from bot.platforms.web.listening import listen

VARIABLE: Final = "LLAMA_CPP_PYTHON"  # names a Python that has these, where this one has not
PACKAGES: Final = ("llama_cpp", "gguf", "sse_starlette", "starlette_context")
MISSING: Final = f"pip install 'llama-cpp-python[server]' gguf, or name a Python that has both in {VARIABLE}"
LOOK: Final = 0.2  # s between two looks whether it answers


def interpreter() -> str | None:
    """A Python with llama-cpp-python's server and gguf, if there is one."""
    return os.environ.get(VARIABLE) or (sys.executable if all(map(find_spec, PACKAGES)) else None)


@contextmanager
def served(python: str, directory: Path) -> Iterator[str]:
    """Serves a random GPT-2 under the name `tiny`; gives the address of the API.

    Args:
        python: see `interpreter`.
        directory: where the model is written.
    """
    model, log = directory / "tiny.gguf", directory / "server.log"
    subprocess.run([python, "-I", Path(__file__).with_name("gguf_model.py"), model], check=True, capture_output=True)
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    options = {
        "model": model, "model_alias": "tiny", "port": port, "n_threads": 1, "n_ctx": 1024,
        "logits_all": True, "interrupt_requests": False, "verbose": False,
    }  # fmt: skip
    command = [python, "-m", "llama_cpp.server", *(f"--{name}={value}" for name, value in options.items())]
    url = f"http://127.0.0.1:{port}/v1"
    with log.open("w") as file, subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT) as program:
        try:
            while not _answers(url):
                assert program.poll() is None, log.read_text()
                time.sleep(LOOK)
            yield url
        finally:
            program.kill()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/models", trust_env=False).is_success
    except httpx.TransportError:
        return False
