"""Text from people, checked at the door."""

from __future__ import annotations

import pytest

from bot.text import TooLong, UnusableText, checked, is_visible


@pytest.mark.parametrize("text", ["", "  two spaces\n", "e=mc2", "ünï 🧑‍🚀 漢字", "a" * 20_000])
def test_text_comes_back_as_it_was_typed(text: str) -> None:
    """Whatever can be stored and shown is neither changed nor stripped."""
    assert checked(text, "the prompt") == text


@pytest.mark.parametrize("text", ["a\0b", "\ud83d", "evil\u202etxt", "\u2066isolated\u2069"])
def test_text_that_cannot_be_stored_or_shown(text: str) -> None:
    """NUL, half characters and turned directions are refused with one sentence that can itself be stored."""
    with pytest.raises(UnusableText) as caught:
        checked(text, "the prompt")

    sentence = caught.value.sentence()
    assert sentence.startswith("The prompt has ")
    assert sentence.encode()


def test_long_text() -> None:
    """One character too many is refused, and the sentence names both numbers."""
    with pytest.raises(TooLong) as caught:
        checked("a" * 20_001, "the prompt")

    assert caught.value.sentence() == "The prompt has 20,001 characters; at most 20,000 fit, so shorten it."


@pytest.mark.parametrize(("character", "visible"), [("a", True), ("😀", True), ("\u200b", False), ("\u3164", False)])
def test_visibility(character: str, visible: bool) -> None:
    """A character is visible if a reader sees anything where it stands."""
    assert is_visible(character) is visible
