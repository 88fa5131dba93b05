from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from bot.corpora.conversations import LONGEST, OPEN, RECALLED, Conversations, Line

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)


def line(message: str, minutes: float, text: str | None = None, reply_to: str | None = None) -> Line:
    return Line(message, START + minutes * MINUTE, text or message, reply_to)


def conversations(lines: Iterable[Line]) -> Iterator[str]:
    """The documents that the messages of one place make, in the order in which they were written."""
    gathered = Conversations()
    for each in lines:
        yield from gathered.add(each)
    yield from gathered.end()


@st.composite
def logs(draw: st.DrawFn) -> list[Line]:
    """Messages in time, some of which answer others, also such as nobody knows."""
    waits = draw(st.lists(st.sampled_from([0, 1, 20, 31, 600, 2000]), max_size=40))
    lines: list[Line] = []
    at = 0
    for number, wait in enumerate(waits):
        at += wait
        reply = draw(st.one_of(st.none(), st.integers(-3, number).map(str)))
        lines.append(line(str(number), at, f"text {number}", reply))
    return lines


@given(logs())
def test_every_message_is_in_one_conversation(lines: Sequence[Line]) -> None:
    """Each message is in exactly one document, whatever answers what."""
    documents = list(conversations(lines))

    told = sorted(text for document in documents for text in document.split("\n"))
    assert told == sorted(line.text for line in lines)


@given(logs())
def test_messages_stand_in_their_order(lines: Sequence[Line]) -> None:
    """Within a document messages stand in the order in which they were written."""
    documents = list(conversations(lines))

    order = {line.text: number for number, line in enumerate(lines)}
    numbers = [[order[text] for text in document.split("\n")] for document in documents]
    assert numbers == [sorted(document) for document in numbers]


@given(logs())
def test_documents_end_in_time(lines: Sequence[Line]) -> None:
    """Documents come in the order of their last messages, so that the end of a corpus is its newest part."""
    ends = {line.text: line.at for line in lines}

    last = [ends[document.rpartition("\n")[2]] for document in conversations(lines)]

    assert last == sorted(last)


@given(logs())
def test_answers_are_joined(lines: Sequence[Line]) -> None:
    """Who answers a message of a conversation that waits is in one document with it."""
    documents = list(conversations(lines))

    of = {text: number for number, document in enumerate(documents) for text in document.split("\n")}
    for number, answer in enumerate(lines):
        asked = next((line for line in lines[:number] if line.message == answer.reply_to), None)
        if asked is not None and answer.at - asked.at <= RECALLED:
            assert of[answer.text] == of[asked.text]


def test_silence_ends_a_conversation() -> None:
    """After half an hour of silence another conversation begins, and not before."""
    documents = list(conversations([line("a", 0), line("b", 30), line("c", 60.1)]))

    assert documents == ["a\nb", "c"]


def test_an_answer_goes_on_with_what_it_answers() -> None:
    """An answer continues the conversation that it answers, and what follows it goes on there."""
    documents = list(
        conversations(
            [line("a", 0), line("b", 100), line("c", 101, reply_to="a"), line("d", 102), line("e", 103, None, "b")]
        )
    )

    assert documents == ["a\nc\nd", "b\ne"]


def test_answers_to_what_is_not_known() -> None:
    """An answer to a message that is too old, gone, or nobody's to use, stands where it was said."""
    documents = list(conversations([line("a", 0), line("b", 5000, reply_to="a"), line("c", 5001, reply_to="gone")]))

    assert documents == ["a", "b\nc"]


def test_long_conversations_are_divided() -> None:
    """A conversation that has become long goes on as another document."""
    lines = [line(str(number), 0, "x" * 999) for number in range(25)]

    sizes = [len(document) for document in conversations(lines)]

    assert sum(sizes) >= 25 * 999
    assert max(sizes) <= LONGEST


def test_memory_is_constant() -> None:
    """However many conversations there are, only some wait for answers."""
    gathered = Conversations()

    for number in range(10 * OPEN):
        list(gathered.add(line(str(number), 0, "x" * LONGEST)))

    assert len(list(gathered.end())) <= OPEN + 1
