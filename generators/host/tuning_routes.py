"""`/v1/files` and `/v1/fine_tuning/jobs`, on the terms of OpenAI's client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from generators.host.bodies import Begun, arriving, form, json_body
from generators.host.errors import Malformed
from generators.host.tuning import Tuning
from generators.host.tuning_asked import TuningAsked
from generators.host.tuning_record import events_of
from generators.host.uploads import MOST as LARGEST
from generators.host.uploads import PURPOSE, Receiving
from generators.wire import Json

PAGE: Final = 20  # entries, where the client does not say
MOST: Final = 10_000  # of a page
FIELD: Final = 1024  # bytes of a form's short field


def tuning_routes(tuning: Tuning) -> APIRouter:
    """The routes over a host's jobs."""
    routes = APIRouter(prefix="/v1")

    @routes.post("/files")
    async def upload(request: Request) -> Response:
        return JSONResponse(await _received(tuning, request))

    @routes.get("/files")
    async def files(request: Request) -> Response:
        purpose = request.query_params.get("purpose", PURPOSE)
        listed = [file.told() for file in tuning.uploads.all()] if purpose == PURPOSE else []
        return _page(request, listed)

    @routes.get("/files/{file_id}")
    async def file(file_id: str) -> Response:
        return JSONResponse(tuning.uploads.get(file_id).told())

    @routes.get("/files/{file_id}/content")
    async def content(file_id: str) -> Response:
        tuning.uploads.get(file_id)
        raise Malformed(None, "Files are learnt from here, and given back to nobody.")

    @routes.delete("/files/{file_id}")
    async def delete(file_id: str) -> Response:
        tuning.uploads.get(file_id)
        await asyncio.to_thread(tuning.uploads.delete, file_id)
        return JSONResponse({"id": file_id, "object": "file", "deleted": True})

    @routes.post("/fine_tuning/jobs")
    async def create(request: Request) -> Response:
        return JSONResponse((await tuning.create(TuningAsked.read(await json_body(request)))).told())

    @routes.get("/fine_tuning/jobs")
    async def jobs(request: Request) -> Response:
        return _page(request, [record.told() for record in tuning.all()])

    @routes.get("/fine_tuning/jobs/{job_id}")
    async def job(job_id: str) -> Response:
        return JSONResponse(tuning.get(job_id).told())

    @routes.post("/fine_tuning/jobs/{job_id}/cancel")
    async def cancel(job_id: str) -> Response:
        return JSONResponse((await tuning.cancel(job_id)).told())

    @routes.get("/fine_tuning/jobs/{job_id}/events")
    async def events(request: Request, job_id: str) -> Response:
        told = await asyncio.to_thread(events_of, tuning.get(job_id), tuning.directory(job_id))
        return _page(request, told[::-1])

    @routes.delete("/models/{name}")
    async def delete_model(name: str) -> Response:
        if not await tuning.delete_model(name):
            raise Malformed(None, f"No model {name[:80]} was fine-tuned here; others are not deleted from afar.", 404)
        return JSONResponse({"id": name, "object": "model", "deleted": True})

    return routes


async def _received(tuning: Tuning, request: Request) -> Json:
    """The file in a form, kept; its text is never on the disk but sealed.

    Raises:
        Malformed: there is none, or it cannot be learnt from.
    """
    purpose, field = b"", ""
    receiving: Receiving | None = None
    chunks = arriving(request)
    try:
        with ExitStack() as stack:
            async for part in form(request, chunks):
                if isinstance(part, Begun):
                    field = part.name
                    if field == "file" and receiving is None:
                        receiving = stack.enter_context(tuning.uploads.receive(part.filename or ""))
                elif field == "file" and receiving is not None:
                    await asyncio.to_thread(receiving.take, part)
                elif field == "purpose" and len(purpose) + len(part) <= FIELD:
                    purpose += part
            whole = _complete(purpose, receiving)
    except Malformed:
        await _drain(chunks)
        raise
    assert whole.file is not None  # it has been finished
    return whole.file.told()


def _complete(purpose: bytes, receiving: Receiving | None) -> Receiving:
    """The file of a form.

    Raises:
        Malformed: there is none, or it is meant for something else.
    """
    if purpose.decode(errors="replace") != PURPOSE:
        raise Malformed("purpose", f"purpose has to be {PURPOSE}; there is no other here.")
    if receiving is None:
        raise Malformed("file", "The field file is missing.")
    return receiving


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Reads and drops the rest of a body: senders rarely look up earlier."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > LARGEST:
            return


def _page(request: Request, entries: Sequence[Json]) -> Response:
    """A page of entries, the newest first.

    Raises:
        Malformed: the page cannot be told.
    """
    try:
        limit = int(request.query_params.get("limit", PAGE))
    except ValueError:
        limit = 0
    if not 1 <= limit <= MOST:
        raise Malformed("limit", f"limit has to be a whole number from 1 to {MOST:,}.")
    begins = 0
    if (after := request.query_params.get("after")) is not None:
        ids = [entry["id"] for entry in entries]
        if after not in ids:
            raise Malformed("after", f"after has to be the id of an entry; {after[:80]} is none here.")
        begins = ids.index(after) + 1
    data = list(entries[begins : begins + limit])
    return JSONResponse(
        {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": begins + limit < len(entries),
        }
    )
