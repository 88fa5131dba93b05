"""`python -m benchmarks NAME [--rounds N]`, from a checkout."""

from __future__ import annotations

import argparse
import importlib

NAMES = ("writing", "ballot", "start", "crowd", "guilds", "imported")


def main() -> None:
    """Runs one benchmark and prints its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--rounds", type=int, default=5, help="pairs that count, after one that does not")
    arguments = parser.parse_args()
    print(importlib.import_module(f"benchmarks.{arguments.name}").main(arguments.rounds))


if __name__ == "__main__":
    main()
