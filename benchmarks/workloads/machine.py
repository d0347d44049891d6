"""Peak rates of the machine: multiply-adds and memory bandwidth, by number of threads."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np

from benchmarks import ROOT
from benchmarks.ratios import summarize
from benchmarks.threads import usable_processors

#: Numbers of operations and of bytes that are timed.
FLOPS, BYTES = 2 * 10**10, 5 * 10**8


@dataclass(kw_only=True)
class Machine:
    """Multiply-add peak and memory bandwidth."""

    name: str = "machine"
    title: str = "the machine: multiply-add peak and memory bandwidth"
    in_quick: bool = True

    def measure(self, variables, quick=False, rounds=None):
        """Run the measurements in a separate process.

        Parameters
        ----------
        variables : dict of str to str
            Environment variables of the process.
        quick : bool, default=False
            Ignored.
        rounds : int or None, default=None
            Number of rounds. None stands for 5.

        Returns
        -------
        record : dict
            Results with values that JSON can represent: a list "measurements" of dicts with "what", the "unit", and
            "rate", the summary of the rates; and "left_out", the reasons why others are missing.
        """
        command = [sys.executable, "-m", "benchmarks.workloads.machine", str(rounds or 5)]
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
        record = {"kind": "machine", "name": self.name, "title": self.title, "measurements": [], "left_out": {}}
        if done.returncode:
            record["left_out"]["machine"] = (done.stderr.strip().splitlines() or ["failed"])[-1]
        else:
            record["measurements"] = json.loads(done.stdout)
        return record


def measure(rounds):
    """Measure the rates of this machine."""
    from benchmarks.contenders import limit

    found = []

    def note(what, unit, amount, work, n_threads):
        work()
        rates = []
        for _ in range(rounds):
            start = time.perf_counter()
            work()
            rates.append(amount / (time.perf_counter() - start) / 1e9)
        threads = "1 thread" if n_threads == 1 else f"{n_threads} threads"
        found.append({"what": f"{what}, {threads}", "unit": unit, "rate": summarize(rates)})

    memory = np.ones(BYTES // 8)
    for n in sorted({1, usable_processors()}):
        for dtype in ("float32", "float64"):
            work = lambda dtype=dtype, n=n: limit.multiply_add(FLOPS, dtype, n)  # noqa: E731
            note(f"multiply-add, {dtype}", "GFLOP/s", FLOPS, work, n)
        note("reading", "GB/s", memory.nbytes, lambda n=n: limit.read(memory, 1, n), n)
    return found


WORKLOADS = [Machine()]

if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
