"""`planchette replay`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.vocabulary import Vocabulary
from tests.bot.shell.conftest import Shell
from tests.crash.program import Program, eventually
from tests.fakes.models import save_tiny


def exported(home: Path) -> str:
    """A story of three rounds that a real program wrote and exported."""
    program = Program(home)
    program.say("Ada", "/story start solo=true Once upon a time")
    voted = ""
    for _ in range(3):
        eventually(lambda: program.candidate() not in ("", voted), "there is a new round")  # noqa: B023  # called now
        voted = program.candidate()
        ballot = program.ballot()
        assert ballot is not None
        program.press("Ada", ballot["id"], voted)
    program.say("Ada", "/story export json")
    eventually(lambda: any(message["attachments"] for message in program.messages("Ada")), "the file is there")
    (file,) = next(message["attachments"] for message in program.messages("Ada") if message["attachments"])
    text = program.client.get(file["url"]).text
    assert program.stop() == 0
    return text


def test_exported_story(shell: Shell, home: Path, tmp_path: Path) -> None:
    """An exported story is written again as it was; a vote that is changed in the file is noticed."""
    file = tmp_path / "story.json"
    file.write_text(exported(home), "utf-8")
    story = json.loads(file.read_text("utf-8"))

    (line,) = shell("replay", str(file), "--json").lines

    assert line == {"text": story["text"], "rounds": 3, "differences": []}
    story["rounds"][0]["votes"][0]["slot"] += 1
    file.write_text(json.dumps(story), "utf-8")
    ran = shell("replay", str(file), "--json")
    assert ran.lines[0]["differences"] != []
    assert ran.code == 1
    assert ran.err.startswith("The record does not replay: there ")


def recorded(model: Path, **changes: object) -> str:
    """A story of one round that a model of one's own wrote."""
    vocabulary = Vocabulary.load(model)
    unit = {"text": " b", "token_ids": vocabulary.encode(" b")}
    told = {
        "format": "planchette-story",
        "version": 1,
        "model": {"name": model.parent.name, "version": model.name},
        "start": {"text": "a", "token_ids": vocabulary.encode("a")},
        "rounds": [
            {
                "position": 0,
                "attempt": 1,
                "state": "closed",
                "seed": 7,
                "temperature": 1.0,
                "candidates": [{"slot": 0, **unit, "logprob": -1.0, "end": False}],
                "votes": [{"person": 1, "slot": 0}],
                "winner": 0,
            }
        ],
        "units": [{"position": 0, **unit}],
        "text": "a b",
    }
    return json.dumps({**told, **changes})


@pytest.mark.parametrize(
    ("ids", "code", "sentence"),
    [
        (None, 0, "The round was decided as the record says.\n"),
        ([300], 1, "The token ids of the start stand for «"),
        ([10**6], 1, "This is not an exported story that can be replayed: the start has token ids that are not whole"),
        ([True], 1, "This is not an exported story that can be replayed: the start has token ids that are not whole"),
        ("a", 1, "This is not an exported story that can be replayed: the start has no usable «token_ids»."),
    ],
)
def test_token_ids(shell: Shell, home: Path, tmp_path: Path, ids: object, code: int, sentence: str) -> None:
    """Token ids that are another text to the model that wrote them are told; those that are none are refused."""
    model = save_tiny(home / "models" / "mine" / "1")
    changes = {} if ids is None else {"start": {"text": "a", "token_ids": ids}}
    (tmp_path / "story.json").write_text(recorded(model, **changes), "utf-8")

    ran = shell("replay", str(tmp_path / "story.json"))

    assert (ran.code, ran.err[: len(sentence)]) == (code, sentence)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "other"}'])
def test_replay_refuses(shell: Shell, tmp_path: Path, text: str) -> None:
    """A file that is no exported story is refused in one sentence."""
    (tmp_path / "story.json").write_text(text, "utf-8")

    ran = shell("replay", str(tmp_path / "story.json"))

    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
