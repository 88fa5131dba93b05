"""`planchette logs`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.exports import telegram_json
from storage import consents, jobs, logs, posts
from storage.consents import Consent
from storage.database import Database
from storage.errors import DatabaseFull
from storage.jobs import Job
from storage.logs import Log
from storage.posts import Post
from storage.vault import Vault
from tests.bot.exports.writing import CHANNEL, SAMPLES, account, chat, discord, said, wrote
from tests.bot.shell.conftest import Ran, Shell

PLACE = f"discord:{CHANNEL}"
PLACE_OF_THREAD = "discord:9064990764406419508"
CHAT = "telegram:-10042"
GRANTED = datetime(2024, 1, 1, tzinfo=UTC)
EMOJI = "🙂" * 4000


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of the test's own, and a retention that the exports of years ago are within."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setenv("PLANCHETTE_TRAINING__RETENTION_DAYS", "36500")


@pytest.fixture
def list_(tmp_path: Path) -> Callable[..., str]:
    """Writes a list of consents."""

    def write(*lines: str, header: str = "person,granted") -> str:
        path = tmp_path / "consents.csv"
        path.write_text("\n".join((header, *lines)) + "\n", "utf-8")
        return str(path)

    return write


def in_database(home: Path, work: Callable[[AsyncConnection], object]) -> object:
    """Does something in the home's database."""

    home.mkdir(exist_ok=True)

    async def run() -> object:
        async with await Database.open(f"sqlite:///{home / 'planchette.db'}") as database:
            return await database.write(work)  # type: ignore[arg-type]

    return asyncio.run(run())


def kept(home: Path, tmp_path: Path, place: str) -> list[Post]:
    """What is kept of a place."""
    vault = Vault.open(tmp_path / "configuration" / "planchette" / "vault.key")
    rows = in_database(home, lambda conn: posts.page(conn, vault, place, None, ("import",)))
    return [post for _, post in rows]  # type: ignore[attr-defined]


def places(shell: Shell) -> list[dict[str, object]]:
    """What `logs status` says."""
    (line,) = shell("logs", "status", "--json").lines
    found: list[dict[str, object]] = line["places"]
    return found


def test_import(shell: Shell, home: Path, tmp_path: Path, list_: Callable[..., str]) -> None:
    """What people wrote after they consented is kept, sealed, and the rest is counted by reason."""
    messages = [
        said(1, "early", timestamp="2023-12-31T23:59:59+00:00"),
        said(2, "kept"),
        said(3, EMOJI, type="Reply", reference={"messageId": "1002"}),
        said(4, "of another", person="2"),
        said(5, "of a bot", author={"id": "1", "name": "b", "isBot": True}),
        said(6, "joined", type="GuildMemberJoin"),
        said(7, " "),
        {"id": "8"},
    ]
    file = discord(tmp_path / "export.json", messages)

    ran = shell(
        *("logs", "import", str(file), "--place", PLACE, "--permission", "ticket 7", "--json"),
        *("--consents", list_("1,2024-01-01T00:00:00Z")),
    )

    left_out = {"before_consent": 1, "no_consent": 1, "from_a_bot": 1, "service": 1, "empty": 1, "unreadable": 1}
    assert ran.lines == [{"place": PLACE, "taken": 2, "already": 0, "left_out": left_out}]
    first, second = kept(home, tmp_path, PLACE)
    assert (first.text, first.person, first.guild, first.message) == ("kept", "discord:1", "discord:77", "1002")
    assert (second.text, second.reply_to) == (EMOJI, "1002")
    log = in_database(home, lambda conn: logs.get(conn, PLACE))
    assert isinstance(log, Log)
    assert (log.permission, log.on) == ("ticket 7", False)
    assert "🙂".encode() not in b"".join(path.read_bytes() for path in home.iterdir() if path.is_file())


