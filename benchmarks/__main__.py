"""The command line: ``python -m benchmarks [run | render]``."""

import argparse
import fnmatch
import json
import os
import pathlib
import sys
import time

from benchmarks import ROOT
from benchmarks.environment import ask_environment, clean_variables
from benchmarks.race import PAUSE, race
from benchmarks.render import one_line, render
from benchmarks.worker import ROUND_SECONDS
from benchmarks.workload import Fit
from benchmarks.workloads import WORKLOADS

RESULTS = pathlib.Path(__file__).parent / "results"


def main(arguments=None):
    """Run the benchmarks and render the tables; return the exit code."""
    options = _parse(arguments)
    if options.list:
        for workload in WORKLOADS.values():
            print(f"{workload.name:28} {'quick  ' if workload.in_quick else '       '}{workload.title}")
        return 0
    chosen = [
        name for name in WORKLOADS if not options.only or any(fnmatch.fnmatch(name, only) for only in options.only)
    ]
    if options.quick and not options.only:
        chosen = [name for name in chosen if WORKLOADS[name].in_quick]
    if not chosen:
        print(f"There is no workload {', '.join(options.only)}; --list names them.", file=sys.stderr)
        return 2
    if options.profile:
        from benchmarks.profile import show

        for name in chosen:
            if getattr(WORKLOADS[name], "kind", None) == "MLPClassifier":
                print(show(name, options.quick), end="\n\n", flush=True)
        return 0
    kind = "partial" if options.only else "quick" if options.quick else "full"
    path = options.results or RESULTS / f"{kind}.json"
    if options.command == "run":
        run(chosen, path, quick=options.quick, rounds=options.rounds, keep_variables=options.keep_variables)
        print(f"results: {path}")
    if options.command == "render" or kind == "full":
        for written in render(options.results or RESULTS / "full.json", options.into):
            print(f"rendered: {written}")
    return 0


def run(names, path, *, quick=False, rounds=None, pause=PAUSE, keep_variables=False):
    """Run workloads and write what they find, after each of them, so that an interrupted run keeps what it has.

    Parameters
    ----------
    names : list of str
        Of the workloads.
    path : Path
        JSON file to write.
    quick : bool, default=False
        Less work, fewer rounds, and compiled code of earlier runs.
    rounds : int or None, default=None
        Times that each contender does the work; None is each workload's own number.
    pause : float, default=PAUSE
        Seconds before each.
    keep_variables : bool, default=False
        Keep environment variables that tell libraries to take the processor for another one.

    Returns
    -------
    results : dict
        As written.
    """
    settings = {"quick": quick, "rounds": rounds, "pause": pause, "warm_up": ROUND_SECONDS}
    variables = dict(os.environ) if keep_variables else clean_variables()
    results = {"environment": ask_environment(variables), "settings": settings, "workloads": []}
    path.parent.mkdir(parents=True, exist_ok=True)
    load, cores = results["environment"]["load_average"], results["environment"]["usable_cores"]
    if load is not None and load > 0.5 * cores:
        print(f"The machine is busy (load average {load:.1f} on {cores} cores): expect noise.", file=sys.stderr)
    for name, value in results["environment"]["dropped"].items():
        print(f"{name}={value} is dropped: with it a library is slower than its users have it.", file=sys.stderr)
    for name in names:
        start = time.perf_counter()
        workload = WORKLOADS[name]
        print(workload.title, flush=True)
        if isinstance(workload, Fit):
            record = race(workload, variables, quick=quick, rounds=rounds, pause=pause)
        else:
            record = workload.measure(variables, quick, rounds)
        record["duration"] = time.perf_counter() - start
        for line in one_line(record):
            print(f"    {line}", flush=True)
        results["workloads"].append(record)
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return results


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "command", nargs="?", default="run", choices=["run", "render"], help="render only draws the tables anew"
    )
    parser.add_argument("--quick", action="store_true", help="a minute or two: some workloads, with less data")
    parser.add_argument("--only", action="append", metavar="NAME", help="a workload, or a pattern; may be repeated")
    parser.add_argument("--rounds", type=_positive, help="times that each contender does the work")
    parser.add_argument("--results", type=pathlib.Path, metavar="FILE", help="JSON file to write, or to render")
    parser.add_argument(
        "--into", type=pathlib.Path, default=ROOT, metavar="FOLDER", help="where README.md and docs are"
    )
    parser.add_argument(
        "--keep-variables", action="store_true", help="keep OPENBLAS_CORETYPE and its kin, which slow down one side"
    )
    parser.add_argument("--list", action="store_true", help="name the workloads")
    parser.add_argument(
        "--profile", action="store_true", help="where the time of our fits goes, for the networks among the workloads"
    )
    return parser.parse_args(arguments)


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


if __name__ == "__main__":
    sys.exit(main())
