"""HTML and MarkdownV2 as Telegram reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.helpers import escape_markdown

from tests.fakes.telegram.entities import Entity, Formatted, cleaned, part, units, with_found
from tests.fakes.telegram.markup import parsed
from tests.fakes.telegram.refusal import Refused


@pytest.mark.parametrize(
    ("source", "mode", "text", "entities"),
    [
        ("<b>a<i>b</i></b>", "HTML", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
        ("1 &lt; 2 &amp;&#33; &unknown;", "HTML", "1 < 2 &! &unknown;", []),
        ("😀<code>x</code>", "HTML", "😀x", [("code", 2, 1)]),
        ('<a href="https://e.org/?a=1&amp;b=2>">x</a>', "HTML", "x", [("text_link", 0, 1)]),
        ('<span class="tg-spoiler">x</span><b></b>', "HTML", "x", [("spoiler", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "HTML", "x", [("expandable_blockquote", 0, 1)]),
        ("*a _b_*", "MarkdownV2", "a b", [("bold", 0, 3), ("italic", 2, 1)]),
        ("__u__ ~s~ ||p||", "MarkdownV2", "u s p", [("underline", 0, 1), ("strikethrough", 2, 1), ("spoiler", 4, 1)]),
        ("`a*b` \\* 😀 `c`", "MarkdownV2", "a*b * 😀 c", [("code", 0, 3), ("code", 9, 1)]),
        ("[x](https://e.org/\\))", "MarkdownV2", "x", [("text_link", 0, 1)]),
        (">a\n>b\nc", "MarkdownV2", "a\nb\nc", [("blockquote", 0, 4)]),
    ],
)
def test_parsed(source: str, mode: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    """Markup becomes a text with entities at UTF-16 offsets."""
    formatted = parsed(source, mode)

    assert formatted.text == text
    assert [(entity.type, entity.offset, entity.length) for entity in formatted.entities] == entities


def test_code_with_language() -> None:
    """A block of code keeps its language, in both forms."""
    html = parsed('<pre><code class="language-python">x</code></pre>', "HTML")
    markdown = parsed("```python\nx```", "MarkdownV2")

    assert html == markdown == Formatted("x", (Entity("pre", 0, 1, {"language": "python"}),))


@pytest.mark.parametrize(
    "source", ["*open", "a.b", "1 - 2", "(x)", "[x]", "[x](open", "*a_b*c_", "```open", "a!", "||open|", "=", "{", "`"]
)
def test_broken_markdown(source: str) -> None:
    """A mark that is neither escaped nor closed cannot be parsed."""
    with pytest.raises(Refused, match="can't parse entities"):
        parsed(source, "MarkdownV2")


@given(st.text())
def test_escaped_markdown(text: str) -> None:
    """What the library escapes for MarkdownV2 is read as it was."""
    assert parsed(escape_markdown(text, version=2), "MarkdownV2") == Formatted(text)


def test_unknown_mode() -> None:
    """There is no other parse mode here; Telegram's first Markdown is not for new bots."""
    with pytest.raises(Refused, match="unsupported parse_mode"):
        parsed("x", "Markdown")


def test_cleaned_entities_move() -> None:
    """Entities go along when characters before them vanish or a text is trimmed."""
    formatted = Formatted(" \n😀\u202eab ", (Entity("bold", 2, 4), Entity("code", 0, 1)))

    clean = cleaned(formatted)

    assert clean.text == "😀ab"
    assert [(entity.type, part(clean.text, entity)) for entity in clean.entities] == [("bold", "😀a")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/story start", [("bot_command", "/story")]),
        ("😀 /help@planchette_bot now", [("bot_command", "/help@planchette_bot")]),
        ("a/b http://x.org/a.", [("url", "http://x.org/a")]),
        ("hi @ada, me@ada.org #tag", [("mention", "@ada"), ("hashtag", "#tag")]),
    ],
)
def test_found(text: str, found: list[tuple[str, str]]) -> None:
    """Telegram finds commands, mentions, hashtags and addresses by itself."""
    formatted = with_found(Formatted(text))

    assert [(entity.type, part(text, entity)) for entity in formatted.entities] == found


def test_units() -> None:
    """Lengths are in UTF-16 units."""
    assert units("a😀") == 3
