"""A package of somebody else's that adds a generator; `docs/generators.md` shows it."""

from __future__ import annotations

import tomllib
from pathlib import Path

BIGRAMS = Path(__file__).parent / "bigrams"


def installed(into: Path) -> Path:
    """The folder to put on the path: package and metadata as an installer leaves them, without a build tool."""
    project = tomllib.loads((BIGRAMS / "pyproject.toml").read_text("utf-8"))["project"]
    module = "planchette_bigrams.py"
    (into / module).write_text((BIGRAMS / module).read_text("utf-8"), "utf-8")
    metadata = into / f"planchette_bigrams-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n", "utf-8")
    points = [
        line
        for group, names in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in names.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(points) + "\n", "utf-8")
    return into
