"""Races, in which all contenders of a workload take turns, each in its own process."""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time

from benchmarks import ROOT
from benchmarks.ratios import pairwise, summarize
from benchmarks.shared import SHARED

#: Seconds after which a contender that does not answer is left out.
PATIENCE = 300.0

#: Seconds before each round, because the thread pools of the previous contender remain busy for a while.
PAUSE = 0.3


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
    """

    def __init__(self, workload, label, quick, variables):
        command = [sys.executable, "-m", "benchmarks.worker", workload, label, *(["--quick"] if quick else [])]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, cwd=ROOT, env=variables, text=True, **pipes)
        self.seconds = []
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
        self.seconds.append(self.ask("round")["seconds"])

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


def race(workload, variables, *, quick=False, rounds=None, pause=PAUSE):
    """Let all contenders run a workload in turns.

    Parameters
    ----------
    workload : Fit
        Workload.
    variables : dict of str to str
        Environment variables of the contenders' processes.
    quick : bool, default=False
        Whether to use less data, three rounds, and the compiled code of earlier runs. Otherwise each library starts
        with an empty cache of compiled code, so that "first" includes all compilation except for code that another
        entry of the same library has compiled.
    rounds : int or None, default=None
        Number of rounds. None stands for the number of the workload.
    pause : float, default=PAUSE
        Seconds before each round.

    Returns
    -------
    record : dict
        Results with values that JSON can represent. Each contender has "first", the seconds of the first run;
        "memory", the peak bytes of the "first" run and of one "again"; "seconds" of each round and their summary
        "time"; "ratios" to the first contender in each round and their summary "ratio"; "loss" and "score". "left_out"
        gives the reasons why other contenders are missing.
    """
    rounds = rounds or (3 if quick else workload.rounds)
    record = {"kind": "race", "name": workload.name, "title": workload.title, "contenders": {}, "left_out": {}}
    with contextlib.ExitStack() as stack:
        running, caches = {}, {}
        # numbers that all contenders need and the first one computes, such as the smallest objective
        shared = stack.enter_context(tempfile.TemporaryDirectory())
        variables = variables | {SHARED: shared}
        for label, entry in workload.entries.items():
            if quick and entry.slow_start:
                record["left_out"][label] = "too slow to start for a quick run"
                continue
            if not quick:
                if entry.contender not in caches:
                    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
                    caches[entry.contender] = stack.enter_context(folder)
                variables = variables | {"NUMBA_CACHE_DIR": caches[entry.contender]}
            with _leaving_out(label, record, running):
                running[label] = Contestant(workload.name, label, quick, variables)
                stack.callback(running[label].close)
        for turn in range(rounds):
            # the order rotates, so that no contender always runs after the same other one
            labels = list(running)
            for label in labels[turn % len(labels) :] + labels[: turn % len(labels)] if labels else []:
                with _leaving_out(label, record, running):
                    time.sleep(pause)
                    running[label].run_round()
        for label in list(running):
            with _leaving_out(label, record, running):
                entry, runner = workload.entries[label], running[label]
                result = {"ours": entry.ours} | runner.started | {"seconds": runner.seconds}
                record["contenders"][label] = result | {"time": summarize(runner.seconds)} | runner.ask("judge")
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
