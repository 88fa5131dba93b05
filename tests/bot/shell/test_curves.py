"""The picture of a training, wherever the model goes."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from bot.shell.train import _measures
from generators.training import Progress
from tests.bot.shell.conftest import Shell

TINY = ("--epochs", "2", "--hidden-size", "8", "--embedding-size", "8", "--window", "16", "--min-count", "1")


def test_goes_with_the_model(shell: Shell, home: Path, tmp_path: Path) -> None:
    """The picture of a training is exported, imported and shown in a comparison with its model."""
    (tmp_path / "titles.txt").write_text("".join(f"a tool for {number} people\n" for number in range(60)), "utf-8")
    assert shell("train", str(tmp_path / "titles.txt"), *TINY).code == 0
    (drawn,) = (home / "models" / "titles").glob("*/curve.png")

    assert shell("models", "export", "titles", str(tmp_path / "there.zip")).code == 0
    assert shell("models", "import", str(tmp_path / "there.zip"), "--name", "back").code == 0
    (back,) = (home / "models" / "back").glob("*/curve.png")
    for report in ("report.html", "report.md"):
        compared = shell("compare", "titles", "back", "--max-tokens", "5", "--report", str(tmp_path / report))
        assert compared.code == 0, compared.err

    assert back.read_bytes() == drawn.read_bytes()
    assert (tmp_path / "report.html").read_text("utf-8").count(b64encode(drawn.read_bytes()).decode()) == 2
    assert "![titles: curve](<home/models/titles/" in (tmp_path / "report.md").read_text("utf-8")


def test_measures() -> None:
    """Beside the bar stand the loss, what is held out and the speed, in this order."""
    event = Progress("training", step=1, of=2, loss=1.23, bits_per_character=2.01, speed=41_000.4)

    assert _measures(event) == "loss 1.230, 2.010 bits per character held out, 41,000 characters/s"
