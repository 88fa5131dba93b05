from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("package", ["generators", "generators.training", "generators.evaluation"])
def test_imports(package: str) -> None:
    """Looking at recipes, reading corpora and measuring need no torch."""
    script = f"import sys, {package}; print(sorted({{'torch', 'transformers', 'accelerate'}} & set(sys.modules)))"

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout == "[]\n"


def test_without_torch(tmp_path: Path) -> None:
    """Where the packages for training are missing, training says which extra brings them."""
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path; from generators.training import train\n"
        "try: train([Path('x.txt')], output=Path('x'))\n"
        "except Exception as fault: print(type(fault).__name__, fault)"
    )

    (tmp_path / "x.txt").write_text("one\n")

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)

    assert answer.stdout.startswith("MissingExtra Training needs packages that are not installed")
    assert "make run EXTRAS=torch" in answer.stdout
