"""Trainings on the host of the models: the text goes there sealed by TLS, or never leaves this machine."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from bot.configuration import is_loopback
from bot.configuration.keys import RemoteKeys
from bot.jobs.host import JOB, MOST, Host, answer, delete, file_of, forget
from generators.errors import ShuttingDown, Translate, UserError, english
from generators.remote.connection import PREFIX
from generators.remote.errors import CertificateRefused, HostAway, HostBusy, HostStarting
from generators.training.job_directory import JobDirectory, read_object, write_whole
from generators.training.sealed import read_sealed
from generators.wire import FIELD, Json

STATE: Final = "remote.json"  # in a job's directory, before anything is sent: the host's job, and how much it has told
LOOK: Final = 1.0  # seconds between two questions how far a job is
AWAY: Final = 900.0  # seconds that a host may be away before the job is begun anew
FEW: Final = 50  # events of a question, where no more can have come
AGAIN: Final = ("restarted",)  # why jobs end of which the host has lost the text, and for which it is sent anew
REASONS: Final[Mapping[str | None, str]] = {  # why other jobs end, as the host says it: what that is here
    "no_room": "host_full",
    "no_memory": "no_memory",
    "diverged": "diverged",
    "no_text": "no_text",
    "killed": "killed",
}


@dataclass(eq=False)
class PlainHost(UserError):
    """A host that text could only be sent to as it is."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Nothing is sent to the host of the models to learn from, because remote.url is neither https nor on this "
            "machine; whoever runs the bot can set that up."
        )


class _Given(Exception):
    """A job that is ended while its text is being sent."""


def check_safe(url: str | None) -> None:
    """Refuses an address to which text would travel as it is.

    Raises:
        PlainHost: it is one.
    """
    parts = urlsplit(url or "")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise PlainHost


