"""Start-up times: import, compilation, and loading of cached code.

Each time is measured in fresh processes with their own cache of compiled code.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from benchmarks import ROOT
from benchmarks.ratios import summarize

#: Maximum seconds of import, first fit with a warm cache, first task of a worker, and each further type.
IMPORT = 0.3
WARM = 0.5
WORKER = 0.3
FURTHER = 1.5

#: Maximum seconds of the first fit with a cold cache, and of the first float32 fit after it.
COLD = {"MLPClassifier": 4.0, "MLPRegressor": 4.0, "LogisticRegression": 3.0, "Perceptron": 3.0}
COLD_FLOAT32 = 3.0

FAMILIES = ("activation", "loss", "optimizer")

EXTRA = "extra time of the first fit over the second"
EXTRA_TASK = "extra time of the first fit in a new loky worker over the second, kernels cached on disk"


@dataclass(kw_only=True)
class StartUp:
    """Start-up times and their bounds."""

    name: str = "start-up"
    title: str = "start-up: import, first fit, and each further type"
    in_quick: bool = True

    def measure(self, variables, quick=False, rounds=None):
        """Run the measurements.

        Parameters
        ----------
        variables : dict of str to str
            Environment variables of the processes.
        quick : bool, default=False
            Whether to measure a single estimator and no further types.
        rounds : int or None, default=None
            Number of measurements that do not require compilation. None stands for 3, or 2 in a quick run.

        Returns
        -------
        record : dict
            Results with values that JSON can represent: a list "measurements" of dicts with "what", "seconds", their
            summary "time", the key "judged" in this summary, and the bound "bar" for it; and "left_out", the reasons
            why others are missing.
        """
        rounds = rounds or (2 if quick else 3)
        record = {"kind": "start-up", "name": self.name, "title": self.title, "measurements": [], "left_out": {}}

        def note(what, judged, bar, seconds, remark=""):
            record["measurements"].append(
                {"what": what, "judged": judged, "bar": bar, "seconds": seconds, "remark": remark}
                | {"time": summarize(seconds)}
            )

        def probe(cache, *arguments):
            return _probe(record, variables | {"NUMBA_CACHE_DIR": cache}, *arguments)

        with tempfile.TemporaryDirectory() as cache:
            probe(cache, "import")  # writes Python's byte code, like an installer
            imports = [probe(cache, "import") for _ in range(rounds)]
        if all(imports):
            note("import, after scikit-learn's modules", "median", IMPORT, [found["seconds"] for found in imports])
        for kind, bar in list(COLD.items())[: 1 if quick else None]:
            network = kind == "MLPClassifier"
            with tempfile.TemporaryDirectory() as cache:
                cold = probe(cache, "fit", kind, "float64", *(["float32"] if network else []))
                warm = [probe(cache, "fit", kind) for _ in range(rounds if cold else 0)]
                workers = [probe(cache, "worker") for _ in range(rounds if cold and network else 0)]
            if cold:
                note(f"{kind}, first fit, with compilation of all kernels", "median", bar, [cold["float64"]["first"]])
            if cold and network:
                note(f"{kind}, first float32 fit after it", "median", COLD_FLOAT32, [cold["float32"]["first"]])
            if warm and all(warm):
                excess = [_excess(found["float64"]) for found in warm]
                note(f"{kind}, {EXTRA}, kernels cached on disk", "median", WARM, excess)
            if workers and all(workers):
                note(f"{kind}, {EXTRA_TASK}", "median", WORKER, [_excess(found) for found in workers])
        for family in () if quick else FAMILIES:
            with tempfile.TemporaryDirectory() as cache:
                found = probe(cache, "types", family)
            if found:
                excess = {name: _excess(times) for name, times in found.items()}
                what, slowest = f"another {family}, {EXTRA}, slowest of {len(excess)}", max(excess, key=excess.get)
                note(what, "high", FURTHER, list(excess.values()), slowest)
        return record


def _excess(times):
    return times["first"] - times["second"]


def _probe(record, variables, *arguments):
    """Run a probe and return its result. If it fails, record the reason and return None."""
    command = [sys.executable, "-m", "benchmarks.probe", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    if done.returncode:
        record["left_out"][" ".join(arguments)] = (done.stderr.strip().splitlines() or ["failed"])[-1]
        return None
    return json.loads(done.stdout)


WORKLOADS = [StartUp()]
