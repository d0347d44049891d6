"""Races, in which all contenders of a workload take turns, each in its own process."""

import contextlib
import json
import statistics
import subprocess
import sys
import threading
import time

from benchmarks import ROOT
from benchmarks.ratios import pairwise, summarize
from benchmarks.shared import SHARED
from benchmarks.threads import ALL, ONE, ONE_THREAD, on_one_processor

#: Seconds after which a contender that does not answer is left out.
PATIENCE = 300.0

#: Seconds before each round, because the thread pools of the previous contender remain busy for a while. With one
#: thread there are none.
PAUSE = {ALL: 0.3, ONE: 0.05}


class LeftOut(Exception):
    """Exception for a contender that cannot take part or has failed."""


class Contestant:
    """Process of a contender, which runs during the whole race.

    Parameters
    ----------
    workload, label : str
        Names of the workload and of its entry.
    quick : bool
        Whether to use less data.
    variables : dict of str to str
        Environment variables of the process.
    one_thread : bool, default=False
        Whether the process may use one processor only, and its libraries one thread.
    """

    def __init__(self, workload, label, quick, variables, one_thread=False):
        command = [sys.executable, "-m", "benchmarks.worker", workload, label, *(["--quick"] if quick else [])]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with on_one_processor() if one_thread else contextlib.nullcontext():
            variables = variables | (ONE_THREAD if one_thread else {})
            self.process = subprocess.Popen(command, cwd=ROOT, env=variables, text=True, **pipes)
        self.seconds, self.processors = [], []
        self.started = self.ask("")

    def ask(self, command):
        """Send a command unless it is empty, and wait for the answer. Raise LeftOut if there is none."""
        patience = threading.Timer(PATIENCE, self.process.kill)
        patience.start()
        try:
            if command:
                self.process.stdin.write(command + "\n")
                self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline() or '{"left_out": "failed: the process ended"}')
        except BrokenPipeError:
            answer = {"left_out": "failed: the process ended"}
        finally:
            patience.cancel()
        if "left_out" in answer:
            self.close()
            raise LeftOut(answer["left_out"])
        return answer

    def run_round(self):
        """Run one round."""
        answer = self.ask("round")
        self.seconds.append(answer["seconds"])
        self.processors.append(answer["processors"])

    def results(self):
        """Return what was measured, and the judgement of the result."""
        used = None if None in self.processors else statistics.median(self.processors)
        measured = self.started | {"seconds": self.seconds, "time": summarize(self.seconds), "processors": used}
        return measured | self.ask("judge")

    def close(self):
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def race(workload, variables, folder, *, threads=ALL, quick=False, rounds=None, pause=None):
    """Let all contenders run a workload in turns.

    Parameters
    ----------
    workload : Fit
        Workload.
    variables : dict of str to str
        Environment variables of the contenders' processes.
    folder : Path
        Folder of the races of a run, with Numba's compiled code unless the run is quick, and with the numbers that the
        races of a workload share.
    threads : str, default=ALL
        Whether contenders use their default numbers of threads (`ALL`) or one thread (`ONE`).
    quick : bool, default=False
        Whether to use less data, three rounds, and the compiled code of earlier runs.
    rounds : int or None, default=None
        Number of rounds. None stands for the number of the workload.
    pause : float or None, default=None
        Seconds before each round. None stands for those of `PAUSE`.

    Returns
    -------
    record : dict
        Results with values that JSON can represent. Each contender has "first", the seconds of the first run;
        "memory", the peak bytes of the "first" run and of one "again"; "seconds" of each round and their summary
        "time"; "processors", the median of processor time by elapsed time; "ratios" to the first contender in each
        round and their summary "ratio"; "loss" and "score". "left_out" gives the reasons why other contenders are
        missing.
    """
    rounds = rounds or (3 if quick else workload.rounds)
    record = {"kind": "race", "name": workload.name, "title": workload.title, "threads": threads}
    record |= {"contenders": {}, "left_out": {}}
    shared = folder / workload.name
    shared.mkdir(exist_ok=True)
    variables = variables | {SHARED: str(shared)} | ({} if quick else {"NUMBA_CACHE_DIR": str(folder / "compiled")})
    with contextlib.ExitStack() as stack:
        running = {}
        for label, entry in workload.entries.items():
            if threads == ONE and entry.all_threads_only:
                continue
            if quick and entry.slow_start:
                record["left_out"][label] = "too slow to start for a quick run"
                continue
            with _leaving_out(label, record, running):
                running[label] = Contestant(workload.name, label, quick, variables, threads == ONE)
                stack.callback(running[label].close)
        for turn in range(rounds):
            # the order rotates, so that no contender always runs after the same other one
            labels = list(running)
            for label in labels[turn % len(labels) :] + labels[: turn % len(labels)] if labels else []:
                with _leaving_out(label, record, running):
                    time.sleep(PAUSE[threads] if pause is None else pause)
                    running[label].run_round()
        for label in list(running):
            with _leaving_out(label, record, running):
                record["contenders"][label] = {"ours": workload.entries[label].ours} | running[label].results()
    compare(record, next(iter(workload.entries)))
    return record


def compare(record, reference):
    """Add the ratios of all contenders' times to those of the reference, if it took part."""
    contenders = record["contenders"]
    if reference in contenders:
        for label, result in contenders.items():
            if label != reference:
                result["ratios"] = pairwise(contenders[reference]["seconds"], result["seconds"])
                result["ratio"] = summarize(result["ratios"])


@contextlib.contextmanager
def _leaving_out(label, record, running):
    """Record why a contender is left out, and continue without it."""
    try:
        yield
    except LeftOut as error:
        running.pop(label, None)
        record["left_out"][label] = str(error)