def test_import_again(shell: Shell, tmp_path: Path, list_: Callable[..., str]) -> None:
    """The same export a second time changes nothing, and people read what was taken."""
    file = discord(tmp_path / "export.json", [said(1), said(2)])
    command = ("logs", "import", str(file), "--permission", "ticket 7", "--consents", list_("discord:1,2024-01-01"))

    first, second = shell(*command), shell(*command)

    assert first.out == f"2 messages were taken for {PLACE}.\n"
    assert second.out == f"0 messages were taken for {PLACE}.\n2 messages were there already.\n"
    assert places(shell) == [{"place": PLACE, "messages": 2, "people": 1}]


def test_past_retention(
    shell: Shell, tmp_path: Path, list_: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the bot would delete at once, because it is older than messages are kept, is left out and counted."""
    monkeypatch.setenv("PLANCHETTE_TRAINING__RETENTION_DAYS", "30")
    now = datetime.now(UTC)
    old, new = (now - timedelta(days=days) for days in (31, 29))
    messages = [said(1, timestamp=old.isoformat()), said(2, timestamp=new.isoformat())]
    file = discord(tmp_path / "export.json", messages)
    command = ("logs", "import", str(file), "--permission", "ticket 7", "--consents", list_("1,2024-01-01"))

    first, second = shell(*command), shell(*command, "--json")

    assert first.out.splitlines() == [
        f"1 message was taken for {PLACE}.",
        "1 message was left out: older than training.retention_days (30), which counts from a message's own date; "
        "raise it and import again to take them.",
    ]
    assert second.lines == [{"place": PLACE, "taken": 0, "already": 1, "left_out": {"past_retention": 1}}]


def test_nobody_asked(shell: Shell, tmp_path: Path) -> None:
    """Where nobody has consented, the outcome names the list that says who has; service messages are called so."""
    file = discord(tmp_path / "export.json", [said(1), said(2), said(3, type="GuildMemberJoin")])

    ran = shell("logs", "import", str(file), "--permission", "ticket 7")

    assert ran.out.splitlines()[1:] == [
        "2 messages were left out: of people who have not consented; --consents FILE names those who have, and when.",
        "1 message was left out: service messages.",
    ]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("discord", "needs Discord's express permission"), ("telegram", "an admin types /log on there")],
)
def test_no_right(shell: Shell, tmp_path: Path, list_: Callable[..., str], name: str, sentence: str) -> None:
    """Without a right nothing is taken or recorded, and the permission that is needed is named."""
    file = discord(tmp_path / "d.json", [said(1)])
    if name == "telegram":
        file.write_text(json.dumps(chat([wrote(1)])), "utf-8")

    ran = shell("logs", "import", str(file), "--consents", list_("1,2024-01-01"))

    assert ran.code == 1
    assert sentence in ran.err
    assert "--permission" in ran.err
    assert places(shell) == []


def test_setting_is_a_right(
    shell: Shell, tmp_path: Path, list_: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator's setting is as good as the option."""
    monkeypatch.setenv("PLANCHETTE_DISCORD__TRAINING_PERMISSION", "ticket 7")
    file = discord(tmp_path / "export.json", [said(1)])

    ran = shell("logs", "import", str(file), "--consents", list_("1,2024-01-01"), "--json")

    assert ran.lines[0]["taken"] == 1


def test_consents_of_the_chat(shell: Shell, home: Path, tmp_path: Path, list_: Callable[..., str]) -> None:
    """Consents given in the chat count, and one that was withdrawn is not opened again by an older list."""
    for person, withdrawn in (("telegram:1", None), ("telegram:2", datetime(2024, 3, 1, tzinfo=UTC))):
        agreed = Consent(person, CHAT, None, 1, GRANTED, withdrawn)
        in_database(home, lambda conn, agreed=agreed: consents.grant(conn, agreed))  # type: ignore[misc]
    in_database(home, lambda conn: logs.turn(conn, Log(CHAT, None, True, GRANTED, "telegram:1")))
    file = tmp_path / "result.json"
    file.write_text(json.dumps(chat([wrote(1), wrote(2, person="user2")])), "utf-8")

    ran = shell("logs", "import", str(file), "--consents", list_("2,2024-02-01"), "--json")

    assert ran.lines == [{"place": CHAT, "taken": 1, "already": 0, "left_out": {"no_consent": 1}}]


def test_account(shell: Shell, tmp_path: Path, list_: Callable[..., str]) -> None:
    """Of a whole account only the named chat is taken, and without a name nothing is."""
    file = account(tmp_path / "result.json", [chat([wrote(1)], 41), chat([wrote(1), wrote(2)], 42)])
    command = ("logs", "import", str(file), "--permission", "asked", "--consents", list_("user1,2024-01-01"), "--json")

    named, unnamed, wrong = (shell(*command, *place) for place in (("--place", CHAT), (), ("--place", "telegram:-7")))

    assert named.lines[0]["taken"] == 2
    assert (unnamed.code, wrong.code) == (2, 1)
    assert "has no chat telegram:-7, only telegram:-10041, telegram:-10042" in wrong.err


def test_the_same_number(shell: Shell, home: Path, tmp_path: Path, list_: Callable[..., str]) -> None:
    """A private chat is not taken for the group of the same number, in front of which it stands."""
    chats = [chat([wrote(1, "private")], 42, "personal_chat"), chat([wrote(2, "public")], 42)]
    file = account(tmp_path / "result.json", chats)

    shell(*("logs", "import", str(file), "--place", CHAT, "--permission", "asked", "--consents", list_("1,2024-01-01")))

    assert [post.text for post in kept(home, tmp_path, CHAT)] == ["public"]


def test_a_time_to_come(shell: Shell, tmp_path: Path, list_: Callable[..., str]) -> None:
    """A message from the future is left out: it would never be old enough to be deleted."""
    file = discord(tmp_path / "export.json", [said(1), said(2, timestamp="9999-12-31T23:00:00+00:00")])

    ran = shell("logs", "import", str(file), "--permission", "t", "--consents", list_("1,2024-01-01"), "--json")

    assert [(line["taken"], line["left_out"]) for line in ran.lines] == [(1, {"unreadable": 1})]


def test_other_chat(shell: Shell, home: Path, tmp_path: Path, list_: Callable[..., str]) -> None:
    """Consents given in one channel open no export of another; only those that the operator vouches for do."""
    agreed = Consent("discord:1", "discord:5", None, 1, GRANTED)
    in_database(home, lambda conn: consents.grant(conn, agreed))
    file = discord(tmp_path / "export.json", [said(1), said(2, person="2")])
    command = ("logs", "import", str(file), "--place", "discord:5", "--permission", "ticket 7", "--json")

    without, vouched = shell(*command), shell(*command, "--consents", list_("2,2024-01-01"))

    assert (without.code, f"only {PLACE}" in without.err) == (1, True)
    assert "taken only with --consents" in without.err
    assert vouched.lines == [{"place": "discord:5", "taken": 1, "already": 0, "left_out": {"no_consent": 1}}]


@pytest.mark.parametrize("named", [None, f"discord:{CHANNEL}", PLACE_OF_THREAD])
def test_thread(shell: Shell, home: Path, tmp_path: Path, list_: Callable[..., str], named: str | None) -> None:
    """What was said in a thread belongs to its channel, and goes with the thread."""
    channel = {"id": PLACE_OF_THREAD[len("discord:") :], "type": "GuildPublicThread", "categoryId": CHANNEL}
    file = discord(tmp_path / "export.json", [said(1)], channel=channel)
    place = () if named is None else ("--place", named)

    shell("logs", "import", str(file), *place, "--permission", "t", "--consents", list_("1,2024-01-01"))

    (post,) = kept(home, tmp_path, PLACE)
    assert (post.place, post.thread) == (PLACE, PLACE_OF_THREAD)


def test_other_server(shell: Shell, home: Path, tmp_path: Path) -> None:
    """Nothing crosses servers."""
    in_database(home, lambda conn: logs.turn(conn, Log(PLACE, "discord:1", True, GRANTED, "discord:9")))

    ran = shell("logs", "import", str(discord(tmp_path / "export.json", [said(1)])), "--permission", "ticket 7")

    assert ran.code == 1
    assert f"is from the server discord:77, and {PLACE} belongs to another" in ran.err


@pytest.mark.parametrize(
    ("messages", "out"),
    [
        ([], f"0 messages were taken for {PLACE}.\n"),
        ([said(number) for number in range(3)], f"3 messages were taken for {PLACE}.\n"),
    ],
)
def test_lonely_logs(
    shell: Shell, tmp_path: Path, list_: Callable[..., str], messages: list[dict[str, object]], out: str
) -> None:
    """A log without a message, and one of a single person, are imported like any other."""
    file = discord(tmp_path / "export.json", messages)

    ran = shell("logs", "import", str(file), "--permission", "t", "--consents", list_("1,2024-01-01"))

    assert (ran.code, ran.out) == (0, out)


@pytest.mark.parametrize("bad", ["truncated", "future", "html", "folder"])
def test_bad_input(shell: Shell, home: Path, tmp_path: Path, list_: Callable[..., str], bad: str) -> None:
    """An export that cannot be used changes nothing: neither messages nor rights nor consents stay."""
    file = discord(tmp_path / "export.json", [said(1), said(2)])
    if bad == "truncated":
        file.write_text(file.read_text("utf-8")[:-30], "utf-8")
    elif bad == "future":
        discord(file, [{"uid": 1, "body": "hello"}])
    elif bad == "html":
        file.write_text("<!DOCTYPE html>", "utf-8")
    else:
        file = tmp_path

    ran = shell(
        *("logs", "import", str(file), "--place", PLACE, "--permission", "t", "--consents", list_("1,2024-01-01"))
    )

    assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)
    assert ran.err.startswith(str(file))
    assert in_database(home, lambda conn: logs.get(conn, PLACE)) is None
    assert in_database(home, lambda conn: consents.history(conn, PLACE)) == []


