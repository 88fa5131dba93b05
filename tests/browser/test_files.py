"""Files that people give in the room."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from bot.corpora.uploads import MOST
from tests.bot.platforms.serving import Serving, serving
from tests.browser.conftest import Visit, come_in

TALES: Final = FilePayload(name="tales.txt", mimeType="text/plain", buffer=b"a marvellous lamp")
STORIES: Final = FilePayload(name="stories.md", mimeType="text/markdown", buffer=b"a flying carpet")
KEPT: Final = "tales.txt is kept, to be learnt from by the next training here."

# drops a file on the room, as a hand does that holds one
DROP: Final = """([name, text]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  const onto = document.querySelector("#scroller");
  for (const kind of ["dragover", "drop"]) {
    onto.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    if (kind === "dragover") window.shown = document.body.className;
  }
}"""


def names(room: Serving) -> list[str]:
    """The files that are kept for the lobby."""
    return [file.name for file in room.bot.uploads.of_place("web:lobby")]


async def choose(page: Page, *files: FilePayload | Path) -> None:
    """Chooses files with the keyboard, where the browser asks for them."""
    button = page.get_by_role("button", name="Attach a text file")
    async with page.expect_file_chooser() as asked:
        await button.focus()
        await expect(button).to_be_focused()
        await page.keyboard.press("Enter")
    await (await asked.value).set_files(list(files))  # type: ignore[arg-type]


async def test_button(lobby: Serving, visit: Visit) -> None:
    """A button, which the keyboard reaches too, sends files one after another and leaves what is being written."""
    page = await visit("Ada")
    await page.get_by_role("combobox", name="Message").fill("half a line")

    await choose(page, TALES, STORIES)

    await expect(page.locator(".message.mine .text")).to_have_text(["/train upload"] * 2)
    await expect(page.get_by_text(KEPT)).to_be_visible()
    await expect(page.get_by_text("stories.md is kept")).to_be_visible()
    await expect(page.get_by_role("combobox", name="Message")).to_have_value("half a line")
    assert names(lobby) == ["stories.md", "tales.txt"]


async def test_drop(lobby: Serving, visit: Visit) -> None:
    """A file that is dropped on the room is sent; while it hovers there, the room shows that it would be."""
    page = await visit("Ada")

    await page.evaluate(DROP, ["tales.txt", "a marvellous lamp"])

    await expect(page.get_by_text(KEPT)).to_be_visible()
    assert "dropping" in await page.evaluate("window.shown")
    assert "dropping" not in (await page.locator("body").get_attribute("class") or "")
    assert names(lobby) == ["tales.txt"]


async def test_too_large(lobby: Serving, visit: Visit, tmp_path: Path) -> None:
    """A file that is too large is not sent, and a notice says so."""
    page = await visit("Ada")
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * (MOST + 1))

    await choose(page, large)

    await expect(page.locator(".notice")).to_have_text("large.txt is larger than 10 MB; make it smaller.")
    assert await lobby.read() == []


async def test_refused(home: Path, browser: Browser) -> None:
    """What cannot be learnt from is a notice."""
    async with serving(home) as served:
        page = await (await browser.new_context()).new_page()
        await page.goto(served.room.address)
        await come_in(page, "Ada")

        await choose(page, FilePayload(name="tales.pdf", mimeType="application/pdf", buffer=b"%PDF"))

        await expect(page.locator(".notice")).to_contain_text("tales.pdf cannot be learnt from")
        await page.context.close()


@pytest.mark.parametrize("admin", [True, False])
async def test_who_sees_it(home: Path, browser: Browser, admin: bool) -> None:
    """The button is there for admins alone, and for the others neither it nor a drop does anything."""
    async with serving(home, host="0.0.0.0", key="open sesame", admin_key="caliph") as served:
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{served.room.address}/")
        await page.set_extra_http_headers({"X-Forwarded-For": "192.0.2.1"})
        await page.get_by_label("Whoever runs the bot").fill("caliph" if admin else "open sesame")
        await page.keyboard.press("Enter")
        await come_in(page, "Ada")

        await expect(page.get_by_role("button", name="Attach a text file")).to_be_visible(visible=admin)
        await page.evaluate(DROP, ["tales.txt", "a marvellous lamp"])
        if admin:
            await expect(page.get_by_text(KEPT)).to_be_visible()
        else:
            assert "dropping" not in await page.evaluate("window.shown")
        await page.context.close()
