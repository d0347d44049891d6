"""Run the benchmarks and render their tables: ``python -m benchmarks [run | render]``.

The results of a whole run are written to ``benchmarks/results``, in a file that is named by the processor and the
number of usable cores. All these files are rendered together.
"""

import argparse
import fnmatch
import json
import os
import pathlib
import sys
import tempfile
import time

from benchmarks import ROOT
from benchmarks.environment import ask_environment, clean_variables, machine_name
from benchmarks.markdown import one_line
from benchmarks.race import race
from benchmarks.render import render
from benchmarks.threads import ALL, ONE
from benchmarks.worker import ROUND_SECONDS
from benchmarks.workload import Fit
from benchmarks.workloads import WORKLOADS

RESULTS = pathlib.Path(__file__).parent / "results"

#: Names of the files of whole runs.
MACHINES = "*-core*.json"

THREADS = {"all": ALL, "one": ONE}


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
        print(f"There is no workload {', '.join(options.only)}; --list lists them.", file=sys.stderr)
        return 2
    if options.profile:
        from benchmarks.profile import show

        for name in chosen:
            if getattr(WORKLOADS[name], "kind", None) == "MLPClassifier":
                print(show(name, options.quick), end="\n\n", flush=True)
        return 0
    whole = not (options.only or options.quick or options.threads)
    if options.command == "run":
        kind = "quick.json" if options.quick and not options.only else "partial.json"
        path = options.results or (None if whole else RESULTS / kind)
        threads = [THREADS[options.threads]] if options.threads else [ALL, ONE]
        others = {"quick": options.quick, "rounds": options.rounds, "keep_variables": options.keep_variables}
        _, path = run(chosen, path, threads=threads, **others)
        print(f"results: {path}")
    if options.command == "render" or whole:
        paths = [options.results] if options.results else sorted(RESULTS.glob(MACHINES))
        if not paths:
            print(f"There are no results in {RESULTS}; run the benchmarks first.", file=sys.stderr)
            return 2
        for written in render(paths, options.into):
            print(f"rendered: {written}")
    return 0


def run(names, path=None, *, threads=(ALL, ONE), quick=False, rounds=None, pause=None, keep_variables=False):
    """Run workloads, and write the results after each race, so that an interrupted run keeps the earlier ones.

    Parameters
    ----------
    names : list of str
        Names of the workloads.
    path : Path or None, default=None
        JSON file to write. None stands for the file of this processor among the results.
    threads : sequence of str, default=(ALL, ONE)
        Numbers of threads with which to run the races.
    quick : bool, default=False
        Whether to use less data, fewer rounds, and the compiled code of earlier runs.
    rounds : int or None, default=None
        Number of rounds. None stands for the number of each workload.
    pause : float or None, default=None
        Seconds before each round. None stands for those of `benchmarks.race.PAUSE`.
    keep_variables : bool, default=False
        Whether to keep environment variables that make libraries treat the processor as another one.

    Returns
    -------
    results : dict
        Content of the file.
    path : Path
        The file.
    """
    settings = {"quick": quick, "rounds": rounds, "pause": pause, "warm_up": ROUND_SECONDS}
    variables = dict(os.environ) if keep_variables else clean_variables()
    results = {"environment": ask_environment(variables), "settings": settings, "workloads": []}
    path = path or RESULTS / f"{machine_name(results['environment']).replace(', ', '-').replace(' ', '-')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    load, cores = results["environment"]["load_average"], results["environment"]["usable_cores"]
    if load is not None and load > 0.5 * cores:
        print(f"The machine is busy (load average {load:.1f} on {cores} cores): expect noise.", file=sys.stderr)
    for name, value in results["environment"]["dropped"].items():
        print(f"{name}={value} is dropped because it makes a library slower than usual.", file=sys.stderr)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for name in names:
            for record in _records(WORKLOADS[name], variables, pathlib.Path(folder), threads, quick, rounds, pause):
                results["workloads"].append(record)
                path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return results, path


def _records(workload, variables, folder, threads, quick, rounds, pause):
    """Yield the record of each race of a workload, or of its measurement, with the duration."""
    races = isinstance(workload, Fit)
    for number in [number for number in threads if number in workload.threads] if races else [None]:
        start = time.perf_counter()
        print(f"{workload.title}, {number}" if races else workload.title, flush=True)
        if races:
            record = race(workload, variables, folder, threads=number, quick=quick, rounds=rounds, pause=pause)
        else:
            record = workload.measure(variables, quick, rounds)
        record["duration"] = time.perf_counter() - start
        for line in one_line(record):
            print(f"    {line}", flush=True)
        yield record


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "command", nargs="?", default="run", choices=["run", "render"], help="render only updates tables and plots"
    )
    parser.add_argument("--quick", action="store_true", help="run some workloads with less data, in a few minutes")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="name of a workload, or a pattern; may be repeated"
    )
    parser.add_argument(
        "--threads", choices=list(THREADS), help="run the races with all threads or with one; default: both"
    )
    parser.add_argument("--rounds", type=_positive, help="number of rounds")
    parser.add_argument("--results", type=pathlib.Path, metavar="FILE", help="JSON file to write or to render")
    parser.add_argument(
        "--into", type=pathlib.Path, default=ROOT, metavar="FOLDER", help="folder of README.md and docs"
    )
    parser.add_argument(
        "--keep-variables",
        action="store_true",
        help="keep variables such as OPENBLAS_CORETYPE, which slow down some libraries",
    )
    parser.add_argument("--list", action="store_true", help="list the workloads")
    parser.add_argument("--profile", action="store_true", help="profile our fits of the workloads that train networks")
    return parser.parse_args(arguments)


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


if __name__ == "__main__":
    sys.exit(main())
