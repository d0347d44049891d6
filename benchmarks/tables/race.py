"""The measurements: one process for each table, split and contender, one after the other."""

import json
import subprocess
import sys

from benchmarks import ROOT
from benchmarks.environment import ask_environment, clean_variables
from benchmarks.tables.contenders import CONTENDERS

#: Variables that limit libraries to one thread.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "BLIS_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
}

#: Parts of the environment that have to be the same when measurements are resumed.
SAME = ("cpu", "python", "versions")


def run(tables, contenders, path, *, folder=None, n_splits=3, max_rows=4000, ask=None):
    """Measure what is not yet in a file, and write the file after each measurement.

    Parameters
    ----------
    tables, contenders : list of str
        Names of the tables, and files of the contenders.
    path : Path
        JSON file.
    folder : Path or None, default=None
        Folder with further tables.
    n_splits : int, default=3
        Number of splits of each table.
    max_rows : int, default=4000
        Maximum number of training rows, and of test rows.
    ask : callable or None, default=None
        Function that answers the requests of `benchmarks.tables.worker`. None stands for a process for each request.

    Returns
    -------
    results : dict
        Content of the file.

    Raises
    ------
    ValueError
        If the file comes from another machine or other versions, or from other numbers of rows.
    """
    variables = clean_variables() | ONE_THREAD
    results = _resume(path, {"environment": ask_environment(variables), "settings": {"max_rows": max_rows}})
    ask = ask or (lambda request: ask_worker(request, variables))
    done = {_key(record) for record in results["records"]}
    folder = None if folder is None else str(folder.resolve())
    available = []
    for contender in contenders:
        refused = ask({"contender": contender})
        if refused:
            results["left_out"][contender] = refused.get("left_out") or refused["failed"]
            print(f"left out: {CONTENDERS[contender]}: {results['left_out'][contender]}", flush=True)
        else:
            results["left_out"].pop(contender, None)
            available.append(contender)
    _write(path, results)
    for number in range(n_splits):
        for table in tables:
            for contender in available:
                key = {"table": table, "split": number, "contender": contender}
                if _key(key) in done:
                    continue
                record = key | ask(key | {"folder": folder, "rows": max_rows})
                results["failures"] = [failure for failure in results["failures"] if _key(failure) != _key(key)]
                # a failure is tried again when the measurements are resumed
                results["failures" if "failed" in record else "records"].append(record)
                _write(path, results)
                print(_one_line(record), flush=True)
    return results


def ask_worker(request, variables):
    """Start a process, and return its answer."""
    command = [sys.executable, "-m", "benchmarks.tables.worker", json.dumps(request)]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    if done.returncode:
        return {"failed": f"exit code {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1]}"}
    return json.loads(done.stdout)


def _resume(path, new):
    new |= {"left_out": {}, "failures": [], "records": []}
    if not path.exists():
        return new
    old = json.loads(path.read_text(encoding="utf-8"))
    for what in SAME:
        if old["environment"][what] != new["environment"][what]:
            raise ValueError(f"{path} comes from another {what}; give another file with --results")
    if old["settings"] != new["settings"]:
        raise ValueError(f"{path} has the settings {old['settings']}, not {new['settings']}")
    return old


def _key(record):
    return record["table"], record["split"], record["contender"]


def _one_line(record):
    start = f"{record['table']:20} {record['split']}  {CONTENDERS[record['contender']]:22}"
    if "failed" in record:
        return f"{start} failed: {record['failed']}"
    loss = "" if record["log_loss"] is None else f"  log loss {record['log_loss']:.4f}"
    return f"{start} {record['fit_seconds']:7.2f} s  error {record['error']:.4f}{loss}"


def _write(path, results):
    path.parent.mkdir(parents=True, exist_ok=True)
    # an interruption leaves the earlier file
    new = path.with_suffix(".new")
    new.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    new.replace(path)