class RemoteRunner:
    """Carries jobs out on a host with a fine-tuning API; a `Runner`, whose methods wait for the network.

    Args:
        url: of the API, with or without the `/v1` at its end.
        key: sent as a bearer key.
        ticks: seconds that only go forward.
        authority: PEM certificates that vouch for the host; None for those that are trusted anyway.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        ticks: Callable[[], float] = time.monotonic,
        authority: Path | None = None,
    ) -> None:
        self._host = Host(url, key, authority)
        self._ticks = ticks
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._looked: dict[str, float] = {}  # when each job was asked for
        self._answered: dict[str, float] = {}  # … and when that was last answered
        self._given_up: set[str] = set()

    def start(self, directory: JobDirectory, key: bytes, threads: int) -> None:
        """Sends the text, and begins a job with it, once the host has forgotten what came of earlier tries.

        Raises:
            UserError: the host is not there, or refuses it.
        """
        del threads  # the host's own
        name, state = directory.path.name, directory.path / STATE
        check_safe(self._host.url)
        self._given_up.discard(name)
        plan = directory.read_plan()
        try:
            with self._locks[name], self._host.connected() as client:
                if state.exists():
                    forget(client, name)
                write_whole(state, {"told": 0})
                file = _File(directory.corpus, key, lambda: name in self._given_up)
                sent = {"file": (file_of(name), file)}
                uploaded = answer(client.post("files", data={"purpose": "fine-tune"}, files=sent))  # type: ignore[arg-type]
                asked = client.post("fine_tuning/jobs", json=_asked(plan, name, str(uploaded["id"])))
                if asked.is_error:  # nobody else would, for a day
                    delete(client, f"files/{uploaded['id']}")
                write_whole(state, {"job": answer(asked)["id"], "told": 0})
        except _Given:
            return
        self._answered[name] = self._ticks()

    def is_alive(self, directory: JobDirectory) -> bool:
        """Whether the host carries it out; what it has told is added to the job's events, and its end to its result."""
        name = directory.path.name
        with self._locks[name]:
            state = read_object(directory.path / STATE)
            if "job" not in state or directory.outcome() is not None:
                return False
            now = self._ticks()
            if now - self._looked.get(name, -LOOK) < LOOK:
                return True
            self._looked[name] = now
            try:
                check_safe(self._host.url)
                alive = self._follow(directory, state)
            except (CertificateRefused, HostAway, HostBusy, HostStarting, ShuttingDown):
                return now - self._answered.setdefault(name, now) < AWAY
            self._answered[name] = now
            return alive

    def stop(self, directory: JobDirectory) -> None:
        """Cancels it, with which the host deletes its text, and what it has made of which nobody here has heard.

        Raises:
            UserError: the host is not there, or refuses it; it has to be asked again.
        """
        name = directory.path.name
        self._given_up.add(name)
        with self._locks[name]:
            if (directory.path / STATE).exists() and directory.outcome() is None:
                with self._host.connected() as client:
                    forget(client, name)
            (directory.path / STATE).unlink(missing_ok=True)
        self._looked.pop(name, None)
        self._answered.pop(name, None)

    def delete_model(self, name: str) -> None:
        """Deletes a model that was made there; one that is not there is deleted already.

        Args:
            name: as the host calls it; what it has not made by such a job, it does not delete.

        Raises:
            UserError: the host is not there, or refuses it.
        """
        with self._host.connected() as client:
            delete(client, f"models/{quote(name, safe='')}")

    def _follow(self, directory: JobDirectory, state: dict[str, Any]) -> bool:
        with self._host.connected() as client:
            response = client.get(f"fine_tuning/jobs/{state['job']}")
            if response.status_code == 404:
                return self._lost(directory)
            job = answer(response)
            self._mirror(client, directory, state)
        error = job.get("error") or {}
        match job["status"]:
            case "succeeded":
                outcome = dict(job[FIELD]["outcome"])
                outcome["name"] = f"{PREFIX}{job['fine_tuned_model']}"
                directory.finish(outcome)
            case "failed" if error.get("code") in AGAIN:
                return self._lost(directory)
            case "failed":
                reason = REASONS.get(error.get("code"), "refused")
                directory.finish({"state": "failed", "reason": reason, "sentence": error.get("message", "")})
            case "cancelled":
                directory.finish({"state": "failed", "reason": "cancelled"})
            case _:
                return True
        return False

    def _lost(self, directory: JobDirectory) -> bool:
        """Forgets a job that the host has lost, so that it is begun anew; False."""
        (directory.path / STATE).unlink(missing_ok=True)
        return False

    def _mirror(self, client: httpx.Client, directory: JobDirectory, state: dict[str, Any]) -> None:
        """Adds what is new of the events."""
        for limit in (FEW, MOST):
            page = answer(client.get(f"fine_tuning/jobs/{state['job']}/events", params={"limit": limit}))
            events = [(int(event["id"].rpartition("-")[2]), event["data"]) for event in page["data"]][::-1]
            if not page["has_more"] or (events and events[0][0] <= state["told"]):
                break
        new = [(number, data) for number, data in events if number >= state["told"]]
        for _, data in new:
            directory.tell(data)
        if new:
            state["told"] = new[-1][0] + 1
            write_whole(directory.path / STATE, state)


def remote_runner(keys: RemoteKeys) -> RemoteRunner | None:
    """What carries out trainings on the host that is set, if one is."""
    if not keys.url:
        return None
    return RemoteRunner(keys.url, keys.key.get_secret_value() if keys.key else None, authority=keys.ca)


class _File:
    """The documents of a sealed corpus as JSON lines, read as they are sent.

    Args:
        path: of the corpus.
        key: of it.
        given_up: whether to send no more of it.
    """

    def __init__(self, path: Path, key: bytes, given_up: Callable[[], bool]) -> None:
        self._documents = read_sealed(path, key)
        self._given_up = given_up
        self._waiting = b""

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end."""
        if self._given_up():
            raise _Given
        parts, length = [self._waiting], len(self._waiting)
        while length < size and (document := next(self._documents, None)) is not None:
            line = json.dumps({"text": document.text, "labels": document.labels}).encode() + b"\n"
            parts.append(line)
            length += len(line)
        whole = b"".join(parts)
        self._waiting = whole[size:]
        return whole[:size]


def _asked(plan: dict[str, Any], name: str, file: str) -> Json:
    """A job's plan in the API's words, with what the job is called here."""
    model = str(plan["base_name"]).removeprefix(PREFIX)
    asked: Json = {"model": model, "training_file": file, "metadata": {JOB: name}}
    if "epochs" in plan["options"]:
        asked["hyperparameters"] = {"n_epochs": float(plan["options"]["epochs"])}
    if "current_name" in plan:
        asked["compare"] = str(plan["current_name"]).removeprefix(PREFIX)
    return asked
