"""`python -m benchmarks NAME [ROW ...] [--rounds N]`, from a checkout."""

from __future__ import annotations

import argparse
import importlib

from benchmarks.peers import results

LEARNING = ("titles", "stories", "synopses", "training", "trials", "tuning")
SERVING = ("crowd", "cluster", "guilds", "channel", "soak")
NAMES = ("engine", "writing", "ballot", "start", "imported", "exports", *SERVING, *LEARNING)


def run() -> None:
    """Runs one benchmark and prints its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="of the benchmark engine, only these rows")
    parser.add_argument("--rounds", type=int, default=5, help="pairs that count, after one that does not")
    parser.add_argument("--minutes", type=int, default=30, help="of the benchmark soak")
    parser.add_argument("--again", action="store_true", help="peers too whose long runs are kept beside them")
    arguments = parser.parse_args()
    if arguments.again:
        results.forget(arguments.name)
    main = importlib.import_module(f"benchmarks.{arguments.name}").main
    if arguments.name == "engine":
        print(main(arguments.rounds, arguments.rows))
    elif arguments.name == "soak":
        print(main(arguments.minutes))
    elif arguments.rows:
        parser.error(f"{arguments.name} has no rows to choose from")
    else:
        print(main(arguments.rounds))


if __name__ == "__main__":
    run()
