"""Who gets in: which hosts and origins the room answers to, and who has to bring a key."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer

from bot.configuration import Exposed, is_loopback
from bot.platforms.web.errors import Refusal
from bot.platforms.web.identity import YEAR

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")  # what proxies add


class Level(Enum):
    """What somebody may do in the rooms."""

    PERSON = "person"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Address:
    """A Host header or an origin's host, taken apart."""

    name: str
    port: int | None

    @property
    def loopback(self) -> bool:
        return self.name in LOOPBACK_NAMES


class Gate:
    """Decides about each request from its headers alone.

    On loopback everyone is let in, as an admin. Elsewhere, which a request also is when it came through a proxy or
    names another host, a key has to come with it: as `Authorization: Bearer`, or in the cookie that `/login` sets.

    Args:
        host: where the room listens.
        key: opens the rooms.
        admin_key: opens the rooms, and its holder is an admin.
        allowed_hosts: further names, with or without a port, that the room goes by.
        secret: signs the cookies of `/login`.

    Raises:
        Exposed: others could reach the room, and there is no key.
    """

    def __init__(
        self, *, host: str, key: str | None, admin_key: str | None, allowed_hosts: Sequence[str], secret: str
    ) -> None:
        self._loopback = is_loopback(host)
        if not self._loopback and not key:
            raise Exposed("web", host)
        self._keys = [(Level.ADMIN, admin_key), (Level.PERSON, key)]
        self._allowed = {address(entry) for entry in (*allowed_hosts, host)}
        self._secret = secret

    def check_host(self, headers: Mapping[str, str]) -> None:
        """Refuses hosts that are not ours (a foreign name may have been rebound to our address) and foreign origins.

        Raises:
            Refusal: always 400.
        """
        host = address(headers.get("host", ""))
        if host is None or not self._is_ours(host):
            raise Refusal(
                400,
                "This room does not answer to the host {host}; add it to web.allowed_hosts if it is yours.",
                {"host": headers.get("host", "(none)")[:100]},
            )
        origin = headers.get("origin")
        if origin is not None and not self._is_same(origin, host):
            raise Refusal(400, "Requests from pages of {origin} are refused.", {"origin": origin[:100]})

    @property
    def keyed(self) -> bool:
        """Whether there is a key at all."""
        return any(key for _, key in self._keys)

    def level(self, headers: Mapping[str, str], session: str | None) -> Level | None:
        """What the bearer of these headers and this login cookie may do; None: nothing yet."""
        host = address(headers.get("host", ""))
        if self._loopback and host is not None and host.loopback and not any(name in headers for name in FORWARDED):
            return Level.ADMIN
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            # header values arrive as latin-1: back to the bytes that were sent
            return self._level_of(token.strip().encode("latin-1"))
        return self._level_of_session(session) if session else None

    def session(self, key: str) -> str | None:
        """The login cookie for somebody who knows this key; None: it is none of ours."""
        level = self._level_of(key.encode())
        return self._serializer(level).dumps(level.value) if level is not None else None

    def _level_of(self, token: bytes) -> Level | None:
        for level, key in self._keys:
            if key and hmac.compare_digest(token, key.encode()):
                return level
        return None

    def _level_of_session(self, session: str) -> Level | None:
        for level, key in self._keys:
            try:
                if key and self._serializer(level).loads(session, max_age=YEAR) == level.value:
                    return level
            except BadData:
                continue
        return None

    def _serializer(self, level: Level) -> URLSafeTimedSerializer:
        """Signs with the key too, so that a changed key ends the logins made with the old one."""
        return URLSafeTimedSerializer([self._secret + str(dict(self._keys)[level])], salt=f"login {level.value}")

    def _is_ours(self, host: Address) -> bool:
        return host.loopback or host in self._allowed or Address(host.name, None) in self._allowed

    def _is_same(self, origin: str, host: Address) -> bool:
        """Whether the page is our own: of the very host that it asks, or, behind a proxy, of an allowed one."""
        scheme, _, netloc = origin.partition("://")
        source = address(netloc)
        if source is None or scheme not in ("http", "https"):
            return False
        default = 443 if scheme == "https" else 80
        if source.name == host.name and (source.port or default) == (host.port or default):
            return True
        return not source.loopback and self._is_ours(source)


def address(text: str) -> Address | None:
    """`name`, `name:port` or `[::1]:port`; None when it is neither."""
    try:
        parts = urlsplit(f"//{text}")
        if not parts.hostname or parts.netloc != text or parts.username is not None:
            return None
        return Address(parts.hostname.rstrip("."), parts.port)
    except ValueError:
        return None
