"""The real program in a process of its own, driven over HTTP, and people who vote in its room."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from tests.patience import PATIENCE

ROOT: Final = Path(__file__).parent.parent.parent
ROOM: Final = "/api/rooms/lobby"


class Program:
    """`planchette run` on a home, with a port that is free.

    Args:
        home: its PLANCHETTE_HOME.
    """

    def __init__(self, home: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PLANCHETTE_")}
        # the small model: what is tested is not how fast torch is imported
        environment |= {
            "PLANCHETTE_HOME": str(home),
            "PLANCHETTE_WEB__PORT": "0",
            "PLANCHETTE_MODELS__DEFAULT": "charrnn",
        }
        self._log = (home.parent / "log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "run"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.client = httpx.Client(base_url=self._address(), timeout=PATIENCE, trust_env=False)
        eventually(lambda: self.client.get("/health").status_code == 200, "the program is ready")

    def _address(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()  # it ends without a line where the program cannot start
        found = re.search(r"http://[\d.]+:\d+", line)
        assert found is not None, f"the program did not say where its room is, but «{line}»"
        return found[0]

    def say(self, person: str, text: str, *, reply_to: int | None = None) -> int:
        """Posts a message into the room; it is stored when this returns its id."""
        message = {"person": person, "text": text} | ({} if reply_to is None else {"reply_to": reply_to})
        answer = self.client.post(f"{ROOM}/messages", json=message)
        assert answer.status_code == 202, answer.text
        return int(answer.json()["id"])

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def messages(self, person: str | None = None) -> list[dict[str, Any]]:
        """The newest messages of the room, the oldest first; with those for `person` alone."""
        parameters = {} if person is None else {"person": person}
        found: list[dict[str, Any]] = self.client.get(f"{ROOM}/messages", params=parameters).json()["messages"]
        return found

    def ballot(self) -> dict[str, Any] | None:
        """The newest message with candidates."""
        return next((message for message in reversed(self.messages()) if message["buttons"]), None)

    def candidate(self) -> str:
        """The action of the newest ballot's first candidate."""
        ballot = self.ballot()
        return "" if ballot is None else str(ballot["buttons"][0]["action"])

    def press(self, person: str, message: int, action: str) -> str:
        """Presses a button, and returns what the person is told."""
        answer = self.client.post(f"{ROOM}/press", json={"person": person, "message": message, "action": action})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["notice"])

    def kill(self) -> None:
        """Ends the process as a power cut would: nothing of it runs any more."""
        self._process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self) -> int:
        """Asks the program to end, and returns its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._end()

    def _end(self) -> int:
        code = self._process.wait(PATIENCE)
        self.client.close()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
        return code


@dataclass(frozen=True, slots=True)
class Press:
    """A vote that was sent; `counted` once the program has said so."""

    person: str
    round: int
    slot: int
    counted: bool


@dataclass
class Voter(threading.Thread):
    """Somebody who votes on every ballot, and now and then changes their mind, until the program is gone.

    Attributes:
        person: their name.
        program: where they vote.
        random: decides what for.
        presses: what they sent, in order.
    """

    person: str
    program: Program
    random: Random
    presses: list[Press] = field(default_factory=list)
    leaving: threading.Event = field(default_factory=threading.Event)
    fault: BaseException | None = None

    def __post_init__(self) -> None:
        super().__init__(name=self.person, daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Votes."""
        voted = 0
        try:
            while not self.leaving.is_set():
                ballot = self.program.ballot()
                if ballot is None:
                    continue
                actions = [
                    button["action"] for button in ballot["buttons"] if not button["label"].startswith("The end")
                ]
                action = self.random.choice(actions)
                round_id, slot = map(int, action.removeprefix("v:").split(":"))
                if round_id == voted and self.random.random() < 0.7:
                    continue
                voted = round_id
                self._press(ballot["id"], action, round_id, slot)
        except httpx.TransportError:
            return  # killed: what was not answered was not acknowledged
        except BaseException as fault:  # told by whoever joins us
            self.fault = fault

    def _press(self, message: int, action: str, round_id: int, slot: int) -> None:
        sent = Press(self.person, round_id, slot, counted=False)
        self.presses.append(sent)
        told = self.program.press(self.person, message, action)
        counted = told.startswith(("You voted for", "Your vote is"))
        self.presses[-1] = Press(self.person, round_id, slot, counted)


def eventually(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Asks again and again until something holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)
