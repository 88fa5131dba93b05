"""Who gets in, over HTTP."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest

from bot.app import Bot
from bot.configuration import Configuration, WebKeys
from bot.conversation import Attachment, Message, Place
from bot.platforms.web import WebRoom
from bot.platforms.web.listening import CannotListen, PortInUse
from generators.scripted import Pace, ScriptedGenerator
from tests.bot.platforms.serving import Serving, serving
from tests.patience import PATIENCE

HELLO = {"person": "Ada", "text": "hello"}


async def test_health(home: Path) -> None:
    """The room answers before the model can write, and says when it can."""
    pace = Pace()
    async with serving(home, pace=pace) as served:
        starting = await served.http.get("/health")
        page = await served.http.get("/")
        pace.free()
        while (ready := await served.http.get("/health")).status_code == 503:
            pass

    assert starting.status_code == 503
    assert page.status_code == 200
    assert ready.status_code == 200


async def test_metrics(home: Path) -> None:
    """Admins read what engines and trainings come to; others do not, because models are named after channels."""
    async with serving(home, host="0.0.0.0", key="key", admin_key="admin") as served:
        refused = await served.http.get("/metrics", headers={"Authorization": "Bearer key"})
        told = await served.http.get("/metrics", headers={"Authorization": "Bearer admin"})

    assert (refused.status_code, told.status_code) == (403, 200)
    assert refused.json()["error"].endswith("web.admin_key.")
    assert "# TYPE planchette_trainings gauge" in told.text


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
async def test_foreign(lobby: Serving, headers: dict[str, str]) -> None:
    """Foreign hosts and pages are refused, with a sentence, and have changed nothing."""
    answers = [
        await lobby.http.post("/api/rooms/lobby/messages", json=HELLO, headers=headers),
        await lobby.http.get("/api/rooms/lobby/messages", headers=headers),
        await lobby.http.get("/", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [400] * 3
    assert all(answer.json()["error"].endswith(".") for answer in answers)
    assert await lobby.read() == []


async def test_own_page(lobby: Serving) -> None:
    """Our own page is let in."""
    origin = f"http://127.0.0.1:{lobby.room.port}"

    answer = await lobby.http.post("/api/rooms/lobby/messages", json=HELLO, headers={"Origin": origin})

    assert answer.status_code == 202


async def test_security_headers(lobby: Serving) -> None:
    """Every answer tells browsers to run nothing but our own script, and to show us in no frame."""
    for path in ("/", "/static/room.js", "/api/me", "/api/nothing"):
        headers = (await lobby.http.get(path)).headers

        assert "script-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


async def test_key(home: Path) -> None:
    """Off loopback the key is needed for all but the door, its looks, and the question whether we are well."""
    async with serving(home, host="0.0.0.0", key="key", admin_key="admin") as served:
        without = await served.http.get("/api/rooms/lobby/messages")
        wrong = await served.http.get("/api/rooms/lobby/messages", headers={"Authorization": "Bearer wrong"})
        right = await served.http.get("/api/rooms/lobby/messages", headers={"Authorization": "Bearer key"})
        page = await served.http.get("/r/den", headers={"Accept": "text/html"})
        open_ = [(await served.http.get(path)).status_code for path in ("/health", "/login", "/static/room.css")]

    assert without.status_code == wrong.status_code == 401
    assert without.json()["error"].endswith(".")
    assert right.status_code == 200
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=/r/den")
    assert 401 not in open_


@pytest.mark.parametrize(("key", "admin"), [("key", False), ("admin", True)])
async def test_login(home: Path, key: str, admin: bool) -> None:
    """The door exchanges a key for a cookie that opens the page; the admin's key makes an admin."""
    async with serving(home, host="0.0.0.0", key="key", admin_key="admin") as served:
        entered = await served.http.post("/login", data={"key": key, "next": "/r/den"})
        me = await served.http.get("/api/me")

    assert (entered.status_code, entered.headers["location"]) == (303, "/r/den")
    assert "httponly" in entered.headers["set-cookie"].lower()
    assert "samesite=strict" in entered.headers["set-cookie"].lower()
    assert me.json() == {"person": None, "admin": admin}


async def test_wrong_key(home: Path) -> None:
    """A wrong key opens nothing, and after a few of them one has to wait."""
    async with serving(home, host="0.0.0.0", key="key") as served:
        first, *_, last = [await served.http.post("/login", data={"key": "wrong"}) for _ in range(12)]
        right = await served.http.post("/login", data={"key": "key"})

    assert first.headers["location"].startswith("/login?wrong=1")
    assert "set-cookie" not in first.headers
    assert last.status_code == 429
    assert right.status_code == 303


