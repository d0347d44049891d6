"""The steps of the job in order, and its exit codes: 0 success, 2 bad input, 130 interrupted."""

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

from sknn_concepts.job.budget import count_fits, plan_rounds
from sknn_concepts.job.deadlines import Deadlines
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.evaluation import FinalFits, split_rows
from sknn_concepts.job.models import EPOCHS
from sknn_concepts.job.options import choose_score, parse, prepare_folder
from sknn_concepts.job.reporting import report
from sknn_concepts.job.reporting.escaping import escape_unencodable_output, printable
from sknn_concepts.job.reporting.progress import INTERRUPTED, Progress, remember_interrupt
from sknn_concepts.job.reporting.results import Results
from sknn_concepts.job.search import ModelSearch
from sknn_concepts.job.streaming.sample import larger_than_sample, sample_problem
from sknn_concepts.job.streaming.stage import StreamedStage
from sknn_concepts.job.task import embedded_problem, read_problem


def main(argv=None, spent=0.0):
    """Run the job with the arguments of the process or others, and return its exit code.

    The code is 0 after success, 2 after bad input (described by one line on stderr), and 130 after an interruption (the
    results obtained so far are kept). The seconds already `spent` count towards a budget in seconds.
    """
    escape_unencodable_output()
    try:
        # one thread per process, because matrices are small and fits already run in parallel
        with remember_interrupt(), threadpoolctl.threadpool_limits(1):
            return _run(parse(argv), time.monotonic() - spent)
    except BadInput as error:
        print(f"error: {printable(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted before any model was fitted.", file=sys.stderr)
        return 130


def _run(options, start):
    deadlines = Deadlines(options.search_budget.seconds, start)
    if options.data is None:
        problem = embedded_problem()
    else:
        names = ("target", "task", "separator", "header", "drop", "encoding", "decimal", "missing", "types")
        given = {name: getattr(options, name) for name in names}
        table = larger_than_sample(options.data, options.sample_rows)
        if table is None:
            problem = read_problem(options.data, **given)
        else:
            problem = sample_problem(table, options.data, options.sample_rows, options.seed, **given)
            deadlines.streamed = True
    options.score = choose_score(options.score, problem.task)
    options.jobs = joblib.cpu_count() if options.jobs == -1 else options.jobs
    parts = split_rows(problem.features(), problem.y, problem.task, options.test_size, options.seed)
    X, _, y, _ = parts
    rounds = plan_rounds(options.search_budget, y, problem.task)
    prepare_folder(options.out)
    _describe_problem(problem, options)
    results = Results(options.out / "results.csv", options.score.name)
    search = ModelSearch(X, y, problem.columns, problem.task, options.score, options.jobs, options.seed, deadlines)
    remarks = []
    _run_search(search, options, rounds, results, remarks)
    results.close()
    if INTERRUPTED.is_set() and not results.networks():
        raise KeyboardInterrupt
    evaluations, model, about_model, section = _fit_finally(problem, options, results, parts, deadlines)
    remarks = [*about_model, *remarks, *deadlines.omissions]
    _write(problem, options, results, parts, evaluations, model, remarks, section)
    print(f"Took {time.monotonic() - start:.0f} s.")
    return 130 if INTERRUPTED.is_set() else 0


def _describe_problem(problem, options):
    rows, columns = problem.X.shape
    name, target = printable(problem.name), printable(problem.target)
    print(f"{name}: {rows:,} rows, {columns} columns; {problem.task}, target {target!r}")
    for note in problem.notes:
        print(f"  {printable(note)}")
    for line in report.describe_columns(problem.columns, most=columns if options.verbose else 6):
        print(f"  {line}")


def _run_search(search, options, rounds, results, remarks):
    total = count_fits(options.search_budget, rounds)
    with Progress(total) as progress, warnings.catch_warnings():
        warnings.simplefilter("always" if options.verbose else "ignore")
        progress.text = "compiling (the first time only)"
        with contextlib.suppress(KeyboardInterrupt):
            search.deadlines.distribute_time()
            budget = options.search_budget
            compiled = search.compile(budget.activations)
            with_ensemble = budget.n_members > 0 and search.compile_ensemble(budget.n_members)
            search.deadlines.distribute_time()
            search.run_rounds(dataclasses.replace(budget, activations=compiled), results, progress)
            search.cross_validate_baselines(results, progress)
            if with_ensemble:
                search.cross_validate_ensemble(budget.n_members, results, progress)
        fits, unconverged = progress.count()
    if INTERRUPTED.is_set() and results.networks():
        print(f"Interrupted after {fits} of {total} fits; finishing with the best so far.", file=sys.stderr, flush=True)
        remarks.append(f"The search was interrupted after {fits} of {total} fits; these are its results so far.")
    failed = sum(math.isnan(row["score"]) for row in results.rows)
    if failed:
        remarks.append(f"{failed} models could not be fitted: {search.failure()}")
    if unconverged:
        remarks.append(f"{unconverged} of {fits} fits reached the limit of {EPOCHS} epochs before they converged.")


def _fit_finally(problem, options, results, parts, deadlines):
    """Return the evaluations by name, the model to save, sentences about it, and lines for the report."""
    fits = FinalFits(problem, options, results, parts, deadlines)
    fits.evaluate_winner()
    if problem.large is None:
        model, sentence = fits.refit_winner()
        fits.evaluate_others()
        return fits.evaluations, model, [sentence], []
    fits.evaluate_others()
    streamed = StreamedStage(problem, options, fits, deadlines)
    return fits.evaluations, streamed.run(), streamed.sentences, streamed.section()


def _write(problem, options, results, parts, evaluations, model, remarks, section):
    joblib.dump(problem.full_pipeline(model), options.out / "model.joblib", compress=3)
    remarks += [f"{name}: {sentence}" for name, evaluation in evaluations.items() for sentence in evaluation.warnings]
    try:
        figures = importlib.import_module("sknn_concepts.job.reporting.figures").draw_all(
            options.out, results, evaluations, parts[3], problem.task, options.score
        )
    except ImportError:
        figures = {}
        remarks.append("There are no figures because matplotlib is not installed (pip install 'sknn_concepts[job]').")
    report.write_report(options.out / "report.md", problem, options, results, evaluations, figures, remarks, section)
    print(f"\nLeaderboard (cross-validated {options.score.label} of the training rows, {options.score.direction})")
    report.print_table(report.HEAD, report.leaderboard(results, options.score))
    print(f"\nScores on the {len(parts[3]):,} held-out rows")
    report.print_table(*report.heldout_table(evaluations))
    print(f"\n{report.verdict(results, options.score)}")
    for remark in remarks:
        print(printable(remark))
    print(f"\nThe model, the report and the results are in {options.out}: model.joblib, report.md, results.csv"
          + "".join(f", {name}" for name in figures))  # fmt: skip
    print("To predict with the model:")
    print(f"  python -c {shlex.quote('; '.join(report.usage_lines(options, problem)))}")
