"""The page itself, the door before it, and what a probe asks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse

from bot.platforms.web.desk import Desk, desk_of
from bot.platforms.web.errors import Refusal
from bot.platforms.web.gate import Level
from bot.platforms.web.identity import YEAR
from bot.platforms.web.names import room_name
from storage import jobs

STATIC: Final = Path(__file__).with_name("static")

router = APIRouter(include_in_schema=False)
TheDesk = Annotated[Desk, Depends(desk_of)]


@router.get("/health")
async def health(desk: TheDesk) -> JSONResponse:
    """200 once the default model is ready; the room itself answers from the start."""
    if desk.ready:
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "starting"}, 503)


@router.get("/metrics")
async def metrics(request: Request, desk: TheDesk) -> Response:
    """What Prometheus asks for; for admins, because models are named after channels."""
    from generators.metrics import CONTENT_TYPE, Trainings, exposition

    if request.state.level is not Level.ADMIN:
        raise Refusal(403, "The metrics are for admins; send Authorization: Bearer with web.admin_key.")
    trainings = Trainings([job.state for job in await desk.bot.database.read(jobs.open_jobs)])
    return Response(exposition(trainings), media_type=CONTENT_TYPE)


@router.get("/")
async def lobby() -> Response:
    """The room that everyone comes into first."""
    return FileResponse(STATIC / "room.html")


@router.get("/r/{room}")
async def room_page(room: str) -> Response:
    """The same page; it reads its room from its address."""
    room_name(room)
    return FileResponse(STATIC / "room.html")


@router.get("/api/docs")
async def docs() -> Response:
    """The API, described from its own schema."""
    return FileResponse(STATIC / "docs.html")


@router.get("/favicon.ico")
async def icon() -> Response:
    """What browsers ask for on their own."""
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml")


@router.get("/login")
async def door() -> Response:
    """Asks for the room's key."""
    return FileResponse(STATIC / "login.html")


@router.post("/login")
async def enter(request: Request, desk: TheDesk) -> Response:
    """Exchanges the key for a cookie, because event streams and links cannot send headers."""
    form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    target = _inside(form.get("next", ["/"])[0])
    session = desk.gate.session(form.get("key", [""])[0])
    if session is None:
        desk.count_wrong_key(request)
        return RedirectResponse(f"/login?wrong=1&next={quote(target, safe='')}", 303)
    answer = RedirectResponse(target, 303)
    answer.set_cookie(
        desk.session_cookie,
        session,
        max_age=YEAR,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


def _inside(target: str) -> str:
    """The path if it is one of ours: a login never leads to another site."""
    plain = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return quote(target, safe="/%") if plain else "/"
