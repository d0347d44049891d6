"""Compare accuracy on tables and render the page: ``python -m benchmarks.tables [run | render]``."""

import argparse
import pathlib
import sys

from benchmarks import ROOT
from benchmarks.tables.contenders import CONTENDERS
from benchmarks.tables.data import find_tables
from benchmarks.tables.race import run
from benchmarks.tables.render import render

RESULTS = ROOT / "benchmarks" / "results" / "tables.json"


def main(arguments=None):
    """Run the measurements or render the page; return the exit code."""
    options = _make_parser().parse_args(arguments)
    try:
        if options.command == "render":
            for written in render(options.results, options.into):
                print(f"rendered: {written}")
            return 0
        tables = list(find_tables(options.folder))
        if options.list:
            print("\n".join(tables))
            return 0
        chosen = {
            "tables": _check("--tables", options.tables, tables),
            "contenders": _check("--contenders", options.contenders, CONTENDERS),
        }
        run(**chosen, path=options.results, folder=options.folder, n_splits=options.splits, max_rows=options.rows)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"results: {options.results}")
    return 0


def _check(option, names, valid):
    """Return the given names, or all that are valid."""
    for name in names or ():
        if name not in valid:
            raise ValueError(f"{option} must be some of {', '.join(valid)}, not {name!r}")
    return list(names or valid)


def _make_parser():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    add = parser.add_argument
    add("command", nargs="?", default="run", choices=["run", "render"], help="render writes the page and the plot")
    add(
        "--folder",
        type=pathlib.Path,
        help="folder with further tables: public ones that benchmarks/tables/known.py "
        "lists, and those of its tables.csv, with the columns file, target and task",
    )
    add("--contenders", nargs="+", metavar="NAME", help=f"some of {', '.join(CONTENDERS)}")
    add("--tables", nargs="+", metavar="NAME", help="names of tables; --list lists them")
    add("--splits", type=_positive, default=3, metavar="N", help="number of splits of each table")
    add("--rows", type=_positive, default=4000, metavar="N", help="maximum number of training rows, and of test rows")
    add(
        "--results", type=pathlib.Path, default=RESULTS, metavar="FILE", help="JSON file, which is resumed if it exists"
    )
    add("--into", type=pathlib.Path, default=ROOT / "docs", metavar="FOLDER", help="folder of the page and the plot")
    add("--list", action="store_true", help="list the tables")
    return parser


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


if __name__ == "__main__":
    sys.exit(main())
