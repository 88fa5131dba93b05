"""`python -m benchmarks NAME [--rounds N]`, from a checkout."""

from __future__ import annotations

import argparse
import importlib

from benchmarks.peers import results

LEARNING = ("titles", "stories", "synopses", "training", "tuning")
NAMES = ("writing", "ballot", "start", "crowd", "guilds", "imported", "exports", "channel", *LEARNING)


def main() -> None:
    """Runs one benchmark and prints its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--rounds", type=int, default=5, help="pairs that count, after one that does not")
    parser.add_argument("--again", action="store_true", help="peers too whose long runs are kept beside them")
    arguments = parser.parse_args()
    if arguments.again:
        results.forget(arguments.name)
    print(importlib.import_module(f"benchmarks.{arguments.name}").main(arguments.rounds))


if __name__ == "__main__":
    main()
