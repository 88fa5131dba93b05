"""A browser, and people who sit before it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.bot.platforms.serving import Serving, serving

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
TAKEN = "status of 409"  # chromium notes every refusal; this one belongs to a test
NEEDED = os.environ.get("CI") == "true"

Visit: TypeAlias = Callable[..., Awaitable[Page]]


def chromium(downloaded: str) -> str | None:
    """Where a browser is."""
    installed = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in (*installed, downloaded) if path and Path(path).exists()), None)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """The installed chromium, or the one that Playwright has downloaded."""
    async with async_playwright() as playwright:
        executable = chromium(playwright.chromium.executable_path)
        if executable is None:
            (pytest.fail if NEEDED else pytest.skip)("there is no chromium; `playwright install chromium` brings one")
        browser = await playwright.chromium.launch(executable_path=executable, headless=True, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def lobby(home: Path) -> AsyncIterator[Serving]:
    """A room on loopback."""
    async with serving(home) as served:
        yield served


@pytest.fixture
async def visit(browser: Browser, lobby: Serving) -> AsyncIterator[Visit]:
    """Opens a room in a window of its own and comes in under a name; at the end nothing may have gone wrong there."""
    faults: list[str] = []

    async def opened(name: str | None, *, room: str = "", **window: Any) -> Page:
        context = await browser.new_context(**window)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda said: faults.append(said.text) if said.type == "error" and TAKEN not in said.text else None,
        )
        page.on("request", lambda asked: None if asked.url.startswith(lobby.room.address) else faults.append(asked.url))
        await page.goto(f"{lobby.room.address}/{f'r/{room}' if room else ''}")
        if name is not None:
            await come_in(page, name)
        return page

    yield opened
    assert [fault for fault in faults if TAKEN not in fault] == []


async def come_in(page: Page, name: str) -> None:
    """Answers the question for a name."""
    await page.get_by_label("Your name", exact=True).fill(name)
    await page.get_by_role("button", name="Come in").click()
    await page.locator("#naming").wait_for(state="hidden")
    await page.locator("#state[data-state=connected]").wait_for()
