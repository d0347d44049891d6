"""The process of a contender, which runs a workload on command and reports the time.

It is started as ``python -m benchmarks.worker WORKLOAD ENTRY [--quick]``. It writes one line of JSON after its start
and after each line that it reads, which is "round" or "judge".
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

#: Seconds during which a round repeats the work, and seconds of warm-up before it. Without the warm-up, the first
#: repetition can take five times as long, because clock frequencies drop and memory pages are freed during the pause.
ROUND_SECONDS = 0.1


class Worker:
    """A contender and its workload.

    Parameters
    ----------
    name : str
        Name of the workload.
    label : str
        Label of the entry.
    quick : bool
        Whether to use less data.

    Attributes
    ----------
    processors : float or None
        Processor time divided by elapsed time in the last measurement; None if other processes do the work.
    """

    def __init__(self, name, label, quick):
        self.workload = WORKLOADS[name]
        self.label = label
        self.entry = self.workload.entries[label]
        self.quick = quick
        self.repeats, self.processors = 1, None

    def make(self, kind, **parameters):
        """Create the contender's estimator, with the changes of the entry."""
        return self.contender.make(kind, **(parameters | self.entry.changes))

    def start(self):
        """Load the data, run the work for the first time, and determine the number of repetitions in a round."""
        self.contender = load(self.entry.contender)
        self.workload.load(self.quick)
        self.workload.prepare(self.make)
        first, first_memory = self.measure_memory()
        self.workload.tune(self.make, self.label)
        again, memory = self.measure_memory()
        self.repeats = max(1, math.ceil(ROUND_SECONDS / again))
        return {"first": first, "memory": {"first": first_memory, "again": memory}}

    def measure_memory(self):
        """Return the duration of the work, and the growth of peak memory during it."""
        before = reset_peak()
        seconds = self.measure()
        return seconds, None if before is None else max(0, memory_in_use("VmHWM") - before)

    def warm_up(self):
        """Repeat work that is shorter than a round until the machine runs at its usual speed."""
        start = time.perf_counter()
        while self.repeats > 1 and time.perf_counter() - start < ROUND_SECONDS:
            self.measure()

    def measure(self):
        """Return the mean duration of the work over the repetitions in a round."""
        gc.collect()
        start, used = time.perf_counter(), time.process_time()
        for _ in range(self.repeats):
            self.result = self.workload.run(self.make)
        seconds = time.perf_counter() - start
        self.processors = (time.process_time() - used) / seconds if self.workload.in_process else None
        return seconds / self.repeats

    def answer(self, command):
        """Execute a command and return the answer."""
        if command == "round":
            self.warm_up()
            return {"seconds": self.measure(), "processors": self.processors}
        if command == "judge":
            judged = getattr(self.contender, "JUDGED", True)
            return self.workload.judge(self.result) if judged else {"loss": None, "score": None}
        raise ValueError(f"There is no command {command!r}.")


def main(name, label, *options):
    """Answer commands until the pipe is closed or something fails."""
    # output of libraries is redirected to stderr, because stdout carries the answers
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # also for the processes of a grid search

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
