"""The host's web application: models, completions, health, and what makes models of files."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from generators.completion import Generator, ModelInfo
from generators.engine.meter import Meter
from generators.errors import UserError
from generators.host.asked import Asked
from generators.host.batches import Traffic
from generators.host.bodies import json_body
from generators.host.completions import Completion
from generators.host.errors import Malformed, refusal
from generators.host.gate import Gate
from generators.host.readiness import Readiness
from generators.host.tuning import Tuning
from generators.host.tuning_routes import tuning_routes
from generators.registry import unknown
from generators.wire import FAILED, FIELD, Json, info_to_json

OURS: Final = "The host failed at this; its log says why."


def host_app(
    generator: Generator,
    readiness: Readiness,
    keys: Sequence[str] = (),
    tuning: Tuning | None = None,
    meters: Callable[[], Awaitable[Iterable[Meter]]] | None = None,
) -> FastAPI:
    """The API over any generator.

    Args:
        generator: writes; closing it ends the texts that are being written.
        readiness: says whether the default model can write.
        keys: bearer keys; without any, only programs on this machine are answered.
        tuning: makes models from uploaded files; None where that is not offered.
        meters: of the engines that write; None where they are in this process.
    """
    app = FastAPI(
        title="Planchette's models",
        description="OpenAI's completions API, with extensions.",
        version=importlib.metadata.version("planchette"),
        docs_url=None,  # FastAPI's own pages fetch scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # a path that is not there is an error, not another address
    )
    traffic = Traffic()

    @app.get("/health")
    async def health() -> Response:
        status = "ready" if readiness.done else "starting"
        return JSONResponse({"status": status}, 200 if readiness.done else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        from generators.metrics import CONTENT_TYPE, Trainings, exposition

        records = tuning.all() if tuning is not None else ()
        trainings = Trainings(record.status for record in records)
        counted = None if meters is None else await meters()
        return Response(exposition(trainings, meters=counted), media_type=CONTENT_TYPE)

    @app.get("/v1/models")
    async def models() -> Response:
        return JSONResponse({"object": "list", "data": [_told(info) for info in await generator.models()]})

    @app.get("/v1/models/{name:path}")
    async def model(name: str) -> Response:
        listed = await generator.models()
        info = next((info for info in listed if info.name == name), None)
        if info is None:
            raise unknown(name, [info.name for info in listed])
        return JSONResponse(_told(info))

    @app.post("/v1/completions")
    async def completions(request: Request) -> Response:
        asked = Asked.read(await json_body(request))
        return Completion(generator, asked, traffic, tuning.writing if tuning else nullcontext)

    if tuning is not None:
        app.include_router(tuning_routes(tuning))

    @app.exception_handler(UserError)
    async def refused(request: Request, fault: Exception) -> Response:
        del request
        return refusal(fault)

    @app.exception_handler(HTTPException)
    async def no_such_thing(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, HTTPException)
        why = f"There is no {request.method} {request.url.path} here."
        answer = refusal(Malformed(None, why, fault.status_code))
        answer.headers.update(fault.headers or {})  # which methods there are
        return answer

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, fault: Exception) -> Response:
        del request, fault
        return Response(status_code=400)  # which nobody reads

    @app.exception_handler(Exception)
    async def failed(request: Request, fault: Exception) -> Response:
        del request, fault  # the server logs it
        error = {"message": OURS, "type": "server_error", "param": None, "code": FAILED}
        return JSONResponse({"error": error}, 500)

    app.add_middleware(Gate, keys=keys)
    return app


def _told(info: ModelInfo) -> Json:
    told: dict[str, Any] = {"id": info.name, "object": "model", "created": 0, "owned_by": "planchette"}
    if info.context is not None:
        told["max_model_len"] = info.context  # as vLLM says it
    return told | {FIELD: info_to_json(info)}
