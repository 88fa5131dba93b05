"""The real text that sampling defaults are chosen beside."""

from __future__ import annotations

from pathlib import Path

from tools.sampling_defaults import before_ends


def test_real_text_stands_before_the_end_of_a_file(tmp_path: Path) -> None:
    """Of a hundred tales, it is the three before the last three."""
    file = tmp_path / "tales.txt"
    file.write_text("".join(f"Tale {number:02} has been told.\n" for number in range(100)))
    assert [document.text[:7] for document in before_ends(file)] == ["Tale 94", "Tale 95", "Tale 96"]


def test_a_long_tale_before_the_end_hides_no_real_text(tmp_path: Path) -> None:
    """Where a tale reaches from before that part into the end, it is the tales that end nearest to it."""
    file = tmp_path / "tales.txt"
    file.write_text(
        "".join(f"Tale {number:02} has been told.\n" for number in range(100)) + "It is long. " * 300 + "\n"
    )
    assert before_ends(file)[-1].text.startswith("Tale 99")
