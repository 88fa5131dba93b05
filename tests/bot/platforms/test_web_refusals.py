"""What the API refuses: one sentence, and nothing has changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.bot.platforms.serving import Serving, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def untouched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Serving]:
    """A room on loopback in which nothing is ever said, for all tests of this file."""
    async with serving(tmp_path_factory.mktemp("room") / "home") as served:
        yield served


BAD: list[tuple[str, str, Any, int]] = [
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada"}, 400),
    ("POST", "/api/rooms/lobby/messages", {"text": "hello"}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": 5}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": ""}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": " \n "}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "planchette", "text": "hello"}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "", "text": "hello"}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "A" * 41, "text": "hello"}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": "\ud800"}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "\ud800", "text": "hello"}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": "a\0b"}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": "a\u202eb"}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": "hello", "reply_to": "1"}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": "hello", "reply_to": True}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": "hello", "reply_to": 2**63}, 400),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": "hello", "reply_to": 99}, 404),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": "a" * 50_000}, 413),
    ("POST", "/api/rooms/lobby/messages", {"person": "Ada", "text": "a" * 300_000}, 413),
    ("POST", "/api/rooms/lobby/messages", [], 400),
    ("POST", "/api/rooms/lobby/messages", "text", 400),
    ("POST", "/api/rooms/lobby/messages", None, 400),
    ("POST", "/api/rooms/lobby/press", {"person": "Ada", "message": 1}, 400),
    ("POST", "/api/rooms/lobby/press", {"person": "Ada", "message": 99, "action": "v:1:0"}, 404),
    ("POST", "/api/rooms/lobby/press", {"person": "Ada", "message": 1.5, "action": "v:1:0"}, 400),
    ("POST", "/api/rooms/lobby/press", {"person": "Ada", "message": 1, "action": "v" * 1000}, 400),
    ("POST", "/api/rooms/a b/messages", {"person": "Ada", "text": "hello"}, 400),
    ("GET", "/api/rooms/lobby/messages?after=x", None, 400),
    ("GET", "/api/rooms/lobby/messages?after=-1", None, 400),
    ("GET", f"/api/rooms/lobby/messages?after={'9' * 5000}", None, 400),
    ("GET", "/api/rooms/lobby/messages?person=%00", None, 400),
    ("GET", "/api/rooms/lobby/messages?person=planchette", None, 400),
    ("GET", "/api/rooms/%ED%A0%80/messages", None, 400),
    ("GET", "/api/rooms/lobby", None, 404),
    ("GET", "/api/nothing", None, 404),
    ("DELETE", "/api/rooms/lobby/messages", None, 404),
    ("GET", "/api/files/1/picture.png", None, 404),
    ("GET", "/api/files/x/picture.png", None, 404),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD)
async def test_bad_requests(untouched: Serving, method: str, path: str, body: Any, status: int) -> None:
    """Whatever is wrong with a request is said in one sentence, and nothing has changed."""
    content = None if body is None else json.dumps(body)
    answer = await untouched.http.request(method, path, content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == status
    [(name, sentence)] = answer.json().items()
    assert name == "error"
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert await untouched.read() == []


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"person": NaN', b"[" * 100_000, b'{"message": ' + b"9" * 9000])
async def test_no_json(untouched: Serving, content: bytes) -> None:
    """A body that is no JSON is a bad request, however it is broken."""
    answer = await untouched.http.post(
        "/api/rooms/lobby/press", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


async def test_unannounced_size(untouched: Serving) -> None:
    """A body that does not say how large it is is refused like any other."""

    async def chunks() -> Any:
        for _ in range(10):
            yield b"[" * 65_536

    answer = await untouched.http.post("/api/rooms/lobby/messages", content=chunks())

    assert answer.status_code == 413
