"""What comes in a request's body: JSON, or a form with a file that is read as it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Final, NamedTuple

from starlette.requests import Request

from generators.host.errors import Malformed

BODY: Final = 4 * 1024 * 1024  # bytes; 20,000 characters and 500,000 token ids fit
DRAINED: Final = 32 * 1024 * 1024  # bytes of a larger body that are read and dropped: senders rarely look up earlier
HEAD: Final = 16 * 1024  # bytes of a part's headers
BOUNDARY: Final = 70  # characters (RFC 2046)
LEAST: Final = 64 * 1024  # bytes of a body, or all that is left of it, that have to come …
PATIENCE: Final = 60.0  # … while it is waited for so many seconds


async def arriving(request: Request) -> AsyncIterator[bytes]:
    """The chunks of a body, as long as they come at a pace.

    Raises:
        Malformed: they do not.
        ClientDisconnect: nobody sends any more.
    """
    clock = asyncio.get_running_loop().time
    chunks = request.stream()
    came, left = 0, PATIENCE
    while True:
        began = clock()
        try:
            async with asyncio.timeout(left):
                chunk = await anext(chunks, None)
        except TimeoutError as fault:
            why = f"The body comes too slowly; send {LEAST >> 10} KB of it in {PATIENCE:.0f} seconds, or all of it."
            raise Malformed(None, why, 408) from fault
        if chunk is None:
            return
        came, left = came + len(chunk), left - (clock() - began)
        if came >= LEAST:
            came, left = 0, PATIENCE
        yield chunk


async def json_body(request: Request) -> bytes:
    """The body of a request that has to be JSON.

    Raises:
        Malformed: it is no JSON, or too large.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Malformed(None, "The body has to be JSON, with Content-Type: application/json.")
    body = bytearray()
    size = 0
    async for chunk in arriving(request):
        size += len(chunk)
        if size <= BODY:
            body += chunk
        elif size > DRAINED:
            break
    if size > BODY:
        raise Malformed("prompt", f"The body is larger than {BODY >> 20} MB; send less at once.", 413)
    return bytes(body)


class Begun(NamedTuple):
    """A field of a form begins.

    Attributes:
        name: of the field.
        filename: of the file in it, if there is one.
    """

    name: str
    filename: str | None


async def form(request: Request, chunks: AsyncIterator[bytes]) -> AsyncIterator[Begun | bytes]:
    """A multipart form as it arrives (RFC 7578), in constant memory: the beginning of each field, then its bytes.

    Frameworks write such files into temporary ones, in which people's text would lie as it is.

    Args:
        chunks: of the request's body.

    Raises:
        Malformed: it is none, or its end is missing.
    """
    delimiter = b"\r\n--" + _boundary(request).encode()
    waiting = bytearray(b"\r\n")  # as if the first delimiter, too, stood on a line of its own
    inside = False  # whether what comes is a field's, and not what stands before the first delimiter
    async for chunk in chunks:
        waiting += chunk
        while (at := waiting.find(delimiter)) >= 0:
            after = at + len(delimiter)
            ending = waiting[after : after + 2] == b"--"
            head = waiting.find(b"\r\n\r\n", after)
            if not ending and head < 0:
                if len(waiting) - after > HEAD:
                    raise _broken()
                break
            if inside and at:
                yield bytes(waiting[:at])
            if ending:
                async for _ in chunks:  # what follows the last delimiter means nothing
                    pass
                return
            yield _begun(bytes(waiting[after + 2 : head + 2]))
            inside = True
            del waiting[: head + 4]
        else:
            sure = len(waiting) - len(delimiter)  # what comes after may be the beginning of a delimiter
            if sure > 0:
                if inside:
                    yield bytes(waiting[:sure])
                del waiting[:sure]
    raise _broken()


def _boundary(request: Request) -> str:
    told = Message()
    told["Content-Type"] = request.headers.get("content-type", "")
    boundary = told.get_param("boundary")
    if told.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise Malformed(None, "The body has to be a form, with Content-Type: multipart/form-data.")
    if not 0 < len(boundary) <= BOUNDARY or not boundary.isascii():
        raise _broken()
    return boundary


def _begun(head: bytes) -> Begun:
    told = BytesHeaderParser().parsebytes(head)
    name = told.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        raise _broken()
    return Begun(name, told.get_filename())


def _broken() -> Malformed:
    return Malformed(None, "The form is damaged, or its end is missing; send it again.")
