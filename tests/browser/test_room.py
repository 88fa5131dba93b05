"""The room as people see it."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot.conversation import Attachment, Button, Message, Place
from generators.scripted import Script
from storage import consents
from tests.bot.platforms.serving import Serving, serving
from tests.browser.conftest import Visit, come_in

PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
LOBBY: Final = Place("web", "lobby")
TALE: Final = Script(
    token="word",
    order=2,
    smoothing=0.02,
    texts=(
        *3 * ("Once upon a time there was a lighthouse that kept bees.",),
        *2 * ("Once upon a time there was a lighthouse that kept no light.",),
        *2 * ("Once upon a time there was a lighthouse that kept a diary.",),
        "Once upon a time there was a lighthouse that kept quiet.",
        "Once upon a time there was a lighthouse that kept secrets.",
        "Once upon a time there was a lighthouse that hummed.",
        "Once upon a time there was a lighthouse keeper.",
        "Once upon a time there was a clock that ran on rain.",
        "Once upon a time there was a letter nobody had written.",
        "Once upon a time there was a table that could write.",
    ),
)
STILL: Final = {"reduced_motion": "reduce"}
PHONE: Final = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, **STILL}
IMPATIENT: Final = """
  Math.random = () => 1;
  const later = setTimeout;
  window.setTimeout = (act, pause) => {
    const root = document.documentElement;
    root.dataset.pauses = `${root.dataset.pauses ?? ""} ${pause}`;
    return later(act, pause / 100);
  };
