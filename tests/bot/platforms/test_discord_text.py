"""Text that Discord shows as it was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Button, Message
from bot.platforms.discord.body import bodies, custom_id, pressed, rows
from bot.platforms.discord.text import MESSAGE_TEXT, contents, escaped, unescaped

MARKDOWN = st.text(st.sampled_from(list("ab 1.)#>-*_~|`<>[]()@:/\\\n\té🐝")), max_size=200)


@given(MARKDOWN)
def test_nothing_is_lost(text: str) -> None:
    """What is escaped reads as it was typed."""
    assert unescaped(escaped(text)) == text


@given(MARKDOWN)
def test_nothing_means_anything(text: str) -> None:
    """No mark of Markdown, mention or link is left without a backslash."""
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", escaped(text))

    assert not re.search(r"[*_~|`<\[\]@\\]|://", bare)
    assert not re.search(r"^[ \t]*([#>-]|\d+[.)])", re.sub(r"\\[^\w\s]", "x", escaped(text)), re.MULTILINE)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("@everyone", r"\@everyone"),
        ("<@1> <#2> </x:3> <t:4> <:bee:5>", r"\<\@1> \<#2> \</x:3> \<t:4> \<\:bee:5>"),
        (":bee: at 12:30", r"\:bee: at 12:30"),
        ("+ plus", r"\+ plus"),
        ("\u2003# wide", "\u2003\\# wide"),
        ("1234567890. long", r"1234567890\. long"),
        ("https://example.org/a_b", r"https\://example.org/a\_b"),
        ("# heading", r"\# heading"),
        ("-# small", r"\-# small"),
        ("1. first", r"1\. first"),
        ("it costs 1.5", "it costs 1.5"),
        ("snake_case", r"snake\_case"),
        (r"a\*b", r"a\\\*b"),
    ],
)
def test_escaped(typed: str, sent: str) -> None:
    """Mentions, links, headings, lists and emphasis are sent so that they are shown as typed."""
    assert escaped(typed) == sent


@given(st.text(st.sampled_from(list("ab.*_ \n🐝👩‍👧é")), max_size=6_000))
def test_every_part_fits(text: str) -> None:
    """A text of any length fills messages that Discord takes, none of them empty."""
    parts = contents(text)

    assert all(0 < len(part.encode("utf-16-le")) // 2 <= MESSAGE_TEXT for part in parts)
    assert all(part.strip() for part in parts)


def test_buttons_belong_to_the_last_part() -> None:
    """Only the last message of a long text has its buttons and files."""
    message = Message("word " * 1_000, (Button("one", "v:1:1"),), picture=b"png")

    *first, last = bodies(message)

    assert len(first) == 2
    assert [body.json["components"] for body in first] == [[], []]
    assert len(last.json["components"]) == 1
    assert last.files == (("picture.png", b"png"),)


def test_five_buttons_in_a_row() -> None:
    """Buttons stand in rows of five, at most 25 of them."""
    buttons = tuple(Button(str(number), f"v:1:{number}") for number in range(30))

    shown = bodies(Message("x", buttons))[0].json["components"]

    assert [len(row["components"]) for row in shown] == [5] * 5
    assert len(rows(buttons[:7])) == 2


def test_what_a_button_asks_for_comes_back() -> None:
    """A button that asks for a line says so itself, so that nobody has to remember it over a restart."""
    sent = custom_id(Button("Write in…", "w:17", asks="Your own candidate"))

    assert pressed(sent) == ("w:17", "Your own candidate")
    assert pressed("v:17:3") == ("v:17:3", "")
