"""How a ballot looks."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.games import show
from bot.games.ballot import Ballot, Candidate
from bot.games.show import View

VIEW = View(
    round_id=12,
    number=3,
    text="Once upon a time there was",
    ballot=Ballot(
        (
            Candidate(0, " a", (1,), math.log(0.5)),
            Candidate(1, "\n", (2,), math.log(0.25)),
            Candidate(2, "", (0,), math.log(0.004), end=True),
            Candidate(3, " dragon", (4,), math.log(0.046), writer="web:Ada"),
        ),
        {"web:Ada": 3, "web:Ben": 0, "web:Cleo": 0},
    ),
    probabilities=True,
    players=("Ada", "Ben", "Cleo", "Dan"),
    missing=1,
    deadline=datetime(2026, 11, 1, 14, 3, 20, tzinfo=UTC),
)


def test_a_ballot() -> None:
    """The text so far, each candidate with bar, percentage and votes, the rest as «other», who plays, until when."""
    message = show.ballot(VIEW)

    assert message.text == (
        "Once upon a time there was\n\n"
        "█████░░░░░ 50 % ␣a — 2 votes\n"
        "██░░░░░░░░ 25 % ⏎\n"
        "░░░░░░░░░░ <1 % The end\n"
        "░░░░░░░░░░ 5 % ␣dragon (written in) — 1 vote\n"
        "██░░░░░░░░ 20 % other\n\n"
        "Round 3: vote until 14:03:20 UTC, or write in your own with /story write.\n"
        "Players: Ada, Ben, Cleo, Dan (3 of 4 have voted)"
    )


def test_alone() -> None:
    """Whoever has voted and plays alone is told how to go on, and play alone; a solo story says when chance decides."""
    alone = replace(VIEW, players=("Ada",), missing=0)

    assert show.ballot(alone).text.splitlines()[-1] == (
        "Nobody else plays yet; /story skip closes the round now. "
        "In a story that begins with /story start solo=true, one vote is enough."
    )
    assert "/story skip" not in show.ballot(replace(alone, missing=1)).text
    assert show.ballot(replace(alone, solo=True)).text.splitlines()[-2] == (
        "Round 3: the first press decides, or chance at 14:03:20 UTC."
    )


def test_buttons() -> None:
    """A button has the candidate's text and percentage, nothing else, and an action that stays."""
    assert tuple((button.label, button.action) for button in show.ballot(VIEW).plain_buttons) == (
        ("␣a · 50 %", "v:12:0"),
        ("⏎ · 25 %", "v:12:1"),
        ("The end · <1 %", "v:12:2"),
        ("␣dragon · 5 %", "v:12:3"),
    )


def test_sentences_show_no_probabilities() -> None:
    """A sentence's button has its text alone, shortened; bars show votes."""
    sentence = Candidate(0, " " + "and so on " * 12, (1,), -40.0)
    view = replace(VIEW, ballot=Ballot((sentence,), {"web:Ada": 0}), probabilities=False)

    message = show.ballot(view)

    assert "%" not in message.text
    assert "other" not in message.text
    assert "██████████ ␣and so on" in message.text
    (button,) = message.plain_buttons
    assert button.label.startswith("␣and so on")
    assert button.label.endswith("…")
    assert len(button.label) <= 80


def test_a_sentence_that_ends_the_story() -> None:
    """A sentence after which the story ends says so on the ballot and on its button, however long it is."""
    short = Candidate(0, " They slept.", (1,), -9.0, end=True)
    long = Candidate(1, " " + "and so on " * 30, (1,), -40.0, end=True)
    view = replace(VIEW, ballot=Ballot((short, long)), probabilities=False)

    message = show.ballot(view)

    assert "␣They slept. … The end\n" in message.text
    assert message.buttons[0].label == "␣They slept. … The end"
    assert message.text.count("… The end\n") == 2
    assert message.buttons[1].label.endswith("and so on … The end")
    assert len(message.buttons[1].label) <= 80


def test_a_long_text() -> None:
    """Of a long text the end is shown, after «…», and the message stays within what every platform takes."""
    view = replace(VIEW, text="begin " + "word " * 4000 + "finish", players=tuple("abcdefghij" * 5))

    text = show.ballot(view).text

    assert text.startswith("… word word")
    assert "finish\n\n" in text
    assert len(text) <= 1900


def test_an_empty_text() -> None:
    """An empty page says so, instead of beginning with nothing."""
    assert show.ballot(replace(VIEW, text="")).text.startswith("(An empty page. What is the first word?)\n\n")


def test_a_paused_ballot() -> None:
    """A paused story says so; its candidates can still be pressed."""
    message = show.ballot(replace(VIEW, deadline=None))

    assert "the story is paused. Press any button to go on." in message.text
    assert len(message.plain_buttons) == 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" a", "␣a"),
        ("  a b", "␣␣a b"),
        ("\n\n  a", "⏎⏎␣␣a"),
        (" ", "␣"),
        ("a\tb", "a⇥b"),
        ("\u200b", "<U+200B>"),
        ("\u202ea", "<U+202E>a"),
        ("\u00a0", "<U+00A0>"),
        ("👩‍🚀", "👩‍🚀"),
        ("\u200d", "<U+200D>"),
        ("\u3164", "<U+3164>"),
    ],
)
def test_readable(text: str, shown: str) -> None:
    """Spaces at the ends, line ends, and what cannot be seen get a sign of their own."""
    assert show.readable(text) == shown


@given(st.text(min_size=1))
def test_labels_are_never_blank(text: str) -> None:
    """Discord refuses a blank label and one of more than 80 characters: no candidate has one."""
    label = show.label(Candidate(0, text, (1,), -1.0), probability=False)

    assert label.strip()
    assert len(label) <= 80
    assert not set(label) & set("\n\r\u202e")


@pytest.mark.parametrize(
    ("probability", "percentage"),
    [(0.0, "<1 %"), (0.009, "<1 %"), (0.01, "1 %"), (0.346, "35 %"), (0.99, "99 %"), (0.995, ">99 %"), (1.0, "100 %")],
)
def test_percentages(probability: float, percentage: str) -> None:
    """Probabilities are whole per cent, and neither nothing nor certainty unless they are."""
    assert show.percentage(math.log(probability) if probability else -math.inf) == percentage


def test_a_percentage_that_is_unknown() -> None:
    """An unknown probability says so."""
    assert show.percentage(None) == "? %"


def test_outcomes() -> None:
    """A ballot that is over says what won, and why."""
    winner = Candidate(0, " a", (1,), -1.0)

    assert show.outcome(1, winner, "votes", 2, 3).text == "Round 1: «␣a» won with 2 of 3 votes."
    assert show.outcome(1, winner, "tie", 1, 2).text == "Round 1: «␣a» was drawn from a tie."
    assert show.outcome(1, winner, "no votes", 0, 0).text == "Round 1: nobody voted; «␣a» was drawn."


def test_the_end() -> None:
    """A story that is over shows its end, who wrote it, and how to get the whole."""
    message = show.ended("Once upon a time.", ("Ada", "Ben"))

    assert message.text == (
        "Once upon a time.\n\n"
        "The end. Written by Ada, Ben and a language model. /story export gives the whole story as a file."
    )
    assert message.buttons == ()
