"""What a training with the defaults makes of one megabyte of a channel's log: better by how much, in what time."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.measure import corpus, table
from bot.consent.gate import Source
from bot.consent.ledger import Ledger, ledger_of
from bot.consent.wording import LOG, Wording
from bot.corpora.building import Built, build
from bot.jobs.drafting import default_epochs
from generators.places import shipped_directory
from generators.training.job_directory import JobDirectory
from storage import consents, logs, posts
from storage.consents import Consent
from storage.database import Database
from storage.logs import Log
from storage.posts import Post
from storage.vault import Vault

FILE: Final = "chat_irc.txt"
SIZE: Final = 1_000_000  # bytes
BASE: Final = "charrnn"
PLACE: Final = "web:channel"
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
PAUSE: Final = timedelta(seconds=20)  # between two messages
BETTER: Final = -25.0  # per cent of the base's bits per character
MINUTES: Final = 10.0
VERBATIM: Final = 0.5  # per cent of the samples


def main(_: int) -> str:
    """Once; the gate is asked for each message, and the job is a process of its own, as in the bot."""
    with tempfile.TemporaryDirectory() as folder:
        job = JobDirectory(Path(folder, "job"))
        key = secrets.token_bytes(32)
        built = asyncio.run(_gathered(Path(folder), job, key))
        epochs = default_epochs(BASE, built.characters)
        job.create(
            {
                "for": "channel",
                "name": "channel",
                "base": str(shipped_directory() / BASE),
                "base_name": BASE,
                "recipe": "charrnn-tune",
                "options": {"epochs": f"{epochs:g}", "threads": "1"},
            }
        )
        seconds, outcome = _trained(job, key)
    before, after = (float(outcome[name]["bits_per_character"]) for name in ("before", "after"))
    found = outcome["memorisation"]
    rows = [
        ("text", f"{built.documents:,} conversations, {built.characters:,} characters", ""),
        ("bits per character on the newest tenth, base", f"{before:.3f}", ""),
        (f"… after {epochs:g} epochs", f"{after:.3f}", ""),
        ("change", f"{100 * (after / before - 1):+.1f} %", f"≤ {BETTER:g} %"),
        ("CPU time on one thread, measures and check included", f"{seconds / 60:.1f} min", f"< {MINUTES:g} min"),
        ("samples with eight words verbatim, before the guard", f"{found['share']:.2%}", f"< {VERBATIM:g} %"),
        ("… behind it", f"{found['guarded_share']:.2%}", f"< {VERBATIM:g} %"),
    ]
    return table(f"A channel's own model from {SIZE / 1e6:g} MB of {FILE}", ("what", "measured", "to reach"), rows)


async def _gathered(folder: Path, job: JobDirectory, key: bytes) -> Built:
    """The job's sealed text, of people who have all agreed before they said anything."""
    vault = Vault.of("benchmark")
    said = list(_posts())
    job.path.mkdir()
    async with await Database.open(f"sqlite:///{folder / 'planchette.db'}") as database:

        async def agree(conn: AsyncConnection) -> None:
            await logs.turn(conn, Log(PLACE, None, True, BEGIN, said[0].person))
            for person in {post.person for post in said}:
                await consents.grant(conn, Consent(person, PLACE, None, Wording(LOG, 3650).number, BEGIN))

        await database.write(agree)
        for at in range(0, len(said), 1000):
            await database.write(partial(posts.add, vault=vault, given=said[at : at + 1000]))
        return await build(database, vault, _ledger, PLACE, [Source.CHANNEL_LOG], [], job.corpus, key)


async def _ledger(conn: AsyncConnection, place: str) -> Ledger:
    return await ledger_of(conn, place, None, BEGIN + timedelta(days=365))


def _posts() -> Iterator[Post]:
    """Messages of the file's first megabyte, `<nick> text` a line, a few each minute."""
    lines = corpus(FILE).read_bytes()[:SIZE].decode("utf-8", "ignore").split("\n")[:-1]
    for number, line in enumerate(lines):
        nick, parted, text = line.removeprefix("<").partition("> ")
        if parted and text:
            yield Post(PLACE, None, "channel_log", f"web:{nick}", str(number), BEGIN + number * PAUSE, text)


def _trained(job: JobDirectory, key: bytes) -> tuple[float, dict[str, Any]]:
    """Runs the job's process; its CPU seconds, and what it says in the end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # ourselves
        [sys.executable, "-m", "generators.training.job", str(job.path)],
        input=f"{key.hex()}\n",
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = job.outcome() or {}
    if outcome.get("state") != "done":
        raise SystemExit(f"the training failed: {json.dumps(outcome)}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, outcome
