"""Puts the room's web application together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import SecretStr
from starlette.staticfiles import StaticFiles

from bot.platforms.web import api, pages
from bot.platforms.web.desk import Desk
from bot.platforms.web.errors import say_errors_as_sentences
from bot.platforms.web.gate import Gate
from bot.platforms.web.identity import Identities, signing_key
from bot.platforms.web.middleware import Doorkeeper, SafeHeaders, SmallBodies

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.platforms.web.room import WebRoom


def web_app(bot: Bot, room: WebRoom) -> FastAPI:
    """The API, the page and what guards them.

    Raises:
        Exposed: the room would be open to strangers.
    """
    web = bot.configuration.web
    secret = signing_key(bot.configuration.home / "web-cookies.key")
    gate = Gate(
        host=web.host,
        key=_revealed(web.key),
        admin_key=_revealed(web.admin_key),
        allowed_hosts=web.allowed_hosts,
        secret=secret,
    )
    app = FastAPI(
        title="Planchette's rooms",
        description="Rooms in which people and a language model write together. Errors are one sentence.",
        docs_url=None,  # FastAPI's own page fetches scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.desk = desk = Desk(bot, room, gate, Identities(secret), str(room.port))
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=pages.STATIC))
    say_errors_as_sentences(app)
    # the last added is the first asked
    app.add_middleware(SmallBodies)
    app.add_middleware(Doorkeeper, desk=desk)
    app.add_middleware(SafeHeaders)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _revealed(key: SecretStr | None) -> str | None:
    return None if key is None else key.get_secret_value()


def _described(app: FastAPI) -> dict[str, Any]:
    """The schema without FastAPI's 422: what is malformed here is a 400 with one sentence."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version="1", description=app.description, routes=app.routes)
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(name, None)
        app.openapi_schema = schema
    return app.openapi_schema
