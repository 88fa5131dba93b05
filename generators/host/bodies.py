"""What comes in a request's body: JSON, or a form with a file that is read as it arrives."""

from __future__ import annotations

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


async def json_body(request: Request) -> bytes:
    """The body of a request that has to be JSON.

    Raises:
        Malformed: it is no JSON, or too large.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Malformed(None, "The body has to be JSON, with Content-Type: application/json.")
    body = bytearray()
    size = 0
    async for chunk in request.stream():
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
