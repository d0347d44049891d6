"""The process of one contender: does the work when told to, and says how long it took.

Started as ``python -m benchmarks.worker WORKLOAD ENTRY [--quick]``. It answers each line that it reads, "round" or
"judge", and the start itself, by a line of JSON.
"""

import gc
import json
import math
import os
import sys
import time
import warnings

from benchmarks.contenders import load
from benchmarks.memory import memory_in_use, reset_peak
from benchmarks.workloads import WORKLOADS

#: A round repeats the work for about so many seconds, after as many that do not count: in the pause before it the
#: clocks of cores and memory fall, and pages are put aside, so that the first repetition may take five times as long.
ROUND_SECONDS = 0.1


class Worker:
    """One contender at one workload.

    Parameters
    ----------
    name : str
        Of the workload.
    label : str
        Of its entry.
    quick : bool
        Whether to do less of it.
    """

    def __init__(self, name, label, quick):
        self.workload = WORKLOADS[name]
        self.entry = self.workload.entries[label]
        self.quick = quick
        self.repeats = 1

    def make(self, kind, **parameters):
        """Estimator of the contender, with the changes of the entry."""
        return self.contender.make(kind, **(parameters | self.entry.changes))

    def start(self):
        """Load, do the work for the first time, and find how often it fits into a round."""
        self.contender = load(self.entry.contender)
        self.workload.load(self.quick)
        self.workload.prepare(self.make)
        first, first_memory = self.measure_memory()
        self.workload.tune(self.make)
        again, memory = self.measure_memory()
        self.repeats = max(1, math.ceil(ROUND_SECONDS / again))
        return {"first": first, "memory": {"first": first_memory, "again": memory}}

    def measure_memory(self):
        """Seconds of the work, and bytes of memory that it takes at its peak beyond those before."""
        before = reset_peak()
        seconds = self.measure()
        return seconds, None if before is None else max(0, memory_in_use("VmHWM") - before)

    def warm_up(self):
        """Do work that is shorter than a round until the machine is at its usual speed, and not less than a round."""
        start = time.perf_counter()
        while self.repeats > 1 and time.perf_counter() - start < ROUND_SECONDS:
            self.measure()

    def measure(self):
        """Seconds that the work takes, a mean over the repetitions of a round."""
        gc.collect()
        start = time.perf_counter()
        for _ in range(self.repeats):
            self.result = self.workload.run(self.make)
        return (time.perf_counter() - start) / self.repeats

    def answer(self, command):
        """Do what a line says."""
        if command == "round":
            self.warm_up()
            return {"seconds": self.measure()}
        if command == "judge":
            judged = getattr(self.contender, "JUDGED", True)
            return self.workload.judge(self.result) if judged else {"loss": None, "score": None}
        raise ValueError(f"There is no command {command!r}.")


def main(name, label, *options):
    """Answer until the other side closes the pipe, or something fails."""
    # what libraries print goes to stderr: stdout carries the answers
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # in the processes that a search starts, too

    def say(answer):
        print(json.dumps(answer), file=answers, flush=True)

    try:
        worker = Worker(name, label, "--quick" in options)
        say(worker.start())
        for line in sys.stdin:
            say(worker.answer(line.strip()))
    except ImportError as error:
        say({"left_out": str(error)})
    except Exception as error:
        say({"left_out": f"failed: {type(error).__name__}: {error}"})


if __name__ == "__main__":
    main(*sys.argv[1:])
