"""The host of the models, as trainings there talk to it: a connection, what answers mean, and what it is to forget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import httpx

from bot.configuration import is_loopback
from generators.remote.connection import meaning
from generators.remote.errors import NotAnApi
from generators.remote.trust import trust, unreachable
from generators.wire import Json

TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0)
MOST: Final = 10_000  # entries of a page, the host's own limit
JOB: Final = "job"  # in the metadata of a job there: what it is called here
OPEN: Final = ("validating_files", "queued", "running")
GONE: Final = 404


class Host:
    """A host with a fine-tuning API.

    Args:
        url: of the API, with or without the `/v1` at its end.
        key: sent as a bearer key.
        authority: see `trust`.
    """

    def __init__(self, url: str, key: str | None = None, authority: Path | None = None) -> None:
        self.url = url
        self._key = key
        self._trust = trust(url, authority)

    @contextmanager
    def connected(self) -> Iterator[httpx.Client]:
        """A connection.

        Raises:
            UserError: nobody is there, or any more.
        """
        base = self.url.rstrip("/").removesuffix("/v1")
        try:
            with httpx.Client(
                base_url=f"{base}/v1/",
                headers=[(b"Authorization", f"Bearer {self._key}".encode())] if self._key else None,
                timeout=TIMEOUT,
                verify=self._trust,
                trust_env=not is_loopback(urlsplit(base).hostname or ""),  # no proxy sees what stays on this machine
            ) as client:
                yield client
        except httpx.TransportError as fault:
            raise unreachable(fault) from fault


def answer(response: httpx.Response) -> Json:
    """The object in an answer.

    Raises:
        UserError: it is an error.
    """
    if response.is_error:
        raise meaning(response.status_code, response.content)
    try:
        told = response.json()
    except ValueError as fault:
        raise NotAnApi from fault
    if not isinstance(told, dict):
        raise NotAnApi
    return told


def file_of(job: str) -> str:
    """What the file with a job's text is called there."""
    return f"{job}.jsonl"


def forget(client: httpx.Client, job: str) -> None:
    """Ends whatever is done there for a job of ours, and deletes its text and what it has made.

    All of it is found by what the job is called here: the host may have taken something of which its answer was lost.

    Raises:
        UserError: it cannot be done now.
        httpx.HTTPError: nobody is there any more.
    """
    for each in _listed(client, "fine_tuning/jobs"):
        if (each.get("metadata") or {}).get(JOB) == job:
            path = f"fine_tuning/jobs/{each['id']}"
            cancelled = client.post(f"{path}/cancel")  # refused where it is over already
            ended = answer(client.get(path))
            if ended["status"] in OPEN:
                answer(cancelled)
            if made := ended.get("fine_tuned_model"):
                delete(client, f"models/{quote(str(made), safe='')}")
    for file in _listed(client, "files"):
        if file.get("filename") == file_of(job):
            delete(client, f"files/{file['id']}")


def delete(client: httpx.Client, path: str) -> None:
    """Deletes something; what is not there is deleted already.

    Raises:
        UserError: the host refuses it.
    """
    response = client.delete(path)
    if response.is_error and response.status_code != GONE:
        raise meaning(response.status_code, response.content)


def _listed(client: httpx.Client, path: str) -> list[Json]:
    response = client.get(path, params={"limit": MOST})
    return [] if response.status_code == GONE else list(answer(response)["data"])
