"""The web room as a stage, over its HTTP API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from bot.app import Bot
from bot.configuration import Configuration, WebKeys
from bot.conversation import Platform
from bot.platforms.web import WebRoom
from tests.patience import PATIENCE
from tests.suite.stage import ADA, Seen, Stage


class WebStage(Stage):
    """A room in the browser; everybody there is its admin."""

    name = "web"
    rights = False

    def __init__(self, home: Path, **more: Any) -> None:
        super().__init__(home, **more)
        self._actions: dict[tuple[int, str], str] = {}  # of every button that was ever seen
        self._refused: list[Seen] = []

    def configuration(self) -> Configuration:
        return Configuration(home=self.home, web=WebKeys(port=0))

    def adapter(self, bot: Bot) -> Platform:
        room = WebRoom(bot)
        self._room = f"http://127.0.0.1:{room.port}/api/rooms/lobby"
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{room.port}", timeout=PATIENCE)
        return room

    async def says(self, person: str, line: str) -> None:
        await self._send(person=person, text=line)

    async def replies(self, person: str, seen: Seen, line: str) -> None:
        await self._send(person=person, text=line, reply_to=seen.handle)

    async def pressed(self, person: str, seen: Seen, label: str) -> str:
        sent = {"person": person, "message": seen.handle, "action": self._actions[seen.handle, label]}
        answer = await self._http.post(f"{self._room}/press", json=sent)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["notice"])

    async def messages(self, person: str = ADA) -> list[Seen]:
        answer = await self._http.get(f"{self._room}/messages", params={"person": person})
        ours = [message for message in answer.json()["messages"] if message["person"] == "planchette"]
        return [*self._refused, *[await self._seen(message) for message in ours]]

    async def close(self) -> None:
        await super().close()
        await self._http.aclose()

    async def _send(self, **message: Any) -> None:
        answer = await self._http.post(f"{self._room}/messages", json=message)
        if answer.status_code != 202:  # the page shows it to whoever typed
            self._refused.append(Seen(answer.json()["error"], private=True))

    async def _seen(self, message: dict[str, Any]) -> Seen:
        for button in message["buttons"]:
            self._actions[message["id"], button["label"]] = button["action"]
        files = tuple([(file["name"], (await self._http.get(file["url"])).content) for file in message["attachments"]])
        labels = tuple(button["label"] for button in message["buttons"])
        return Seen(message["text"], labels, files, message["private"], message["id"])