"""  # pauses are noted and hardly made, and none is shortened by chance
README: Final = Path(__file__).parents[2] / "docs" / "room.png"
SCREENSHOTS: Final = os.environ.get("PLANCHETTE_SCREENSHOTS")  # a folder for pictures of the tests; the README's too

# every visible text with its contrast to what is behind it (WCAG 2.2, 1.4.3)
CONTRASTS: Final = """() => {
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => rgb(color).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (rgb(color).length < 4 || rgb(color)[3] > 0.99) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("[aria-hidden=true]")) continue;
    const pair = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    found.push([element.textContent.slice(0, 40), (pair[0] + 0.05) / (pair[1] + 0.05)]);
  }
  return found;
}"""


async def write(page: Page, text: str) -> None:
    """Types a message and sends it."""
    await page.get_by_role("combobox", name="Message").fill(text)
    await page.keyboard.press("Enter")


async def vote(button: Locator) -> None:
    """Presses a button, and sees that the press has counted."""
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "true")


async def picture_of(page: Page, name: str) -> None:
    """Keeps a picture for people to look at, where one is wanted."""
    if SCREENSHOTS is not None:
        await page.screenshot(path=f"{SCREENSHOTS}/{name}.png")


async def too_wide(page: Page) -> list[str]:
    """Elements that stand out at the side."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 1)
            .map((element) => element.outerHTML.slice(0, 80))"""
    )
    return found


async def test_story_together(lobby: Serving, visit: Visit) -> None:
    """Two people in two windows start a story and vote, and both see the result as it comes."""
    ada, bob = await visit("Ada"), await visit("Bob")

    await ada.get_by_role("button", name="/story start Once upon a time").click()
    for page in (ada, bob):
        await expect(page.locator(".ballot .buttons button").first).to_be_visible()
    await vote(ada.locator(".ballot .buttons button").first)
    await expect(ada.locator(".notice")).to_contain_text("You voted")
    lobby.clock.advance(5)
    await expect(bob.locator(".ballot")).to_contain_text("1 vote")
    lobby.clock.advance(60)

    for page in (ada, bob):
        await expect(page.locator(".messages")).to_contain_text(re.compile(r"Round 1: .* won with 1 of 1 vote"))
        await expect(page.locator(".ballot")).to_contain_text("Round 2")


async def test_phone(lobby: Serving, visit: Visit) -> None:
    """On a phone nothing stands out at the side, and every button is large enough for a finger."""
    page = await visit("Ada", room="a-room-with-a-rather-long-name-that-has-to-be-cut-off-somewhere", **PHONE)
    place = Place("web", page.url.rpartition("/")[2])
    assert await too_wide(page) == []
    box = page.get_by_role("combobox", name="Message")
    await box.fill(str(await box.get_attribute("placeholder")))
    assert await box.evaluate("(box) => box.clientHeight") < 60  # one line, so that nothing of it is cut
    await box.fill("")

    await lobby.room.post(place, Message("long" * 200, attachments=(Attachment("x" * 90 + ".md", "text/plain", b""),)))
    buttons = tuple(Button(f"␣{'word' * size} · {size} %", f"v:1:{size}") for size in range(1, 10))
    await lobby.room.post(place, Message(f"Once\n\n██░░░░░░░░ 20 % {'ab' * 99}\n\nRound 1", buttons))
    await expect(page.locator(".ballot")).to_be_visible()

    await picture_of(page, "phone")
    assert await too_wide(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    for button in await page.get_by_role("button").all():
        box = await button.bounding_box()
        assert box is None or box["height"] >= 44


async def test_keyboard(lobby: Serving, visit: Visit) -> None:
    """Everything can be done without a mouse, and what has the focus is seen."""
    page = await visit(None)
    await expect(page.get_by_label("Your name", exact=True)).to_be_focused()
    await page.keyboard.type("Ada")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox", name="Message")).to_be_focused()

    await page.keyboard.type("/story sta")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Tab")
    await page.keyboard.type("Once upon")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("a")
    await expect(page.get_by_role("combobox", name="Message")).to_have_value("/story start Once upon\na")
    await page.keyboard.press("Enter")
    buttons = page.locator(".ballot .buttons button")
    await expect(buttons.first).to_be_visible()

    await page.keyboard.press("Escape")
    await expect(buttons.first).to_be_focused()
    assert await buttons.first.evaluate("(button) => getComputedStyle(button).outlineStyle") == "solid"
    await page.keyboard.press("ArrowRight")
    await expect(buttons.nth(1)).to_be_focused()
    await page.keyboard.press("1")
    await expect(buttons.first).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("Escape")
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("combobox", name="Message")).to_have_value("/story start Once upon\na")


async def test_only_votes_take_digits(lobby: Serving, visit: Visit) -> None:
    """A digit votes, wherever newer buttons stand; what agrees or deletes is pressed on purpose, and takes no text."""
    page = await visit("Ada")
    await write(page, "/story start Once upon a time")
    candidates = page.locator(".ballot .buttons button")
    await expect(candidates.first).to_be_visible()
    await write(page, "/log on")
    agree = page.get_by_role("button", name="I agree")
    await expect(agree).to_be_visible()

    await page.keyboard.press("Escape")
    await page.keyboard.press("1")
    await expect(candidates.first).to_have_attribute("aria-pressed", "true")
    await agree.focus()
    await page.keyboard.press("2")
    await page.keyboard.press("1")

    await expect(page.get_by_role("button", name="Write your own")).to_have_count(1)
    await expect(agree).to_have_attribute("aria-pressed", "false")
    assert await lobby.bot.database.read(lambda conn: consents.of_person(conn, "web:Ada")) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_contrast(lobby: Serving, visit: Visit, scheme: str) -> None:
    """By day and by night every text stands out from what is behind it."""
    page = await visit("Ada", color_scheme=scheme, **STILL)
    empty = await page.evaluate(CONTRASTS)

    await write(page, "/temperature hot")
    await expect(page.locator(".private")).to_be_visible()
    await write(page, "/story start Once upon a time")
    await vote(page.locator(".ballot .buttons button").first)
    full = await page.evaluate(CONTRASTS)

    assert len(full) > 20
    assert [(text, ratio) for text, ratio in (*empty, *full) if ratio < 4.5] == []
    await picture_of(page, scheme)


async def test_text_only(lobby: Serving, visit: Visit) -> None:
    """What people and models write is shown as it is written, never run."""
    page = await visit("Ada")
    text = "<img src=x onerror=alert(1)> & <b>bold</b>\n  two  spaces"

    await write(page, text)
    await lobby.room.post(LOBBY, Message(text, (Button(text, "x"),)))

    await expect(page.locator(".text")).to_have_count(2)
    assert await page.locator(".text").all_text_contents() == [text, text]
    assert await page.locator(".text img, .text b").count() == 0


def read(file: Path) -> bytes:
    """What is in a file."""
    return file.read_bytes()


async def test_picture_and_file(lobby: Serving, visit: Visit, tmp_path: Path) -> None:
    """A picture is shown, and a file can be downloaded."""
    page = await visit("Ada")
    png = base64.b64decode(PIXEL)
    await lobby.room.post(
        LOBBY, Message("done", picture=png, attachments=(Attachment("it.md", "text/markdown", b"it"),))
    )

    picture = page.locator(".picture")
    await expect(picture).to_be_visible()
    await picture.evaluate("(picture) => picture.decode()")
    async with page.expect_download() as started:
        await page.get_by_role("link", name="it.md").click()
    download = await started.value
    await download.save_as(tmp_path / "downloaded")

    assert download.suggested_filename == "it.md"
    assert read(tmp_path / "downloaded") == b"it"


async def test_same_name(visit: Visit) -> None:
    """A second person of one name is asked for another."""
    await visit("Ada")
    page = await visit(None)

    await page.get_by_label("Your name", exact=True).fill("ada")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("choose another")
    await come_in(page, "Ada B.")

    await expect(page.locator("#me")).to_have_text("Ada B.")


async def test_reading_back(lobby: Serving, visit: Visit) -> None:
    """Who reads what was written earlier is not torn away, but told that there is more."""
    page = await visit("Ada")
    for number in range(30):
        await lobby.say("Bob", f"number {number}")
    await expect(page.get_by_text("number 29")).to_be_in_viewport()

    await page.locator("#scroller").evaluate("(scroller) => scroller.scrollTo(0, 0)")
    await expect(page.get_by_text("number 0", exact=True)).to_be_in_viewport()
    await lobby.say("Bob", "the newest")
    await page.get_by_role("button", name="New messages").click()

    await expect(page.get_by_text("the newest")).to_be_in_viewport()


async def test_reconnects(home: Path, browser: Browser) -> None:
    """A page that was cut off says so, comes back by itself, and has missed nothing."""
    page = await (await browser.new_context()).new_page()
    async with serving(home) as first:
        port = first.room.port
        await page.goto(first.room.address)
        await come_in(page, "Ada")
        await first.say("Bob", "before")
        await expect(page.get_by_text("before")).to_be_visible()
    await expect(page.locator("#state")).to_have_text("reconnecting")

    async with serving(home, port=port) as second:
        await second.say("Bob", "after")
        await expect(page.get_by_text("after")).to_be_visible()
        await expect(page.locator("#state")).to_have_text("connected")
        await expect(page.get_by_text("before")).to_have_count(1)
        await page.context.close()


async def test_patient(home: Path, browser: Browser) -> None:
    """While the bot is away the page asks more and more rarely, at least twice a minute, until it is back."""
    page = await (await browser.new_context()).new_page()
    await page.add_init_script(IMPATIENT)
    async with serving(home) as first:
        port = first.room.port
        await page.goto(first.room.address)
        await come_in(page, "Ada")
    pauses = re.compile(" 1000 2000 4000 8000 16000 30000 30000 30000")
    await expect(page.locator("html")).to_have_attribute("data-pauses", pauses)

    async with serving(home, port=port) as second:
        await expect(page.locator("#state")).to_have_text("connected")
        await second.say("Bob", "after")
        await expect(page.get_by_text("after")).to_be_visible()

        await page.context.close()


async def test_forgotten(lobby: Serving, visit: Visit) -> None:
    """What somebody said disappears from all open pages when they are forgotten; what others said stays."""
    for number in range(120):  # more than the room gives at once
        await lobby.say("Ada" if number % 40 == 0 else "Bob", f"number {number}")
    ada, bob = await visit("Ada"), await visit("Bob")
    for number in range(120, 220):
        await lobby.say("Cleo", f"number {number}")
    await expect(bob.get_by_text("number 219")).to_be_visible()
    await expect(bob.get_by_text("number 80", exact=True)).to_have_count(1)

    await write(ada, "/forgetme")
    await ada.get_by_role("button", name="Delete everything").click()

    for page in (ada, bob):
        await expect(page.locator(".message").filter(has_text=re.compile("^Ada"))).to_have_count(0)
        await expect(page.locator(".message")).to_have_count(198)
    await expect(ada.get_by_role("button", name="Delete everything")).to_have_count(0)


async def test_door(home: Path, browser: Browser) -> None:
    """Off loopback a page asks for the key once, and then is the room that was asked for."""
    page = await (await browser.new_context()).new_page()
    async with serving(home, host="0.0.0.0", key="open sesame") as served:
        await page.goto(f"{served.room.address}/r/den")
        await page.get_by_label("Whoever runs the bot").fill("sesame")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("That is not the key.")
        await page.get_by_label("Whoever runs the bot").fill("open sesame")
        await page.keyboard.press("Enter")
        await come_in(page, "Ada")
        await write(page, "hello")

        await expect(page.locator(".message.mine")).to_contain_text("hello")
        assert page.url.endswith("/r/den")
        await page.context.close()


@pytest.mark.skipif(SCREENSHOTS is None, reason="PLANCHETTE_SCREENSHOTS names no folder for pictures")
async def test_readme_picture(home: Path, browser: Browser) -> None:
    """The README shows a room in which a story is being written."""
    async with serving(home, script=TALE) as served:
        context = await browser.new_context(viewport={"width": 1080, "height": 860}, device_scale_factor=1.5)
        page = await context.new_page()
        await page.goto(f"{served.room.address}/r/story-night")
        await come_in(page, "Ada")
        room = "story-night"
        await served.say("Bob", "Shall we? I want bees in it.", room=room)
        await write(page, "/story start temperature=0 Once upon a time there was a lighthouse")
        buttons = page.locator(".ballot .buttons button")
        await expect(buttons.first).to_be_visible()
        await served.say("Bob", "/story join", room=room)
        await expect(page.get_by_text("Bob plays along")).to_be_visible()
        for word in ("that", "kept"):
            await vote(buttons.filter(has_text=word))
            served.clock.advance(61)
            await expect(page.locator(".ballot .prose")).to_contain_text(word)
        [ballot] = [message for message in await served.read(room=room) if message["buttons"]]
        for person, choice in (("Cleo", 0), ("Dan", 1)):
            await served.press(person, ballot["id"], ballot["buttons"][choice]["action"], room=room)
        await vote(buttons.first)
        served.clock.advance(5)
        await expect(page.locator(".ballot")).to_contain_text("2 votes")
        await page.locator(".notice").last.wait_for(state="hidden")
        await page.screenshot(path=README)
        await context.close()


async def test_description(visit: Visit) -> None:
    """The API's description shows every path."""
    page = await visit("Ada")

    await page.goto(page.url + "api/docs")

    await expect(page.get_by_role("heading", name="POST /api/rooms/{room}/press")).to_be_visible()
    await expect(page.get_by_role("heading", name="GET /api/rooms/{room}/events")).to_be_visible()
