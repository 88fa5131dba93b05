"""Takes the room's port before anything else is started, so that a port in use is one sentence."""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

from bot.platforms.web.errors import CannotListen, PortInUse

BACKLOG: Final = 2048  # connections that wait to be taken; uvicorn's own default


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
