"""The room in the language of each browser."""

from __future__ import annotations

from pathlib import Path

from generators.scripted import Pace
from tests.bot.platforms.serving import Serving, serving
from tests.bot.platforms.test_web_api import until

GERMAN = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}


async def test_answer(lobby: Serving) -> None:
    """Answers come in the language that the asker's browser prefers; programs that name none read English."""
    await lobby.say("Bob", "/temperature hot")
    lobby.http.headers.update(GERMAN)
    await lobby.say("Ada", "/temperature hot")

    (for_bob,) = [said for said in await until(lobby, 3, person="Bob") if said["private"]]
    (for_ada,) = [said for said in await until(lobby, 3, person="Ada") if said["private"]]

    assert for_bob["text"] == "temperature cannot be hot; it has to be a number from 0 to 5 or default."
    assert for_ada["text"] == "temperature kann nicht hot sein; erlaubt ist eine Zahl von 0 bis 5 oder default."


async def test_story(lobby: Serving) -> None:
    """A story speaks the language of whoever began it; each notice that of whoever presses."""
    lobby.http.headers.update(GERMAN)
    await lobby.say("Ada", "/story start Once upon a")
    while not (ballots := [message for message in await lobby.read() if message["buttons"]]):
        await until(lobby, 2)
    ballot = ballots[0]
    of_german = await lobby.press("Ada", ballot["id"], ballot["buttons"][0]["action"])
    lobby.http.headers["Accept-Language"] = "ru"
    of_russian = await lobby.press("Bob", ballot["id"], ballot["buttons"][1]["action"])

    assert "Runde 1: Stimm bis" in ballot["text"]
    assert of_german.startswith("Du hast für „")
    assert of_russian.startswith("Ваш голос — за «")


async def test_after_a_restart(home: Path) -> None:
    """What was asked before a restart is answered in the language in which it was asked."""
    async with serving(home, pace=Pace()) as first:
        first.http.headers.update(GERMAN)
        await first.say("Ada", "/generate seed=1 Once upon a time")
        await first.say("Ada", "/temperature hot")

    async with serving(home) as second:
        messages = await until(second, 4, person="Ada")

    assert "temperature kann nicht hot sein" in messages[-1]["text"]


async def test_refusal(lobby: Serving) -> None:
    """What the API refuses, and what its commands say of themselves, is said in the browser's language."""
    body = {"person": "planchette", "text": "hello"}

    refused = await lobby.http.post("/api/rooms/lobby/messages", json=body, headers=GERMAN)
    listed = await lobby.http.get("/api/commands", headers=GERMAN)

    assert refused.status_code == 400
    assert refused.json()["error"] == "So heißt der Bot selbst: planchette; wähle einen anderen Namen."
    assert "Die Geschichte beenden." in [command["help"] for command in listed.json()["commands"]]
