"""Command line options, which are checked before any work is done."""

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
from sknn_concepts.job.scores import SCORES
from sknn_concepts.job.streaming.sample import MIN_SAMPLE_ROWS, SAMPLE_CELLS, SAMPLE_ROWS
from sknn_concepts.job.values.kinds import KINDS

DESCRIPTION = """\
Find a neural network for a table. The search cross-validates activations, initializers and layer sizes, and compares
the best networks with an ensemble of networks and with baselines. The best network or the ensemble is evaluated on
held-out rows, refitted on all rows, and saved with a report. Without --data, scikit-learn's handwritten digits are
used."""

EPILOG = """\
The budget small tries {small} networks, medium {medium} and large {large}. The search runs in rounds: all networks on
a sample of the rows, the best ones on more rows, and the very best on all rows. With a number of seconds, the search
tries the networks of medium in random order until its share of the time is up. The time limit also covers reading,
compilation, the ensemble, baselines, final fits and figures. The report lists everything that was left out for lack
of time.

examples:
  python -m sknn_concepts
  python -m sknn_concepts --data table.csv --target price
  python -m sknn_concepts --data table.parquet --target class --budget 600 --out run_1
  python -m sknn_concepts --data 'folder/*.parquet' --target class"""


#: Output files. Those of an earlier run in the same folder are removed first.
FILES = tuple("model.joblib report.md results.csv heatmap.png learning_curve.png confusion.png predicted.png".split())


class Parser(argparse.ArgumentParser):
    """Parser that raises an exception instead of printing its usage."""

    def error(self, message):
        """Raise BadInput with the message of argparse."""
        raise BadInput(f"{message} (--help lists the options)")


