"""The order of the work, and the exit codes: 0 done, 2 bad input, 130 interrupted."""

import contextlib
import dataclasses
import importlib
import math
import shlex
import sys
import time
import warnings

import joblib
import threadpoolctl
from sklearn.metrics import get_scorer

from sknn_concepts.job import heldout
from sknn_concepts.job.budget import count_fits, plan
from sknn_concepts.job.clock import Clock, TimeUp
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.models import EPOCHS, baselines, network_pipeline
from sknn_concepts.job.options import choose_score, parse, prepare_folder
from sknn_concepts.job.reporting import report
from sknn_concepts.job.reporting.progress import INTERRUPTED, Progress, last_step, remember_interrupt
from sknn_concepts.job.reporting.results import HYPER_PARAMETERS, Results
from sknn_concepts.job.reporting.shown import never_fail_to_print, printable
from sknn_concepts.job.search import Contest
from sknn_concepts.job.task import embedded_problem, read_problem

BEST = "best network"


def main(argv=None, spent=0.0):
    """Run the main job.

    Parameters
    ----------
    argv : list of str, optional
        The arguments; those of the process by default.
    spent : float, default=0.0
        Seconds that a budget in seconds has been running already.

    Returns
    -------
    code : int
        0 done, 2 bad input (one line on stderr says what), 130 interrupted (what was measured by then is kept).
    """
    never_fail_to_print()
    try:
        # one thread a process: matrices are small, and all cores have fits of their own
        with remember_interrupt(), threadpoolctl.threadpool_limits(1):
            return _run(parse(argv), time.monotonic() - spent)
    except BadInput as error:
        print(f"error: {printable(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted before there was a model to keep.", file=sys.stderr)
        return 130


def _run(options, start):
    clock = Clock(options.plan.seconds, start)
    if options.data is None:
        problem = embedded_problem()
    else:
        names = ("target", "task", "separator", "header", "drop", "encoding", "decimal", "missing", "types")
        problem = read_problem(options.data, **{name: getattr(options, name) for name in names})
    options.score = choose_score(options.score, problem.task)
    options.jobs = joblib.cpu_count() if options.jobs == -1 else options.jobs
    parts = heldout.split(problem.values(), problem.y, problem.task, options.test_size, options.seed)
    X, _, y, _ = parts
    rounds = plan(options.plan, y, problem.task)
    prepare_folder(options.out)
    _introduce(problem, options)
    results = Results(options.out / "results.csv")
    contest = Contest(X, y, problem.columns, problem.task, get_scorer(options.score), options.jobs, options.seed, clock)
    remarks = []
    _contest(contest, options, rounds, results, remarks)
    results.close()
    if INTERRUPTED.is_set() and not results.networks():
        raise KeyboardInterrupt
    measured = _measure(problem, options.seed, results.networks()[0], parts, clock)
    remarks += clock.undone
    _write(problem, options, results, parts, measured, remarks)
    print(f"Took {time.monotonic() - start:.0f} s.")
    return 130 if INTERRUPTED.is_set() else 0


def _introduce(problem, options):
    rows, columns = problem.X.shape
    name, target = printable(problem.name), printable(problem.target)
    print(f"{name}: {rows:,} rows, {columns} columns; {problem.task}, target {target!r}")
    for note in problem.notes:
        print(f"  {printable(note)}")
    for line in report.describe_columns(problem.columns, most=columns if options.verbose else 6):
        print(f"  {line}")


def _contest(contest, options, rounds, results, remarks):
    total = count_fits(options.plan, rounds)
    with Progress(total) as progress, warnings.catch_warnings():
        warnings.simplefilter("always" if options.verbose else "ignore")
        progress.text = "compiling (the first time only)"
        with contextlib.suppress(KeyboardInterrupt):
            contest.clock.begin()
            compiled = contest.compile(options.plan.activations)
            contest.clock.begin()
            contest.search(dataclasses.replace(options.plan, activations=compiled), results, progress)
            contest.compare(results, progress)
        fits, unconverged = progress.count()
    if INTERRUPTED.is_set() and results.networks():
        print(f"Interrupted after {fits} of {total} fits; finishing with the best so far.", file=sys.stderr, flush=True)
        remarks.append(f"Interrupted after {fits} of {total} fits; this is the best so far.")
    failed = sum(math.isnan(row["score"]) for row in results.rows)
    if failed:
        remarks.append(f"{failed} models could not be fitted: {contest.failure()}")
    if unconverged:
        remarks.append(f"{unconverged} of {fits} fits used up their {EPOCHS} epochs and might have gone further.")


def _measure(problem, seed, winner, parts, clock):
    rows = len(parts[2])
    pipeline, prefix = network_pipeline(problem.columns, problem.task, rows, seed)
    pipeline.set_params(**{prefix + key: winner[key] for key in HYPER_PARAMETERS})
    models = {BEST: pipeline, **baselines(problem.columns, problem.task, rows, seed)}
    measured, skipped = {}, []
    for name, model in models.items():
        if measured and INTERRUPTED.is_set():
            break
        try:
            with clock.limit("everything" if measured else "final fit"):
                measured[name] = heldout.fit_and_measure(model, *parts, problem.task)
        except TimeUp:
            skipped.append(name)
            if not measured:
                clock.rang = False
                measured[name] = _on_fewer_rows(model, winner["rows"], parts, problem.task)
        if name in measured and clock.rang:
            epochs = getattr(last_step(model), "n_iter_", "some")
            measured[name].warnings = [text for text in measured[name].warnings if "interrupted" not in text]
            clock.undone.append(f"The last fit of {name} was ended after {epochs} epochs: its time was up.")
    if skipped:
        clock.undone.append(f"No time was left to fit on all {rows:,} training rows: {', '.join(skipped)}.")
    return measured


def _on_fewer_rows(model, rows, parts, task):
    X_train, X_test, y_train, y_test = parts
    few = slice(min(rows, len(y_train)))  # they are in random order
    X_train = X_train.iloc[few] if hasattr(X_train, "iloc") else X_train[few]
    return heldout.fit_and_measure(model, X_train, X_test, y_train[few], y_test, task)


def _write(problem, options, results, parts, measured, remarks):
    joblib.dump(problem.whole_model(measured[BEST].model), options.out / "model.joblib", compress=3)
    remarks += [f"{name}: {sentence}" for name, held_out in measured.items() for sentence in held_out.warnings]
    try:
        figures = importlib.import_module("sknn_concepts.job.reporting.figures").draw_all(
            options.out, results, measured[BEST], parts[3], problem.task, options.score
        )
    except ImportError:
        figures = {}
        remarks.append("There are no figures, because matplotlib is not installed (pip install 'sknn_concepts[job]').")
    report.write_report(options.out / "report.md", problem, options, results, measured, figures, remarks)
    print(f"\nLeaderboard ({options.score}, cross-validated on the training rows)")
    report.print_table(report.HEAD, report.leaderboard(results))
    print(f"\nOn the {len(parts[3]):,} held-out rows")
    report.print_table(*report.heldout_table(measured))
    print(f"\n{report.verdict(results, options.score)}")
    for remark in remarks:
        print(printable(remark))
    print(f"\nThe model, the report and the results are in {options.out}: model.joblib, report.md, results.csv"
          + "".join(f", {name}" for name in figures))  # fmt: skip
    print("To predict with it:")
    print(f"  python -c {shlex.quote('; '.join(report.usage(options, problem)))}")
