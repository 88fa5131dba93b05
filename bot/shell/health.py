"""`python -m bot.shell.health`: whether what runs in this container can write; for a container's health check.

It imports nothing but the standard library, because it runs every half minute beside a program on a small machine.
"""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from collections.abc import Mapping
from typing import Final

SERVERS: Final = {"PLANCHETTE_WEB__PORT": 8477, "PLANCHETTE_HOST__PORT": 8478}  # variable, and the port without it
PATIENCE: Final = 2.0  # s for each


def healthy(environment: Mapping[str, str]) -> bool:
    """Whether the room or the host answers on this machine that it is ready."""
    return any(_ready(int(environment.get(name) or port)) for name, port in SERVERS.items())


def _ready(port: int) -> bool:
    """Over HTTP, or HTTPS whoever the certificate is for: it is this machine."""
    if _says(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)):
        return True
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    return _says(http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=anyone))


def _says(connection: http.client.HTTPConnection) -> bool:
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not healthy(os.environ))
