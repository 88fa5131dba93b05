"""What people are told before they agree."""

from __future__ import annotations

import hashlib
from typing import Final

import pytest

from bot.consent import wording
from bot.consent.wording import Covers, Wording
from generators.errors import english

TEXTS: Final = {  # a changed text is a new edition: who agreed to the old one did not agree to the new one
    wording.LOG: "5102b07f5c58a76a",
    wording.TEACH: "55b9f6d6623f15b9",
    wording.DISCORD_LOG: "a4e4eddea0e489a8",
    wording.TELEGRAM_LOG: "1fe04725557f747b",
}


@pytest.mark.parametrize("edition", wording.TEXTS)
@pytest.mark.parametrize("days", [None, 1, 365, wording.LONGEST])
def test_numbers(edition: int, days: int | None) -> None:
    """A number tells edition and days."""
    told = Wording(edition, days)

    assert Wording.of(told.number) == told


@pytest.mark.parametrize("number", [-1, 999, 365_999, (wording.LONGEST + 1) * 1000 + 1, 10**12])
def test_nobody_was_told(number: int) -> None:
    """A number that stands for no wording allows nothing."""
    assert Wording.of(number) is None


@pytest.mark.parametrize("edition", TEXTS)
def test_texts_stay(edition: int) -> None:
    """The text of an edition is never changed."""
    said = Wording(edition, 365).text(english)

    assert hashlib.sha256(said.encode()).hexdigest()[:16] == TEXTS[edition]


@pytest.mark.parametrize("edition", TEXTS)
def test_plain_words(edition: int) -> None:
    """A wording says what is kept, for what, and how long."""
    said = Wording(edition, 90).text(english)

    assert [line.partition(":")[0] for line in said.splitlines()] == ["What is kept", "For what", "How long"]
    assert "90 days" in said


@pytest.mark.parametrize(
    ("platform", "promise"),
    [
        ("discord", "edited or deleted there too: at once, or if I am away just then, when I have come back"),
        ("telegram", "what you delete here stays kept until you withdraw"),
    ],
)
def test_what_is_followed(platform: str, promise: str) -> None:
    """People are promised no more than their platform tells a bot."""
    said = Wording(wording.log_on(platform), 365).text(english)

    assert promise in said
    assert said.count("there too") == 1


def test_room() -> None:
    """Where nothing can be edited or deleted, nobody is told what becomes of that."""
    said = Wording(wording.log_on("web"), 365).text(english)

    assert "edit" not in said


@pytest.mark.parametrize("edition", TEXTS)
def test_where_it_is_trained(edition: int) -> None:
    """People are told that their text may go to another machine of the operator's."""
    assert "or on the GPU host of whoever runs me" in Wording(edition, 365).text(english)


def test_what_a_wording_covers() -> None:
    """Who agreed to give single texts has not agreed to anything else."""
    for platform in ("web", "discord", "telegram"):
        assert Wording(wording.log_on(platform)).covers(Covers.CHANNEL_LOG)
        assert Wording(wording.log_on(platform)).covers(Covers.SUBMISSION)
    assert not Wording(wording.TEACH).covers(Covers.CHANNEL_LOG)
    assert not Wording(wording.ELSEWHERE).covers(Covers.SUBMISSION)
