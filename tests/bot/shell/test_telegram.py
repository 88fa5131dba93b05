"""What the shell does about Telegram: `planchette run` and `planchette doctor`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from tests.bot.shell.conftest import Shell
from tests.fakes.telegram import TelegramServer
from tests.patience import PATIENCE

WRONG = "7000000001:AAnotTheTokenOfAnybodyAtAll_00000000"


@pytest.fixture
async def telegram(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TelegramServer]:
    """Telegram, with the settings that lead there."""
    async with TelegramServer() as server:
        monkeypatch.setenv("PLANCHETTE_TELEGRAM__TOKEN", server.token)
        monkeypatch.setenv("PLANCHETTE_TELEGRAM__API", server.url)
        yield server


async def started() -> asyncio.subprocess.Process:
    """The program, in a process of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "run", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def test_well(telegram: TelegramServer, shell: Shell) -> None:
    """The doctor says whose token it is, where people find the bot, what it hears, and how updates come."""
    ran = await asyncio.to_thread(shell, "doctor")

    assert ran.code == 0, ran.err
    assert "✓ telegram: The token is that of @planchette_bot; people find it at https://t.me/planchette_bot." in ran.out
    assert "✓ telegram privacy: Privacy mode is on" in ran.out
    assert "✓ telegram updates: The bot polls; 0 updates wait." in ran.out
    assert telegram.token not in ran.out


async def test_wrong_token(telegram: TelegramServer, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that Telegram does not know is to be mended."""
    monkeypatch.setenv("PLANCHETTE_TELEGRAM__TOKEN", WRONG)

    ran = await asyncio.to_thread(shell, "doctor")

    assert ran.code == 1
    assert "✗ telegram: Telegram does not accept the token in telegram.token" in ran.out
    assert WRONG not in ran.out + ran.err


async def test_away(telegram: TelegramServer, shell: Shell) -> None:
    """A Telegram that does not answer is to be mended."""
    async with telegram.down():
        ran = await asyncio.to_thread(shell, "doctor")

    assert ran.code == 1
    assert f"✗ telegram: {telegram.url} does not answer" in ran.out


async def test_webhook(telegram: TelegramServer, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook whose posts do not arrive is told with where they should."""
    address = "https://bot.example.org/telegram"
    monkeypatch.setenv("PLANCHETTE_TELEGRAM__WEBHOOK", address)
    telegram.webhook_via = "http://127.0.0.1:9"
    await telegram.webhook.set(address, "secret")
    ada = telegram.user("Ada")
    await ada.says(telegram.private(ada), "/status")
    async with asyncio.timeout(PATIENCE):
        while not telegram.webhook.failed:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.01)

    ran = await asyncio.to_thread(shell, "doctor")

    assert f"· telegram updates: Telegram could not post to {address}" in ran.out
    assert "127.0.0.1:8479" in ran.out


async def test_a_forgotten_webhook(telegram: TelegramServer, shell: Shell) -> None:
    """A webhook that nobody listens to any more is told."""
    await telegram.webhook.set("https://bot.example.org/telegram", "secret")

    ran = await asyncio.to_thread(shell, "doctor")

    assert "the next start polls instead" in ran.out


@pytest.mark.parametrize("token", [WRONG, "nonsense"])
async def test_run_ends(telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """With a wrong token `run` ends with 1 and one sentence, which does not have the token in it."""
    monkeypatch.setenv("PLANCHETTE_TELEGRAM__TOKEN", token)
    monkeypatch.setenv("PLANCHETTE_WEB__ENABLED", "false")

    program = await started()
    _, errors = await asyncio.wait_for(program.communicate(), 60)

    assert program.returncode == 1
    assert errors.decode().splitlines()[-1].startswith("Telegram does not accept the token in telegram.token")
    assert "Traceback" not in errors.decode()
    assert token not in errors.decode()


async def test_killed(telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """After kill -9 the vote that was acknowledged stands, its ballot can be pressed, and new lines are answered."""
    monkeypatch.setenv("PLANCHETTE_WEB__ENABLED", "false")
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    first = await started()
    await ada.says(chat, "/story start seconds=600 Once upon a")
    ballot = await chat.until(lambda message: message.buttons, seconds=60)
    button = ballot.buttons[1]
    voted = await ada.presses(ballot, button)
    first.kill()
    await first.communicate()
    asked = await ada.says(chat, "/status")

    second = await started()
    told = await chat.until(lambda message: message.reply_to is asked, seconds=60)
    again = await ada.presses(ballot, button)
    second.terminate()
    await asyncio.wait_for(second.communicate(), 60)

    assert voted.text.startswith("You voted for")
    assert "already" in again.text
    assert "story" in told.text
    assert telegram.faults == []


async def test_run(telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a token alone `run` talks on Telegram, and SIGTERM ends it with 0."""
    monkeypatch.setenv("PLANCHETTE_WEB__ENABLED", "false")
    ada = telegram.user("Ada")
    program = await started()

    await ada.says(telegram.private(ada), "/generate seed=1 length=20 Once upon a time")
    told = await telegram.private(ada).until(lambda message: "seed=1" in message.text, seconds=60)
    program.terminate()
    out, _ = await asyncio.wait_for(program.communicate(), 60)

    assert told.text.startswith("Once upon a time▸")
    assert program.returncode == 0
    assert b"Planchette connects to Telegram" in out
    assert telegram.faults == []


def test_without_the_library(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed the doctor says what brings it."""
    monkeypatch.setenv("PLANCHETTE_TELEGRAM__TOKEN", WRONG)
    monkeypatch.setitem(sys.modules, "telegram", None)

    ran = shell("doctor")

    assert ran.code == 1
    assert "✗ telegram: Telegram needs packages that are not installed; make run EXTRAS=telegram" in ran.out


async def test_logs_keep_the_token(telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is logged, and whatever fails, the token is not in it."""
    monkeypatch.setenv("PLANCHETTE_WEB__ENABLED", "false")
    monkeypatch.setenv("PLANCHETTE_LOG__LEVEL", "debug")
    monkeypatch.setenv("PLANCHETTE_LOG__FORMAT", "json")
    ada = telegram.user("Ada")
    telegram.fail("sendMessage", 400)
    program = await started()

    await ada.says(telegram.private(ada), "/status")
    await telegram.private(ada).until(lambda message: "went wrong" in message.text, seconds=60)
    program.terminate()
    _, errors = await asyncio.wait_for(program.communicate(), 60)

    assert b"BadRequest" in errors
    assert telegram.token.partition(":")[2].encode() not in errors
