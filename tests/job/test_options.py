"""Tests of the command line options and their validation."""

import pytest

from sknn_concepts.activations import ACTIVATIONS
from sknn_concepts.initializers import INITIALIZERS
from sknn_concepts.job.budget import BUDGETS, candidates
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.options import FILES, build_parser, choose_score, parse, prepare_folder


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "x.csv"], "--data needs --target"),
        (["--target", "y"], "--target needs --data"),
        (["--task", "regression"], "embedded data are a classification"),
        (["--task", "clustering"], "argument --task: invalid choice"),
        (["--budget", "huge"], "small, medium, large or a number of seconds, not 'huge'"),
        (["--budget", "0"], "not '0'"),
        (["--budget", "inf"], "not 'inf'"),
        (["--test-size", "1"], "between 0 and 1"),
        (["--seed", "-1"], "whole number from 0"),
        (["--seed", "1.5"], "argument --seed: invalid int"),
        (["--jobs", "0"], "number of processes"),
        (["--separator", "::"], "one of auto"),
        (["--scoring", "acuracy"], "--scoring must be one of neg_log_loss, accuracy, .* Did you mean 'accuracy'"),
        (["--score", "acuracy"], "Did you mean 'accuracy'"),
        (["--members", "-1"], "number of candidates, or 0 for no ensemble, not -1"),
        (["--members", "many"], "argument --members: invalid int"),
        (["--activations", "rellu"], "--activations: .*Did you mean 'relu'"),
        (["--activations", "relu,step"], "step has no slope"),
        (["--initializers", "he"], "--initializers: .*'he'"),
        (["--sizes", "64-"], "such as 128-64, not '64-'"),
        (["--sizes", "0"], "not '0'"),
        (["--colour"], "unrecognized arguments: --colour"),
        (["--data", "run/results.csv", "--target", "y", "--out", "run"], "would be overwritten"),
        (["table.csv"], "unrecognized arguments: table.csv"),
    ],
)
def test_options_that_are_refused(arguments, words):
    with pytest.raises(BadInput, match=words) as caught:
        parse(arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", BUDGETS)
def test_named_budget(name):
    assert parse(["--budget", name]).search_budget == BUDGETS[name]


def test_budget_in_seconds():
    plan = parse(["--budget", "90.5"]).search_budget
    assert plan.seconds == 90.5
    assert sorted(map(str, candidates(plan, 0))) == sorted(map(str, candidates(BUDGETS["medium"], 1)))


def test_own_grid():
    plan = parse(["--activations", "swish, relu", "--initializers", "he_normal", "--sizes", "8,16-8"]).search_budget
    assert (plan.activations, plan.initializers, plan.sizes) == (("swish", "relu"), ("he_normal",), ("8", "16-8"))
    assert plan.rounds == BUDGETS["small"].rounds


def test_every_strategy_by_name():
    plan = parse(["--activations", "all", "--initializers", "all"]).search_budget
    assert set(plan.activations) == set(ACTIVATIONS) - {"step"}
    assert set(plan.initializers) == set(INITIALIZERS)


def test_two_names_of_an_option():
    assert parse(["--scoring", "r2"]).score == parse(["--score", "r2"]).score == "r2"


def test_size_of_the_ensemble():
    assert parse([]).search_budget.n_members == BUDGETS["small"].n_members
    assert parse(["--budget", "60", "--members", "0"]).search_budget.n_members == 0


def test_score_must_fit_the_task():
    assert choose_score(None, "regression").name == "neg_root_mean_squared_error"
    assert choose_score(None, "classification").name == "neg_log_loss"
    assert choose_score("f1_macro", "classification").name == "f1_macro"
    with pytest.raises(BadInput, match="is not a score for regression"):
        choose_score("accuracy", "regression")


def test_help_counts_what_a_budget_tries():
    help_text = build_parser().format_help()
    for budget in BUDGETS.values():
        assert f"{len(candidates(budget, 0)):,}" in help_text
    with pytest.raises(SystemExit) as caught:
        parse(["--help"])
    assert caught.value.code == 0


def test_folder_is_made_and_loses_the_files_of_an_earlier_run(tmp_path):
    folder = tmp_path / "a" / "b"
    prepare_folder(folder)
    for name in (*FILES, "mine.txt"):
        (folder / name).write_text("old")
    prepare_folder(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BadInput, match="cannot write to --out"):
            prepare_folder(folder)
