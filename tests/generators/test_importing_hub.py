"""Models of the hub, from a server on this machine that speaks as much of it as a download needs."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import pytest

from generators.importing import CannotImport, import_model
from generators.importing.hub import Address
from tests.generators.charrnn.conftest import save_model

pytest.importorskip("huggingface_hub")

SHA = "0123456789abcdef0123456789abcdef01234567"
GATED = "tales/gated"


class Hub(BaseHTTPRequestHandler):
    """Serves one directory as the model tales/tiny."""

    directory: ClassVar[Path]
    asked: ClassVar[list[str]]

    def do_HEAD(self) -> None:  # http.server's name
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.asked.append(path)
        files = sorted(self.directory.iterdir())
        if path in ("/api/models/tales/tiny", "/api/models/tales/tiny/revision/v1"):
            siblings = [{"rfilename": file.name} for file in files]
            self.answer({"id": "tales/tiny", "sha": SHA, "siblings": siblings})
        elif path == f"/api/models/tales/tiny/tree/{SHA}":
            tree = [{"type": "file", "path": file.name, "size": file.stat().st_size, "oid": SHA} for file in files]
            self.answer(tree)
        elif path.startswith(f"/tales/tiny/resolve/{SHA}/"):
            self.send((self.directory / path.rpartition("/")[2]).read_bytes())
        elif path.startswith(f"/api/models/{GATED}"):
            self.refuse(403, "GatedRepo")
        elif path.startswith("/api/models/tales/tiny/"):
            self.refuse(404, "RevisionNotFound")
        else:
            self.refuse(401, "RepoNotFound")

    def answer(self, value: object) -> None:
        self.send(json.dumps(value).encode())

    def send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", '"1"')
        self.send_header("X-Repo-Commit", SHA)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    """A hub with one model, and a pickle beside its weights."""
    directory = save_model(tmp_path / "served")
    (directory / "pytorch_model.bin").write_bytes(b"a pickle")
    (directory / "modeling.py").write_text("raise SystemExit", "utf-8")
    handler = type("OneHub", (Hub,), {"directory": directory, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def models(home: Path) -> Path:
    return home / "models"


@pytest.mark.parametrize("revision", ["", "@v1"])
def test_import(hub: type[Hub], models: Path, revision: str) -> None:
    """A model comes with its name and exact revision; pickles and code are not even fetched."""
    imported = import_model(f"hub:tales/tiny{revision}", models)

    assert imported.name == "tiny"
    assert [path.name for path in models.iterdir()] == ["tiny"]
    lineage = json.loads((imported.directory / "planchette.json").read_text("utf-8"))
    assert (lineage["source"], lineage["revision"]) == (f"hub:tales/tiny{revision}", SHA)
    assert not any("pytorch_model" in path or "modeling.py" in path for path in hub.asked)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("hub:tales/none", "the hub has no model tales/none, or it is private"),
        ("hub:tales/tiny@v9", "the hub's tales/tiny has no revision v9"),
        (f"hub:{GATED}", "its owner lets nobody read it without consent"),
        ("hub:", "a model of the hub is called NAME or OWNER/NAME"),
        ("hub:a/b/c", "a model of the hub is called NAME or OWNER/NAME"),
    ],
)
def test_refused(hub: type[Hub], models: Path, source: str, reason: str) -> None:
    """What the hub does not give is one sentence, and leaves nothing."""
    with pytest.raises(CannotImport) as refused:
        import_model(source, models)

    assert refused.value.reason.startswith(reason)
    assert not list(models.iterdir())


def test_without_safetensors(hub: type[Hub], models: Path) -> None:
    """A model that has only a pickle is refused before anything is fetched."""
    (hub.directory / "model.safetensors").unlink()

    with pytest.raises(CannotImport, match=r"in pytorch_model\.bin and only safetensors are read"):
        import_model("hub:tales/tiny", models)

    assert not any("resolve" in path for path in hub.asked)


def test_no_network(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody answers, that is said."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and never listens
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")

        with pytest.raises(CannotImport, match="the hub cannot be reached; without a network, import a directory"):
            import_model("hub:gpt2", models)


def test_address() -> None:
    """A revision stands behind an at sign."""
    assert Address.of("hub:gpt2") == ("gpt2", None)
    assert Address.of("hub:tales/tiny@refs/pr/1") == ("tales/tiny", "refs/pr/1")