def build_parser():
    """Return the parser of the command line."""
    parser = Parser(
        prog="python -m sknn_concepts",
        description=DESCRIPTION,
        epilog=EPILOG.format_map({name: f"{len(candidates(budget, 0)):,}" for name, budget in BUDGETS.items()}),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    auto, repeated = {"default": "auto"}, {"action": "append", "default": []}
    add = parser.add_argument_group("the table").add_argument
    add("--data", type=pathlib.Path, metavar="FILE",
        help="CSV file, possibly compressed; or Parquet file, folder of Parquet files, or pattern such as "
        "'folder/*.parquet' in quotation marks")  # fmt: skip
    add("--target", metavar="COLUMN",
        help="column to predict, by name or by position (1 for the first, -1 for the last)")  # fmt: skip
    add("--task", choices=("auto", *SCORES), **auto, help="kind of task; default: inferred from the target")
    add("--drop", metavar="COLUMN", **repeated, help="column to leave out; may be repeated")
    add("--separator", **auto, help=f"separator: auto, {', '.join(SEPARATORS)}, or a single character")
    add("--header", choices=("auto", "yes", "no"), **auto, help="whether the first line contains column names")
    add("--encoding", **auto, metavar="NAME", help="text encoding, such as utf-8, cp1252 or shift_jis")
    add("--decimal", **auto, metavar="MARK", help="decimal mark of the numbers: . or ,")
    add("--missing", metavar="TEXT", **repeated,
        help="additional text that stands for a missing value; may be repeated")  # fmt: skip
    add("--types", metavar="NAME=KIND", **repeated, help=f"kind of a column: {', '.join(KINDS)}; may be repeated")
    add("--sample-rows", type=int, metavar="N",
        help="rows of a larger Parquet table that are read for the search; the others are read in parts, for a fit of "
        f"the best network at the end; default: {SAMPLE_ROWS:,}, or fewer if there are more than "
        f"{SAMPLE_CELLS // SAMPLE_ROWS:,} columns")  # fmt: skip
    add = parser.add_argument_group("the search").add_argument
    add("--budget", default="small", help=f"{', '.join(BUDGETS)}, or a number of seconds; default: small")
    add("--activations", metavar="NAMES", help="activations to try, separated by commas, or all")
    add("--initializers", metavar="NAMES", help="initializers to try, separated by commas, or all")
    add("--members", type=int, metavar="N",
        help="candidates of the tabular ensemble, 0 for no ensemble; default: " + _describe_members())  # fmt: skip
    add("--sizes", metavar="SIZES", help="hidden layer sizes to try, such as 32,128-64")
    # fmt: off
    add("--scoring", "--score", metavar="SCORE", dest="score",
        help="score that selects the winner, by default the first of the task: " + "; ".join(map(_names, SCORES)))
    # fmt: on
    add("--test-size", type=float, default=0.2, metavar="SHARE", help="share of the rows to hold out; default: 0.2")
    add("--seed", type=int, default=0, help="seed of the random number generators; default: 0")
    add("--jobs", type=int, default=-1, metavar="N", help="number of processes; default: one per core")
    add("--out", type=pathlib.Path, default=pathlib.Path("sknn_concepts_run"), metavar="DIR",
        help="folder for model, results and report; default: sknn_concepts_run")  # fmt: skip
    add("--verbose", action="store_true", help="print the treatment of every column, and all warnings")
    return parser


def parse(argv=None):
    """Parse and check the command line, and return its options with the ``search_budget`` that they describe."""
    options = build_parser().parse_args(argv)
    if (options.data is None) != (options.target is None):
        given, other = ("--data", "--target") if options.target is None else ("--target", "--data")
        raise BadInput(f"{given} needs {other}")
    if options.data is None and options.task == "regression":
        raise BadInput("the embedded data are a classification task; --task regression needs --data")
    if options.separator not in ("auto", *SEPARATORS) and len(options.separator) != 1:
        raise BadInput(
            f"--separator must be one of auto, {', '.join(SEPARATORS)}, or one character, not {options.separator!r}"
        )
    if options.encoding != "auto":
        try:
            known_encoding(options.encoding)
        except BadInput as error:
            raise BadInput(f"--encoding: {error}") from None
    if options.decimal not in ("auto", ".", ","):
        raise BadInput(f"--decimal must be auto, a point or a comma, not {options.decimal!r}")
    options.missing = tuple(text.strip() for text in options.missing)
    options.types = _parse_types(options.types)
    if options.sample_rows is not None and options.sample_rows < MIN_SAMPLE_ROWS:
        raise BadInput(f"--sample-rows must be a number of rows from {MIN_SAMPLE_ROWS}, not {options.sample_rows}")
    if not 0.0 < options.test_size < 1.0:
        raise BadInput(f"--test-size must be a share of the rows between 0 and 1, not {options.test_size:g}")
    if not 0 <= options.seed < 2**32:
        raise BadInput(f"--seed must be a whole number from 0 to 4294967295, not {options.seed}")
    if options.jobs < 1 and options.jobs != -1:
        raise BadInput(f"--jobs must be a number of processes, or -1 for one per core, not {options.jobs}")
    names = [score.name for scores in SCORES.values() for score in scores]
    if options.score not in (None, *names):
        hint = did_you_mean(options.score, names)
        raise BadInput(f"--scoring must be one of {', '.join(names)}, not {options.score!r}.{hint}")
    if options.data is not None and options.data.resolve() in {(options.out / name).resolve() for name in FILES}:
        raise BadInput(f"--data {str(options.data)!r} would be overwritten by the results; choose another --out")
    options.search_budget = _search_budget(options)
    return options


def choose_score(name, task):
    """Return the score with a name, or the default one if it is None, after checking that it suits the task."""
    scores = {score.name: score for score in SCORES[task]}
    if name is None:
        return SCORES[task][0]
    if name not in scores:
        raise BadInput(f"--scoring {name} is not a score for {task}; choose from {_names(task)}")
    return scores[name]


def _describe_members():
    return ", ".join(f"{budget.n_members} for {name}" for name, budget in BUDGETS.items())


def _names(task):
    return ", ".join(score.name for score in SCORES[task])


def prepare_folder(folder):
    """Create the output folder, check that it is writable, and remove the files of an earlier run."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            for name in FILES:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write to --out {str(folder)!r}: {os.strerror(error.errno)}") from None


def _parse_types(assignments):
    """Return kinds by column. A column name may contain ``=``."""
    types = {}
    for text in assignments:
        name, equals, kind = (part.strip() for part in text.rpartition("="))
        if not equals or not name:
            raise BadInput(
                f"--types must be NAME=KIND, such as zip=category, not {text!r}; KIND is one of {', '.join(KINDS)}"
            )
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS)
            raise BadInput(f"--types {text}: KIND must be one of {', '.join(KINDS)}, not {kind!r}.{hint}")
        if types.setdefault(name, kind) != kind:
            raise BadInput(f"--types: {name!r} is declared both {types[name]} and {kind}")
    return types


def _search_budget(options):
    budget = BUDGETS.get(options.budget)
    if budget is None:
        try:
            seconds = float(options.budget)
        except ValueError:
            seconds = -1.0
        if not 0.0 < seconds < float("inf"):
            raise BadInput(f"--budget must be {', '.join(BUDGETS)} or a number of seconds, not {options.budget!r}")
        first = BUDGETS["small"].activations  # compiled first, in case the time is short
        activations = tuple(dict.fromkeys([*first, *BUDGETS["medium"].activations]))
        budget = dataclasses.replace(BUDGETS["medium"], activations=activations, seconds=seconds)
    everything = BUDGETS["large"]
    changes = {}
    for family, get in (("activations", get_activation), ("initializers", get_initializer)):
        names = getattr(options, family)
        if names is not None:
            changes[family] = getattr(everything, family) if names == "all" else _strategy_names(family, names, get)
    if options.sizes is not None:
        changes["sizes"] = tuple(_check_size(size) for size in _split_commas(options.sizes))
    if options.members is not None:
        if options.members < 0:
            raise BadInput(f"--members must be a number of candidates, or 0 for no ensemble, not {options.members}")
        changes["n_members"] = options.members
    return dataclasses.replace(budget, **changes)


def _strategy_names(family, names, get):
    names = _split_commas(names)
    for name in names:
        try:
            strategy = get(name)
        except ValueError as error:
            raise BadInput(f"--{family}: {error}") from None
        if family == "activations" and not hasattr(strategy, "slope"):
            raise BadInput(f"--activations: {name} has no slope, so networks with it cannot be trained")
    return names


def _split_commas(text):
    return tuple(dict.fromkeys(item.strip() for item in text.split(",")))


def _check_size(text):
    if not all(units.isdecimal() and int(units) > 0 for units in text.split("-")):
        raise BadInput(f"--sizes must be numbers of units with - between layers, such as 128-64, not {text!r}")
    return text
