from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.training import scratch
from generators.training import windows as windows_module
from generators.training.windows import IGNORED, Encoded, Windows, place

LENGTHS = st.lists(st.integers(2, 60), min_size=1, max_size=8)


def documents(lengths: list[int]) -> Encoded:
    """Documents in which every token occurs once, so that a window tells where it is from."""
    ends = np.cumsum([0, *lengths]).tolist()
    return Encoded.of([list(range(start, start + size)) for start, size in zip(ends, lengths, strict=False)], 1000)


def windows(
    encoded: Encoded, size: int = 8, short: int = 0, repeat: int = 1, stretch: int = 1, stretched: float = 0.0
) -> Windows:
    return Windows(encoded, size, short, repeat, seed=3, pad=0, stretch=stretch, stretched=stretched)


@given(LENGTHS, st.integers(2, 20), st.integers(0, 3))
def test_inside(lengths: list[int], size: int, epoch: int) -> None:
    """A window is a stretch of one document, and as long as windows are where the document is."""
    encoded = documents(lengths)
    data = windows(encoded, size)
    data.epoch(epoch)

    for index in range(len(data)):
        window = data[index].ids.tolist()
        document = int(np.searchsorted(encoded.ends, window[0], side="right"))
        own = encoded[document].tolist()
        assert window == list(range(window[0], window[0] + len(window)))
        assert set(window) <= set(own)
        assert len(window) == min(size + 1, len(own))


@given(LENGTHS, st.integers(2, 20))
def test_starts_and_ends(lengths: list[int], size: int) -> None:
    """Every epoch has the start and the end of every document."""
    encoded = documents(lengths)
    data = windows(encoded, size)
    seen = {token for index in range(len(data)) for token in data[index].ids.tolist()}

    for document in range(len(encoded)):
        assert {int(encoded[document][0]), int(encoded[document][-1])} <= seen


def test_covered() -> None:
    """Over a few epochs every token is learnt, and few windows are needed for that."""
    encoded = documents([100])
    data = windows(encoded, size=10)
    seen: set[int] = set()

    for epoch in range(10):
        data.epoch(epoch)
        seen |= {token for index in range(len(data)) for token in data[index].ids.tolist()}

    assert len(data) == 10
    assert seen == set(range(100))


def test_epochs() -> None:
    """Borders move from epoch to epoch, and are the same for the same epoch."""
    data, again = windows(documents([100])), windows(documents([100]))

    first = [data[index].ids.tolist() for index in range(len(data))]
    data.epoch(1)
    second = [data[index].ids.tolist() for index in range(len(data))]
    again.epoch(1)

    assert first != second
    assert [again[index].ids.tolist() for index in range(len(again))] == second


def test_short_documents_repeat() -> None:
    """Short documents come as often as asked, long ones once."""
    data = windows(documents([9, 50, 9]), size=8, short=10, repeat=3)

    starts = [int(data[index].ids[0]) for index in range(len(data))]

    assert starts.count(0) == starts.count(59) == 3
    assert len(data) == 3 + 7 + 3


def test_stretched() -> None:
    """Stretched windows are longer, fewer, inside their documents, and at their starts and ends."""
    encoded = documents([100, 5])
    data = windows(encoded, size=8, stretch=4, stretched=0.5)
    data.plan(4)

    before = [data.__getitems__(range(len(data))) for _ in range(2)]
    items = [item.ids.tolist() for item in data.__getitems__(range(len(data)))]

    assert [len(batch) for batch in before] == [len(data)] * 2
    assert len(items) == -(-len(data) // 4)
    assert {len(item) for item in items[:-1]} == {33}
    assert items[0] == list(range(33))
    assert data[len(data) - 1].ids.tolist() == list(range(100, 105))
    assert data[len(data) - 2].ids.tolist() == list(range(67, 100))


def test_batch() -> None:
    """A batch is as long as its longest window; padding is not learnt."""
    data = windows(documents([9, 4]))

    batch = data.batch([data[0], data[1]])

    assert batch["input_ids"].tolist() == [list(range(9)), [9, 10, 11, 12, 0, 0, 0, 0, 0]]
    assert batch["labels"].tolist() == [[IGNORED, *range(1, 9)], [IGNORED, 10, 11, 12, *[IGNORED] * 5]]


def test_memory() -> None:
    """Ids take two bytes where the vocabulary allows it."""
    assert Encoded.of([[1, 2]], 65_536).ids.itemsize == 2
    assert Encoded.of([[1, 70_000]], 70_001).ids.itemsize == 4


@given(st.text())
def test_place(text: str) -> None:
    """A text has one place, inside the range."""
    assert 0 <= place(text) < 1
    assert place(text) == place(text)


def learnt_of(data: Windows, index: int) -> tuple[list[int], list[int]]:
    """What a window reads, and what of it is learnt."""
    batch = data.batch([data[index]])
    return batch["input_ids"][0].tolist(), [token for token in batch["labels"][0].tolist() if token != IGNORED]


def test_labels_before_each_window() -> None:
    """A document's labels stand before each of its windows, are never learnt, and are sometimes left out."""
    encoded = Encoded.of([[1, 90, 91, *range(10, 30), 1]], 100)
    data = Windows(encoded, 7, seed=3, pad=0, labels=[90, 91])
    bare = Windows(encoded, 7, seed=3, pad=0, labels=[90, 91], label_dropout=1.0)

    assert len(data) == len(bare) == 3
    assert learnt_of(data, 0) == ([1, 90, 91, *range(10, 17)], list(range(10, 17)))
    assert learnt_of(data, 2) == ([90, 91, *range(23, 30), 1], [*range(24, 30), 1])
    assert learnt_of(bare, 0) == ([1, *range(10, 17)], list(range(10, 17)))
    assert learnt_of(bare, 2) == ([*range(23, 30), 1], [*range(24, 30), 1])
    assert data[1].ids[:2].tolist() == [90, 91]


def test_context() -> None:
    """What a model's own window reaches back to is read before what is learnt."""
    encoded = Encoded.of([[1, *range(10, 30), 1]], 100)
    data = Windows(encoded, 7, seed=3, pad=0, context=3)

    read = [learnt_of(data, index) for index in range(len(data))]

    assert read[0] == ([1, *range(10, 17)], list(range(10, 17)))
    assert read[-1] == ([*range(20, 30), 1], [*range(24, 30), 1])


def test_steps() -> None:
    """With a step, windows begin so many tokens apart, the same in each epoch, up to the text's end."""
    data = windows(documents([30]), size=10)
    stepped = Windows(documents([30, 4]), 10, seed=3, pad=0, step=3)
    stepped.epoch(5)

    starts = [int(stepped[index].ids[0]) for index in range(len(stepped))]

    assert len(data) == 3
    assert starts == [0, 3, 6, 9, 12, 15, 18, 19, 30]


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents and windows that come in many blocks are those that come in one, and no file is left behind."""
    lengths = [2 + number * 7 % 50 for number in range(60)]
    data = windows(documents(lengths), short=10, repeat=2)
    data.epoch(3)
    expected = [data[index].ids.tolist() for index in range(len(data))]
    for module in (windows_module, scratch):
        monkeypatch.setattr(module, "BLOCK", 7)

    encoded = Encoded.of([documents(lengths)[number].tolist() for number in range(60)], 10_000, tmp_path)
    data = windows(encoded, short=10, repeat=2)
    data.epoch(3)

    assert [data[index].ids.tolist() for index in range(len(data))] == expected
    assert list(tmp_path.iterdir()) == []
