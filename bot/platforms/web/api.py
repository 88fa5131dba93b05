"""The room's HTTP API."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from bot.commands.parser import LINE
from bot.platforms.web.desk import Desk, desk_of
from bot.platforms.web.errors import Refusal
from bot.platforms.web.events import EventStream, Following
from bot.platforms.web.gate import Level
from bot.platforms.web.heard import kept
from bot.platforms.web.identity import YEAR, Visitor
from bot.platforms.web.names import folded, person_name, room_name
from bot.platforms.web.shapes import (
    Me,
    Naming,
    Noticed,
    Press,
    Said,
    ShownCommands,
    ShownMessages,
    Taken,
    Wrong,
)
from bot.platforms.web.show import shown
from bot.text import checked
from generators.errors import Phrase

NAME: Final = 255  # characters of a file's name; what file systems take

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Wrong, "description": description}
    for status, description in {
        400: "The request is malformed.",
        401: "The room's key is missing.",
        404: "There is no such thing.",
        409: "Somebody else goes by this name.",
        413: "The body or the text is too long.",
        429: "Too many requests at once.",
    }.items()
}

router = APIRouter(prefix="/api", responses=ERRORS)
TheDesk = Annotated[Desk, Depends(desk_of)]
Asking = Annotated[str | None, Query(description="Who reads; without it only what is public.")]


def room_of(room: str) -> str:
    """The room in the path."""
    return room_name(room)


Room = Annotated[str, Depends(room_of)]


@router.post("/rooms/{room}/messages", status_code=202, summary="Write in a room")
async def write(request: Request, room: Room, said: Said, desk: TheDesk) -> Taken:
    """Takes a message once it is stored; a command's answer comes as messages of its own."""
    person = desk.person(request, said.person)
    desk.pace(request, person)
    text = checked(said.text, Phrase("the text"), LINE)
    if not text.strip():
        raise Refusal(400, "The text is empty; write something.")
    return Taken(id=await desk.room.said(room, person, text, said.reply_to))


@router.post(
    "/rooms/{room}/files",
    status_code=202,
    summary="Write in a room, with a file",
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {}}}},
)
async def enclose(
    request: Request,
    room: Room,
    desk: TheDesk,
    text: Annotated[str, Query(description="A command that takes a file: `/train upload`.")],
    name: Annotated[str, Query(description="What the file is called; the body is what is in it.")],
    person: Annotated[str | None, Query(description="Who writes; in the page the cookie says it.")] = None,
) -> Taken:
    """Takes a message with a file, of at most 10,000,000 bytes; what becomes of it comes as a message."""
    who = desk.person(request, person)
    desk.pace(request, who)
    text = checked(text, Phrase("the text"), LINE)
    name = checked(name, Phrase("the file's name"), NAME)
    data = await request.body()
    desk.demand_file(who, text, name, len(data))
    return Taken(id=await desk.room.said(room, who, text, file=await kept(desk.bot.vault, name, data)))


@router.get("/rooms/{room}/messages", summary="Read a room")
async def read(
    request: Request,
    room: Room,
    desk: TheDesk,
    person: Asking = None,
    after: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="The last message that you have.")] = None,
) -> ShownMessages:
    """What came after a message; without `after` the newest 100. An unknown room is an empty one."""
    messages = await desk.room.messages(room, desk.reader(request, person), after)
    return ShownMessages(messages=[shown(message) for message in messages])


@router.post("/rooms/{room}/press", summary="Press a button")
async def press(request: Request, room: Room, pressed: Press, desk: TheDesk) -> Noticed:
    """Answers after the press is committed; one that comes late, or again, says so in its notice."""
    person = desk.person(request, pressed.person)
    desk.pace(request, person)
    action = checked(pressed.action, Phrase("the action"))
    notice = await desk.room.pressed(room, person, pressed.message, action)
    return Noticed(notice=notice.text)


@router.get(
    "/rooms/{room}/events",
    summary="Follow a room",
    status_code=200,
    response_class=EventStream,
    responses={200: {"content": {"text/event-stream": {}}, "description": "`message`, `edit`, `deletion`."}},
)
async def follow(
    request: Request,
    room: Room,
    desk: TheDesk,
    person: Asking = None,
    after: Annotated[str | None, Query(description="The same for whoever cannot send headers.")] = None,
    last_event_id: Annotated[str | None, Header(description="The last event that you had: nothing is lost.")] = None,
) -> Response:
    """Server-sent events from now on, or from the event after `Last-Event-ID`.

    A `message` or an `edit` holds a whole message, which takes the place of what was known of it: after a gap an `edit`
    may be of a message that was never seen. A `deletion` says that messages are gone, as when somebody wants to be
    forgotten: what the room does not show any more when it is read again is to be shown no longer.
    """
    reader = desk.reader(request, person)
    desk.admit_follower()
    had = last_event_id or after
    last = int(had) if had and had.isdecimal() and len(had) < 19 else None
    return EventStream(Following(desk.room, desk.room.hub, room=room, person=reader, last=last))


@router.get("/files/{file}/{name:path}", summary="Read a picture or an attachment", response_class=Response)
async def file(file: str, name: str, desk: TheDesk) -> Response:
    """The file that a message shows."""
    found = await desk.room.file(int(file)) if file.isdecimal() and len(file) < 19 else None
    if found is None or found[0] != name:
        raise Refusal(404, "There is no such file.")
    _, media_type, data = found
    is_picture = media_type == "image/png"
    return Response(
        data,
        media_type=media_type,
        headers={
            "Content-Disposition": "inline" if is_picture else "attachment",  # what people made never runs as a page
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "no-store" if desk.room.passes(int(file)) else "private, max-age=31536000, immutable",
        },
    )


@router.get("/commands", summary="The bot's commands")
async def commands(request: Request, desk: TheDesk) -> ShownCommands:
    """What can be written after `/`, from the commands' own declarations."""
    return ShownCommands(commands=desk.commands(request))


@router.get("/me", summary="Who this browser is")
async def me(request: Request, desk: TheDesk) -> Me:
    """The name in this browser's cookie."""
    visitor = desk.visitor(request)
    return Me(person=visitor.name if visitor else None, admin=request.state.level is Level.ADMIN)


@router.post("/me", summary="Take a name")
async def take_name(request: Request, naming: Naming, desk: TheDesk) -> JSONResponse:
    """Signs the name into a cookie: from then on this browser is that person."""
    desk.pace(request, None)
    before = desk.cookie(request)
    visitor = Visitor(person_name(naming.person), before.browser if before else secrets.token_urlsafe(16))
    desk.holders.claim(visitor)
    if before is not None and folded(before.name) != folded(visitor.name):
        desk.holders.release(before)
    answer = JSONResponse(Me(person=visitor.name, admin=request.state.level is Level.ADMIN).model_dump())
    answer.set_cookie(
        desk.person_cookie,
        desk.identities.signed(visitor),
        max_age=YEAR,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer
