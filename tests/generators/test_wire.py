"""Errors between a host and whoever asks it: facts that can be said in another language."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from generators.errors import InvalidValue, Phrase, Unsupported, UserError
from generators.wire import error_from_json, error_to_json


def sent(fault: UserError) -> Any:
    """What arrives of a fault."""
    return json.loads(json.dumps(error_to_json(fault)))["error"]


@pytest.mark.parametrize(
    "fault",
    [
        InvalidValue("n", 17, Phrase("a whole number from {least:,} to {most:,}", least=1, most=16_000)),
        InvalidValue("n", 17, Phrase("{allowed} or default", allowed="true or false")),
        Unsupported("tiny", Phrase("scoring of a prompt")),
        Unsupported("tiny", "something that an older host says"),
    ],
)
def test_phrases_survive(fault: UserError) -> None:
    """A fault's phrases are told with their facts, so that whoever asked can say them in another language."""
    arrived = error_from_json(sent(fault))

    assert arrived is not None
    assert arrived.__dict__ == fault.__dict__
    assert str(arrived) == str(fault)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks(value: float) -> None:
    """A value that is no finite number is told by its name: the JSON stays JSON, and the sentence the same."""
    fault = InvalidValue("top_p", value, "a number above 0, at most 1")

    arrived = error_from_json(json.loads(json.dumps(error_to_json(fault), allow_nan=False))["error"])

    assert str(arrived) == str(fault)


@pytest.mark.parametrize(
    "phrase",
    [
        {"phrase": "{fact.__class__}", "facts": {"fact": "x"}},
        {"phrase": "{fact:999999999}", "facts": {"fact": "x"}},
        {"phrase": "{fact!r}", "facts": {"fact": "x"}},
        {"phrase": "{fact:,}", "facts": {"fact": "x"}},
        {"phrase": "{missing}", "facts": {}},
        {"phrase": "{fact}", "facts": {"fact": {"deep": 1}}},
        {"phrase": "{fact}", "facts": ["fact"]},
    ],
)
def test_braces_of_strangers(phrase: dict[str, Any]) -> None:
    """A host cannot make us fill in what a sentence has no need of: its words are shown as they came."""
    error = sent(Unsupported("tiny", "quux"))
    error["planchette"]["what"] = phrase

    arrived = error_from_json(error)

    assert str(arrived) == f"The model tiny cannot do this: {phrase['phrase']}. Choose another model."


def test_broken_braces() -> None:
    """A phrase that is none makes the fault another's error, which is said as it came."""
    error = sent(Unsupported("tiny", "quux"))
    error["planchette"]["what"] = {"phrase": "{", "facts": {}}

    assert error_from_json(error) is None
