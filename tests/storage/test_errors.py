from __future__ import annotations

import pickle

import pytest

from storage import errors
from storage.stories import Running

FACTS = ("/home/ada/planchette.db", "disk I/O error")
FAULTS = [
    errors.DatabaseFault,
    errors.DatabaseNewer,
    errors.DatabaseReadOnly,
    errors.DatabaseFull,
    errors.DatabaseBusy,
    errors.DatabaseUnreachable,
    errors.DatabaseForeign,
    errors.DatabaseClosed,
    errors.UnusableUrl,
    errors.MissingDriver,
]


@pytest.mark.parametrize(
    "error", [*(fault(*FACTS) for fault in FAULTS), Running("web:lobby", 4), errors.StorageError()]
)
def test_sentence(error: errors.StorageError) -> None:
    """Every error is a whole sentence to a person, also after it has travelled between processes."""
    travelled = pickle.loads(pickle.dumps(error))

    assert type(travelled) is type(error)
    assert travelled.sentence() == error.sentence() == str(error)
    assert error.sentence().endswith(".")
    assert "{" not in error.sentence()


@pytest.mark.parametrize("fault", FAULTS)
def test_translated(fault: type[errors.DatabaseFault]) -> None:
    """The sentence is made in the reader's language, from a whole sentence and the facts."""
    asked: list[tuple[str, dict[str, object]]] = []

    def translate(sentence: str, plural: str | None = None, /, **facts: object) -> str:
        asked.append((sentence, facts))
        return "übersetzt"

    assert fault(*FACTS).sentence(translate) == "übersetzt"
    [(sentence, facts)] = asked
    assert sentence.format(**facts) == fault(*FACTS).sentence()
