"""Who gets in."""

from __future__ import annotations

import pytest

from bot.configuration import Exposed
from bot.platforms.web.errors import Refusal
from bot.platforms.web.gate import Gate, Level


def gate(host: str = "127.0.0.1", key: str | None = None, admin_key: str | None = None, *allowed: str) -> Gate:
    return Gate(host=host, key=key, admin_key=admin_key, allowed_hosts=allowed, secret="secret")


@pytest.mark.parametrize("host", ["127.0.0.1:8477", "localhost", "LOCALHOST:1", "[::1]:8477", "chat.example.org"])
def test_our_hosts(host: str) -> None:
    """Loopback names are ours on any port, and so is what the operator lists."""
    gate("127.0.0.1", None, None, "chat.example.org").check_host({"host": host})


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example", "[::1", "a b", "x:99999"]
)
def test_foreign_hosts(host: str) -> None:
    """A name that was bound to our address by somebody else is refused."""
    with pytest.raises(Refusal) as refused:
        gate().check_host({"host": host})

    assert refused.value.status == 400


def test_host_with_port() -> None:
    """A host that is listed with a port is ours on that port only."""
    listed = gate("127.0.0.1", None, None, "chat.example.org:8443")
    listed.check_host({"host": "chat.example.org:8443"})

    with pytest.raises(Refusal):
        listed.check_host({"host": "chat.example.org"})


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8477", "http://127.0.0.1:8477"),
        ("localhost", "http://localhost"),
        ("chat.example.org", "https://chat.example.org"),
        ("127.0.0.1:8477", "https://chat.example.org"),
    ],
)
def test_own_pages(host: str, origin: str) -> None:
    """Our own page may ask, also behind a proxy that names another host."""
    gate("127.0.0.1", None, None, "chat.example.org").check_host({"host": host, "origin": origin})


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://127.0.0.1:3000", "http://localhost:8477", "file://127.0.0.1:8477"],
)
def test_foreign_pages(origin: str) -> None:
    """Another page may not ask in its visitor's name, not even one on the same machine."""
    with pytest.raises(Refusal):
        gate().check_host({"host": "127.0.0.1:8477", "origin": origin})


def test_loopback() -> None:
    """Whoever sits at the machine is an admin without a key."""
    assert gate().level({"host": "localhost:8477"}, None) is Level.ADMIN


@pytest.mark.parametrize(
    "headers",
    [{"host": "chat.example.org"}, {"host": "127.0.0.1:8477", "x-forwarded-for": "203.0.113.9"}],
)
def test_through_a_proxy(headers: dict[str, str]) -> None:
    """Who comes through a proxy does not sit at the machine, wherever the proxy runs."""
    proxied = gate("127.0.0.1", "key", None, "chat.example.org")

    assert proxied.level(headers, None) is None
    assert proxied.level({**headers, "authorization": "Bearer key"}, None) is Level.PERSON


def test_keys() -> None:
    """Off loopback the key lets in, the admin's key lets in as an admin, and nothing else lets in."""
    elsewhere = gate("0.0.0.0", "ключ", "admin")

    def level(authorization: str) -> Level | None:
        return elsewhere.level({"host": "127.0.0.1", "authorization": authorization}, None)

    as_sent = "ключ".encode().decode("latin-1")
    assert level(f"Bearer {as_sent}") is Level.PERSON
    assert level("bearer admin") is Level.ADMIN
    assert level("Bearer wrong") is level("Bearer ") is level("") is level("Basic admin") is None


def test_login() -> None:
    """A login lasts as long as its key."""
    before, after = gate("0.0.0.0", "key", "admin"), gate("0.0.0.0", "new key", "admin")
    person, admin = before.session("key"), before.session("admin")

    assert before.level({"host": "a"}, person) is Level.PERSON
    assert before.level({"host": "a"}, admin) is Level.ADMIN
    assert before.session("wrong") is before.session("") is None
    assert after.level({"host": "a"}, person) is None
    assert after.level({"host": "a"}, admin) is Level.ADMIN


def test_no_key() -> None:
    """A room that others can reach does not open without a key."""
    with pytest.raises(Exposed, match=r"web\.key"):
        gate("0.0.0.0")
