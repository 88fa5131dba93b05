"""How a training looks in a chat."""

from __future__ import annotations

from typing import Any

import pytest

from bot.consent.gate import Verdict
from bot.conversation import Button, Message
from bot.corpora.anonymous import NAMES
from bot.corpora.cleaning import OF_FILES
from bot.corpora.traces import TRACES
from bot.games.show import WHOLE
from bot.jobs.counting import REMOVED, REPLACED, counted
from bot.jobs.drafting import default_epochs
from bot.jobs.estimates import Estimate
from bot.jobs.showing import Draft, View, draft, over, running
from bot.languages import LANGUAGES, translator
from generators.errors import english

JOB = "0123456789ab"
TRAINING: dict[str, Any] = {
    "type": "progress",
    "phase": "checked",
    "step": 30,
    "of": 120,
    "epoch": 2.0,
    "epochs": 8.0,
    "loss": 1.5,
    "bits_per_character": 2.25,
    "seconds_left": 240.0,
    "samples": [[0.2, "the the", ""], [0.5, "hello there", ""]],
}


def test_on_its_way() -> None:
    """The message shows the bar, the epoch, loss, bits, the time that is left, and a text before and behind a guard."""
    view = View("voice", "charrnn")
    for event in (
        {"type": "measured", "what": "before", "bits_per_character": 4.5, "sample": "once upon"},
        TRAINING,
        {"type": "measured", "what": "after", "bits_per_character": 2.0, "sample": "well met"},
    ):
        view = view.after_event(event)

    shown = running(view, JOB, english)

    assert shown.text.splitlines() == [
        "The training of voice, from charrnn:",
        "▓▓▓▓▓░░░░░░░░░░░░░░░ 25%",
        "epoch 2.0 of 8 · loss 1.50 · 2.25 bits per character held out · charrnn had 4.50 on the newest text · about 4 "
        "min left",
        "Before: «once upon»",
        "Now: «well met»",
    ]
    assert [button.label for button in shown.buttons] == ["Cancel"]


def test_between_two_checks() -> None:
    """What was measured last stays until there is something newer; no text is shown that no guard has seen."""
    view = View("voice", "charrnn").after_event(TRAINING)

    later = view.after_event({**TRAINING, "phase": "training", "loss": None, "bits_per_character": None, "samples": []})

    assert (later.bits, later.loss, later.after) == (2.25, 1.5, "")


@pytest.mark.parametrize("text", ["x" * 100_000, "\n" * 1_000, "🧅" * 4_000])
def test_long_texts(text: str) -> None:
    """However long or odd the texts are, the message fits."""
    measures = {"bits_per_character": 4.0, "sample": text}
    adopted = Message("voice writes here now.", (Button("Roll back", "m:b:0"),))

    shown = over(View("voice", "charrnn"), {"before": measures, "after": measures}, adopted, english)

    assert len(shown.text) < WHOLE
    assert shown.buttons == adopted.buttons


def test_before_it_begins() -> None:
    """The question says what there is, what was left out and replaced, and what it takes."""
    found = Draft(
        "charrnn",
        34_567,
        3,
        {"channel_log": 900, "file": 1200, "submission": 1},
        {"commands": 4, "empty": 0, "before_consent": 1200},
        {"phones": 3},
        8,
        1,
        Estimate(300, 5 * 10**8, 1),
    )

    shown = draft(found, JOB, english)

    assert shown.text.splitlines()[1:] == [
        "Text: 34,567 characters from 3 people; 900 messages, 1,200 texts of the files, 1 text that was given.",
        "Left out: commands (4), from before their writers agreed (1,200).",
        "Replaced: telephone numbers (3).",
        "It goes on from charrnn, at most 8 times over the text. That takes about 5 min and 0.5 GB of memory, with 1 "
        "of the machine's cores.",
    ]
    assert [button.action for button in shown.buttons] == [f"j:g:{JOB}", f"j:x:{JOB}"]


def test_nothing_empty_before_it_begins() -> None:
    """What there is none of is not named: no people, nothing left out or replaced; a single pass is one."""
    found = Draft("charrnn", 2_345, 0, {"file": 284, "submission": 0}, {"empty": 0}, {}, 1, 1, None)

    shown = draft(found, JOB, english)

    assert shown.text.splitlines()[1:] == [
        "Text: 2,345 characters; 284 texts of the files.",
        "It goes on from charrnn, once over the text. The host of the models does that: the text is sent there, and "
        "how long it takes is told once it runs.",
    ]


@pytest.mark.parametrize(("step", "epoch", "told"), [(30, 2.0, True), (120, 8.0, False)])
def test_stopped_early(step: int, epoch: float, told: bool) -> None:
    """A training that ended before all its epochs says so in the end, and one that took all of them does not."""
    view = View("voice", "charrnn").after_event({**TRAINING, "step": step, "epoch": epoch})
    view = view.after_event({**TRAINING, "phase": "publishing", "step": step, "of": step})
    measures = {"bits_per_character": 4.0, "sample": ""}

    shown = over(view, {"before": measures, "after": measures}, Message(""), english)

    assert ("It stopped at epoch 2.0 of 8, as more did not help." in shown.text) is told


def test_all_that_is_counted_has_words() -> None:
    """Every reason to leave something out, and every kind of trace, is told in words, in each language."""
    refusing = {str(said) for said in Verdict} - {Verdict.ALLOWED}
    cleaning = {"commands", "empty", "symbols", *OF_FILES} - {"nfc"}  # which empties no text

    assert refusing | cleaning == set(REMOVED)
    assert {NAMES, *(trace.kind for trace in TRACES)} == set(REPLACED)
    assert counted({}, REMOVED, english) == ""
    for language in set(LANGUAGES) - {"en"}:
        told = counted({"commands": 1, "too_old": 1}, REMOVED, translator(language))
        assert "commands" not in told
        assert "too_old" not in told


def test_queue() -> None:
    """What waits says where it stands."""
    assert "3 in the queue" in running(View("voice", "charrnn", place=3), JOB, english).text


@pytest.mark.parametrize(
    ("kind", "characters", "epochs"),
    [
        ("charrnn", 50_000, 8),
        ("charrnn", 500_000, 8),
        ("charrnn", 2_000_000, 2),
        ("charrnn", 10**9, 1),
        ("gpt2", 10, 2),
    ],
)
def test_epochs(kind: str, characters: int, epochs: float) -> None:
    """Long texts are gone through less often."""
    assert default_epochs(kind, characters) == epochs
