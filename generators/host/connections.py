"""Connections to the host: whoever takes or sends next to nothing is not waited for, and what is no HTTP is told so."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import struct
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from generators.host.errors import Malformed, told

STALLED: Final = 60.0  # s between two looks whether a client takes what waits for it
LEAST: Final = 64 * 1024  # bytes that it has to take meanwhile; the worst telephone network carries ten times as much
HEAD: Final = 30.0  # s in which a request's line and headers have to arrive
LARGEST_HEAD: Final = 16 * 1024  # bytes of them, where they do not come at once
BUFFER: Final = 128 * 1024  # bytes that the system keeps for a client; left to itself, Linux keeps four megabytes

_log: Final = logging.getLogger(__name__)


class Connection(H11Protocol):
    """One client's connection.

    What the client has not taken yet waits in the system's own buffer and no further: the next message is made only
    once there is room for it, of all that has been written meanwhile. A client that takes less than `LEAST` bytes in
    `STALLED` seconds is cut off, which ends its text; so is one that does not say in `HEAD` seconds what it wants.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._left = 0  # bytes that waited at the last look
        self._look: asyncio.TimerHandle | None = None
        self._head: asyncio.TimerHandle | None = None
        self._over = False  # whatever else comes is not read

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=1)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_look()
        self._forget_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._over:
            super().data_received(data)
        if self._over:
            return
        if self.conn.their_state is not h11.IDLE or not self.conn.trailing_data[0]:
            self._forget_head()
        elif self._head is None:
            self._expect_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._forget_look()
        self._look_later()

    def resume_writing(self) -> None:
        self._forget_look()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Says in the API's form that this is no request."""
        del msg
        why = f"This is no HTTP/1.1 request, or its line and headers are larger than {LARGEST_HEAD >> 10} KB."
        body = json.dumps(told(Malformed(None, why))).encode()
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length), (b"connection", b"close")]
        answer = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        try:
            for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # it is in the middle of an answer
            self.transport.abort()
        else:
            self._end()

    def _end(self) -> None:
        """Says that nothing more comes, and lets the client finish: who is hung up on in the middle reads no answer."""
        self._over = True
        if self.transport.can_write_eof():
            self._forget_head()
            self._expect_head()
            self.transport.write_eof()
        else:  # TLS
            self.transport.close()

    def _look_later(self) -> None:
        self._left = self.transport.get_write_buffer_size()
        self._look = self.loop.call_later(STALLED, self._look_again)

    def _look_again(self) -> None:
        if self._left - self.transport.get_write_buffer_size() >= LEAST:
            self._look_later()
            return
        _log.info("a client that takes next to nothing is cut off")
        if os.name == "posix":  # what the system keeps for it is dropped too, instead of being offered for ever
            own = self.transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _forget_look(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _expect_head(self) -> None:
        self._head = self.loop.call_later(HEAD, self.transport.abort)

    def _forget_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None