async def test_wrong_keys_everywhere(home: Path) -> None:
    """Wrong keys are counted together, at the door and in headers; who has the right one need not wait."""
    async with serving(home, host="0.0.0.0", key="key", ticks=lambda: 0.0) as served:
        for _ in range(5):
            await served.http.post("/login", data={"key": "wrong"})
        wrong = [await served.http.get("/api/me", headers={"Authorization": "Bearer wrong"}) for _ in range(6)]
        right = await served.http.get("/api/me", headers={"Authorization": "Bearer key"})
        keyless = await served.http.get("/api/me")

    assert [answer.status_code for answer in wrong] == [*5 * [401], 429]
    assert wrong[-1].json()["error"].endswith(".")
    assert (right.status_code, keyless.status_code) == (200, 401)


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", ""])
async def test_login_stays_here(home: Path, target: str) -> None:
    """A login leads to no other site."""
    async with serving(home, host="0.0.0.0", key="key") as served:
        entered = await served.http.post("/login", data={"key": "key", "next": target})

    assert entered.headers["location"] == "/"


async def test_admin(home: Path) -> None:
    """On loopback everyone is an admin; elsewhere only who holds the admin's key."""
    async with serving(home / "a") as served:
        assert (await served.http.get("/api/me")).json()["admin"]
    async with serving(home / "b", host="0.0.0.0", key="key", admin_key="admin") as served:
        for key, admin in (("key", False), ("admin", True)):
            headers = {"Authorization": f"Bearer {key}"}
            assert (await served.http.get("/api/me", headers=headers)).json()["admin"] is admin


async def test_cookie_fixes_the_person(lobby: Serving) -> None:
    """A browser with a name speaks as that person: with another name it is refused, without one it need not say."""
    await lobby.http.post("/api/me", json={"person": "Ada"})

    as_bob = await lobby.http.post("/api/rooms/lobby/messages", json={"person": "Bob", "text": "hello"})
    as_nobody = await lobby.http.post("/api/rooms/lobby/messages", json={"text": "hello"})
    reading = await lobby.http.get("/api/rooms/lobby/messages", params={"person": "Bob"})

    assert as_bob.status_code == reading.status_code == 400
    assert as_nobody.status_code == 202
    assert [message["person"] for message in await lobby.read()] == ["Ada"]


async def test_two_of_one_name(lobby: Serving) -> None:
    """Two browsers cannot go by one name; after the first has taken another, the second can."""
    async with httpx.AsyncClient(base_url=lobby.http.base_url, timeout=PATIENCE) as other:
        await lobby.http.post("/api/me", json={"person": "Ada"})
        taken = await other.post("/api/me", json={"person": "ada"})
        await lobby.http.post("/api/me", json={"person": "Augusta"})
        free = await other.post("/api/me", json={"person": "ada"})

    assert taken.status_code == 409
    assert taken.json()["error"].endswith(".")
    assert free.status_code == 200


async def test_respelt_name(lobby: Serving) -> None:
    """Who spells the own name anew keeps it."""
    async with httpx.AsyncClient(base_url=lobby.http.base_url, timeout=PATIENCE) as other:
        await lobby.http.post("/api/me", json={"person": "ada"})
        await lobby.http.post("/api/me", json={"person": "Ada"})
        taken = await other.post("/api/me", json={"person": "Ada"})

    assert taken.status_code == 409
    assert (await lobby.http.get("/api/me")).json()["person"] == "Ada"


async def test_name_outlives_restart(home: Path) -> None:
    """A browser keeps its name when the bot has been restarted; a forged cookie names nobody."""
    async with serving(home) as served:
        await served.http.post("/api/me", json={"person": "Ada"})
        cookies = dict(served.http.cookies)
    [(name, value)] = cookies.items()

    async with serving(home) as served:
        suffix = served.room.port  # browsers share cookies between ports, so each port has its own
        served.http.cookies.set(f"planchette-person-{suffix}", value)
        kept = (await served.http.get("/api/me")).json()["person"]
        served.http.cookies.set(f"planchette-person-{suffix}", value[:-2])
        forged = (await served.http.get("/api/me")).json()["person"]

    assert name.startswith("planchette-person-")
    assert (kept, forged) == ("Ada", None)


async def test_files(lobby: Serving) -> None:
    """Pictures are shown and attachments downloaded; nothing that people made runs as a page."""
    page = Attachment("a story.html", "text/html", b"<script>alert(1)</script>")
    await lobby.room.post(Place("web", "lobby"), Message("done", picture=b"png", attachments=(page,)))
    [message] = await lobby.read()

    picture = await lobby.http.get(message["picture"])
    [listed] = message["attachments"]
    file = await lobby.http.get(listed["url"])

    assert (picture.content, picture.headers["content-type"]) == (b"png", "image/png")
    assert listed["name"] == "a story.html"
    assert file.content == page.data
    assert file.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in file.headers["content-security-policy"]


async def test_port_in_use(home: Path) -> None:
    """A port that another program has is one sentence that names the port and the setting."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        bot = await Bot.open(Configuration(home=home, web=WebKeys(port=port)), generator=ScriptedGenerator())

        with pytest.raises(PortInUse, match=rf"{port}.*web\.port"):
            WebRoom(bot)
        await bot.close()


async def test_address_of_another_machine(home: Path) -> None:
    """An address that is not this machine's is one sentence too."""
    web = WebKeys.model_validate({"host": "192.0.2.1", "port": 0, "key": "key"})
    bot = await Bot.open(Configuration(home=home, web=web), generator=ScriptedGenerator())

    with pytest.raises(CannotListen, match=r"web\.host"):
        WebRoom(bot)
    await bot.close()