def test_fault_is_undone(
    shell: Shell, home: Path, tmp_path: Path, list_: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored before a fault is deleted again, and what was there before the import stays."""
    file = tmp_path / "result.json"
    file.write_text(json.dumps(chat([wrote(number) for number in range(5)])), "utf-8")
    command = ("logs", "import", str(file), "--permission", "asked", "--consents", list_("1,2024-01-01"))
    shell(*command)
    file.write_text(json.dumps(chat([wrote(number) for number in range(12)])), "utf-8")
    monkeypatch.setattr("bot.exports.taking.BATCH", 4)
    message = telegram_json.message

    def full(record: dict[str, int]) -> object:
        if record["id"] == 10:
            raise DatabaseFull(str(home))
        return message(record)

    monkeypatch.setattr(telegram_json, "message", full)

    ran = shell(*command)

    assert (ran.code, "nothing was saved" in ran.err) == (1, True)
    assert [post.message for post in kept(home, tmp_path, CHAT)] == ["0", "1", "2", "3", "4"]
    assert len(in_database(home, lambda conn: consents.history(conn, CHAT))) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "header", "sentence"),
    [
        (("1,yesterday",), "person,granted", "line 2: «yesterday» is no ISO time"),
        (("1,2024-01-01", "2,2999-01-01"), "person,granted", "line 3: 2999-01-01 is still to come"),
        (("1,0001-01-01T00:00+01:00",), "person,granted", "line 2: «0001-01-01T00:00+01:00» is no ISO time"),
        (("telegram:1,2024-01-01",), "person,granted", "line 2: «telegram:1» is no person of discord"),
        ((",2024-01-01",), "person,granted", "line 2: «» is no person of discord"),
        (("1,2024-01-01,x",), "person,granted", "line 2: there are 3 columns"),
        (("1,2024-01-01",), "who,when", "line 1: the header is another"),
    ],
)
def test_bad_consents(
    shell: Shell, tmp_path: Path, list_: Callable[..., str], lines: tuple[str, ...], header: str, sentence: str
) -> None:
    """A list of consents with a mistake is refused, and the line with it is named."""
    file = discord(tmp_path / "export.json", [said(1)])

    ran = shell("logs", "import", str(file), "--permission", "t", "--consents", list_(*lines, header=header))

    assert ran.code == 1
    assert sentence in ran.err


@pytest.mark.parametrize("place", ["general", "web:lobby", "discord:", "discord"])
def test_bad_place(shell: Shell, tmp_path: Path, place: str) -> None:
    """A place of which there can be no export is refused."""
    ran = shell("logs", "import", str(discord(tmp_path / "export.json", [])), "--place", place)

    assert ran.code == 1
    assert f"--place cannot be {place}; it has to be discord:CHANNEL_ID or telegram:CHAT_ID." in ran.err


def test_forget(shell: Shell, home: Path, tmp_path: Path, list_: Callable[..., str]) -> None:
    """Forgetting a place deletes its messages and no other's; where there are none it says so."""
    file = discord(tmp_path / "export.json", [said(1)])
    for place in (PLACE, "discord:5"):
        shell(
            *("logs", "import", str(file), "--place", place, "--permission", "t"),
            *("--consents", list_("1,2024-01-01")),
        )

    ran, again = shell("logs", "forget", PLACE, "--json"), shell("logs", "forget", "--place", PLACE)

    assert ran.lines == [{"place": PLACE, "messages": 1, "models": []}]
    assert (again.code, f"No message of {PLACE} is kept" in again.err) == (1, True)
    assert places(shell) == [{"place": "discord:5", "messages": 1, "people": 1}]
    assert kept(home, tmp_path, PLACE) == []


def test_forgetting_ends_trainings(shell: Shell, home: Path, tmp_path: Path, list_: Callable[..., str]) -> None:
    """A training of the place, which reads what is forgotten, is cancelled with it, and no other's."""
    file = discord(tmp_path / "export.json", [said(1)])
    shell("logs", "import", str(file), "--place", PLACE, "--permission", "t", "--consents", list_("1,2024-01-01"))
    for number, place in enumerate((PLACE, "discord:5")):
        job = Job(f"{number:012x}", place, None, "discord:1", "running", {}, "en", GRANTED)
        in_database(home, partial(jobs.add, job=job))

    shell("logs", "forget", PLACE)

    assert [job.place for job in in_database(home, jobs.open_jobs)] == ["discord:5"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "people", "taken"),
    [
        ("discord/mlomb_GC_3A_5M.json", ("222222222222222222", "333333333333333333"), 2),
        ("telegram/teledashboard_sample.json", ("user280666525", "000AX6969"), 186),
        ("telegram/chatminer_test_single_export.json", ("Author 1",), 0),
    ],
)
def test_real_exports(shell: Shell, list_: Callable[..., str], name: str, people: tuple[str, ...], taken: int) -> None:
    """Exports of the real programs go through the gate."""
    if not (SAMPLES / name).is_file():
        pytest.skip(f"there is no {name} in the folder shared/samples beside the checkout")
    unnamed = ("--place", "telegram:5") if "chatminer" in name else ()
    agreed = list_(*(f"{person},2019-01-01" for person in people))

    ran: Ran = shell(
        *("logs", "import", str(SAMPLES / name), "--permission", "asked", "--json", *unnamed), "--consents", agreed
    )

    assert ran.lines[0]["taken"] == taken
