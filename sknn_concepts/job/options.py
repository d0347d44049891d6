"""The options of the command line, checked before any work is done."""

import argparse
import dataclasses
import os
import pathlib
import tempfile

from sknn_concepts.activations import get_activation
from sknn_concepts.initializers import get_initializer
from sknn_concepts.job.budget import BUDGETS, candidates
from sknn_concepts.job.errors import BadInput, did_you_mean
from sknn_concepts.job.reading.dialect import SEPARATORS
from sknn_concepts.job.reading.encoding import known_encoding
from sknn_concepts.job.values.kinds import KINDS

#: Scores that can choose the winner; the first is the default.
SCORES = {
    "classification": ("accuracy", "balanced_accuracy", "f1_macro"),
    "regression": ("r2", "neg_mean_absolute_error", "neg_root_mean_squared_error"),
}

DESCRIPTION = """\
Find a neural network for a table: cross-validate activations, initializers and sizes, compare the best with baselines,
measure it on held-out rows, save it with a report. Without --data: on scikit-learn's handwritten digits."""

EPILOG = """\
budgets: small tries {small} networks, medium {medium}, large {large}, in rounds: all of them on some rows, the best on
more, the very best on all. A number of seconds takes the networks of medium in random order and stops the search when
its share of the time is up; baselines and the last fits get the rest, and what there was no time for is told.

examples:
  python -m sknn_concepts
  python -m sknn_concepts --data table.csv --target price
  python -m sknn_concepts --data table.parquet --target class --budget 600 --out run_1"""


#: What a run writes; those of an earlier run in the same folder are removed first.
FILES = (
    "model.joblib",
    "report.md",
    "results.csv",
    "heatmap.png",
    "learning_curve.png",
    "confusion.png",
    "predicted.png",
)


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing its usage."""

    def error(self, message):
        """Raise BadInput with argparse's message."""
        raise BadInput(f"{message} (--help lists the options)")


