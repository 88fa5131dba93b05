"""`planchette replay`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bot.shell.conftest import Shell
from tests.crash.program import Program, eventually


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
    assert shell("replay", str(file), "--json").lines[0]["differences"] != []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "other"}'])
def test_replay_refuses(shell: Shell, tmp_path: Path, text: str) -> None:
    """A file that is no exported story is refused in one sentence."""
    (tmp_path / "story.json").write_text(text, "utf-8")

    ran = shell("replay", str(tmp_path / "story.json"))

    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
