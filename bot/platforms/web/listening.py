"""Takes a server's port before anything else is started, so that a port in use is one sentence."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from typing import Final

from generators.errors import Translate, UserError, english

BACKLOG: Final = 2048  # connections that wait to be taken; uvicorn's own default


@dataclass(eq=False)
class PortInUse(UserError):
    """Another program listens where the room, or what else the section of settings is of, should be."""

    host: str
    port: int
    section: str = "web"

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Port {port} on {host} is in use by another program; set {section}.port ({variable}) to another port.",
            host=self.host,
            port=self.port,
            section=self.section,
            variable=f"PLANCHETTE_{self.section.upper()}__PORT",
        )


@dataclass(eq=False)
class CannotListen(UserError):
    """The address cannot be listened on at all: not ours, or reserved for root."""

    host: str
    port: int
    reason: str
    section: str = "web"

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Nobody can listen on {host}, port {port} ({reason}); set {section}.host and {section}.port to an address "
            "of this machine.",
            host=self.host,
            port=self.port,
            reason=self.reason,
            section=self.section,
        )


def listen(host: str, port: int, *, section: str = "web") -> socket.socket:
    """A socket that listens there; connections wait in it until somebody serves them.

    Args:
        section: of the settings that name the address.

    Raises:
        PortInUse: somebody else listens there.
        CannotListen: nobody can listen there.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as fault:
        raise CannotListen(host, port, str(fault.strerror), section) from fault
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as fault:
        listener.close()
        if fault.errno == errno.EADDRINUSE:
            raise PortInUse(host, port, section) from fault
        raise CannotListen(host, port, str(fault.strerror), section) from fault
    return listener
