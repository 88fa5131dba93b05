"""Takes the room's port before anything else is started, so that a port in use is one sentence."""

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
    """Another program listens where the room should be."""

    host: str
    port: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Port {port} on {host} is in use by another program; set web.port (PLANCHETTE_WEB__PORT) to another port.",
            host=self.host,
            port=self.port,
        )


@dataclass(eq=False)
class CannotListen(UserError):
    """The room's address cannot be listened on at all: not ours, or reserved for root."""

    host: str
    port: int
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The room cannot listen on {host}, port {port} ({reason}); set web.host and web.port to an address of "
            "this machine.",
            host=self.host,
            port=self.port,
            reason=self.reason,
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; connections wait in it until somebody serves them.

    Raises:
        PortInUse: somebody else listens there.
        CannotListen: nobody can listen there.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as fault:
        raise CannotListen(host, port, str(fault.strerror)) from fault
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
            raise PortInUse(host, port) from fault
        raise CannotListen(host, port, str(fault.strerror)) from fault
    return listener