def build_parser():
    """Return the parser of the main job."""
    parser = Parser(
        prog="python -m sknn_concepts",
        description=DESCRIPTION,
        epilog=EPILOG.format_map({name: f"{len(candidates(budget, 0)):,}" for name, budget in BUDGETS.items()}),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    data = parser.add_argument_group("the table")
    data.add_argument("--data", type=pathlib.Path, metavar="FILE", help="CSV, also compressed, or Parquet")
    data.add_argument(
        "--target", metavar="COLUMN", help="column to predict: name, or position (1 the first, -1 the last)"
    )
    data.add_argument("--task", choices=("auto", *SCORES), default="auto", help="default: told by the target")
    data.add_argument(
        "--drop", metavar="COLUMN", action="append", default=[], help="leave a column out; may be repeated"
    )
    data.add_argument("--separator", default="auto", help=f"one of auto, {', '.join(SEPARATORS)}, or one character")
    data.add_argument(
        "--header", choices=("auto", "yes", "no"), default="auto", help="whether the first line holds names"
    )
    data.add_argument("--encoding", default="auto", metavar="NAME", help="such as utf-8, cp1252, shift_jis")
    data.add_argument("--decimal", default="auto", metavar="MARK", help="decimal mark of the numbers: . or ,")
    data.add_argument("--missing", metavar="TEXT", action="append", default=[],
                      help="a text that stands for a missing value, as the usual ones do; may be repeated")  # fmt: skip
    data.add_argument("--types", metavar="NAME=KIND", action="append", default=[],
                      help=f"what a column is: {', '.join(KINDS)}; may be repeated")  # fmt: skip
    work = parser.add_argument_group("the search")
    work.add_argument("--budget", default="small", help=f"{', '.join(BUDGETS)}, or seconds; default: small")
    work.add_argument("--activations", metavar="NAMES", help="instead of the budget's, with commas between; or all")
    work.add_argument("--initializers", metavar="NAMES", help="likewise")
    work.add_argument("--sizes", metavar="SIZES", help="hidden layers, such as 32,128-64")
    work.add_argument("--score", help="what chooses the winner: " + "; ".join(map(", ".join, SCORES.values())))
    work.add_argument("--test-size", type=float, default=0.2, metavar="SHARE", help="rows held out; default: 0.2")
    work.add_argument("--seed", type=int, default=0, help="of everything random; default: 0")
    work.add_argument("--jobs", type=int, default=-1, metavar="N", help="processes; default: one a core")
    work.add_argument("--out", type=pathlib.Path, default=pathlib.Path("sknn_concepts_run"), metavar="DIR",
                      help="folder for model, results and report; default: sknn_concepts_run")  # fmt: skip
    work.add_argument("--verbose", action="store_true", help="say what is done with each column, and all warnings")
    return parser


def parse(argv=None):
    """Read the command line.

    Parameters
    ----------
    argv : list of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    options : argparse.Namespace
        With a :class:`~sknn_concepts.job.budget.Budget` as ``plan``.

    Raises
    ------
    BadInput
        If an option is unknown, or its value makes no sense.
    """
    options = build_parser().parse_args(argv)
    if (options.data is None) != (options.target is None):
        given, other = ("--data", "--target") if options.target is None else ("--target", "--data")
        raise BadInput(f"{given} needs {other}")
    if options.data is None and options.task == "regression":
        raise BadInput("the embedded data are a classification; --task regression needs --data")
    if options.separator not in ("auto", *SEPARATORS) and len(options.separator) != 1:
        raise BadInput(
            f"--separator is one of auto, {', '.join(SEPARATORS)}, or one character, not {options.separator!r}"
        )
    if options.encoding != "auto":
        try:
            known_encoding(options.encoding)
        except BadInput as error:
            raise BadInput(f"--encoding: {error}") from None
    if options.decimal not in ("auto", ".", ","):
        raise BadInput(f"--decimal is the mark before the decimals: auto, . or a comma, not {options.decimal!r}")
    options.missing = tuple(text.strip() for text in options.missing)
    options.types = _types(options.types)
    if not 0.0 < options.test_size < 1.0:
        raise BadInput(f"--test-size is a share of the rows between 0 and 1, not {options.test_size:g}")
    if not 0 <= options.seed < 2**32:
        raise BadInput(f"--seed is a whole number from 0 to 4294967295, not {options.seed}")
    if options.jobs < 1 and options.jobs != -1:
        raise BadInput(f"--jobs is a number of processes, or -1 for one a core, not {options.jobs}")
    if options.score is not None and not any(options.score in names for names in SCORES.values()):
        names = [name for names in SCORES.values() for name in names]
        raise BadInput(
            f"--score is one of {', '.join(names)}, not {options.score!r}.{did_you_mean(options.score, names)}"
        )
    if options.data is not None and options.data.resolve() in {(options.out / name).resolve() for name in FILES}:
        raise BadInput(f"--data {str(options.data)!r} would be overwritten by the results; choose another --out")
    options.plan = _plan(options)
    return options


def choose_score(score, task):
    """Score for a task; the task's default where `score` is None."""
    score = score or SCORES[task][0]
    if score not in SCORES[task]:
        raise BadInput(f"--score {score} is no score for {task}; it has {', '.join(SCORES[task])}")
    return score


def prepare_folder(folder):
    """Make the output folder, see that files can be written there, and remove those of an earlier run.

    Raises
    ------
    BadInput
        If they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            for name in FILES:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write to --out {str(folder)!r}: {os.strerror(error.errno)}") from None


def _types(given):
    """Kinds by column; a name may hold ``=``."""
    types = {}
    for text in given:
        name, equals, kind = (part.strip() for part in text.rpartition("="))
        if not equals or not name:
            raise BadInput(f"--types is NAME=KIND, such as zip=category, not {text!r}; a KIND is {', '.join(KINDS)}")
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS)
            raise BadInput(f"--types {text}: a column is one of {', '.join(KINDS)}, not {kind!r}.{hint}")
        if types.setdefault(name, kind) != kind:
            raise BadInput(f"--types: {name!r} is said to be {types[name]} and {kind}")
    return types


def _plan(options):
    budget = BUDGETS.get(options.budget)
    if budget is None:
        try:
            seconds = float(options.budget)
        except ValueError:
            seconds = -1.0
        if not 0.0 < seconds < float("inf"):
            raise BadInput(f"--budget is {', '.join(BUDGETS)} or a number of seconds, not {options.budget!r}")
        first = BUDGETS["small"].activations  # those that are compiled first, in case the time is short
        activations = tuple(dict.fromkeys([*first, *BUDGETS["medium"].activations]))
        budget = dataclasses.replace(BUDGETS["medium"], activations=activations, seconds=seconds)
    everything = BUDGETS["large"]
    changes = {}
    for family, get in (("activations", get_activation), ("initializers", get_initializer)):
        names = getattr(options, family)
        if names is not None:
            changes[family] = getattr(everything, family) if names == "all" else _names(family, names, get)
    if options.sizes is not None:
        changes["sizes"] = tuple(_size(size) for size in _items(options.sizes))
    return dataclasses.replace(budget, **changes)


def _names(family, names, get):
    for name in _items(names):
        try:
            strategy = get(name)
        except ValueError as error:
            raise BadInput(f"--{family}: {error}") from None
        if family == "activations" and not hasattr(strategy, "slope"):
            raise BadInput(f"--activations: {name} has no slope and cannot be trained")
    return _items(names)


def _items(text):
    return tuple(dict.fromkeys(item.strip() for item in text.split(",")))


def _size(text):
    if not all(units.isdecimal() and int(units) > 0 for units in text.split("-")):
        raise BadInput(f"--sizes are whole numbers of units with - between layers, such as 128-64, not {text!r}")
    return text
