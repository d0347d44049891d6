"""Where the lines of a verbose fit go."""

import io
import logging

import pytest
from samples import samples

from sknn_concepts import LogisticRegression, MLPClassifier, Perceptron
from sknn_concepts._logging import LOGGER

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def fit(verbose, max_iter=6, make=MLPClassifier):
    return make(max_iter=max_iter, verbose=verbose, random_state=0).fit(*samples("binary"))


@pytest.fixture
def own_handler():
    """Handler that a user has put on the logger of the package."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    LOGGER.addHandler(handler)
    yield stream
    LOGGER.removeHandler(handler)


@pytest.mark.parametrize("make", [LogisticRegression, MLPClassifier, Perceptron])
@pytest.mark.parametrize("verbose", [False, 0])
def test_a_fit_is_quiet_unless_asked(make, verbose, capsys, caplog):
    with caplog.at_level(logging.DEBUG):
        fit(verbose, make=make)
    assert capsys.readouterr() == ("", "") and not caplog.records


@pytest.mark.parametrize(
    "make, start", [(LogisticRegression, "Iteration"), (MLPClassifier, "Iteration"), (Perceptron, "-- Epoch")]
)
@pytest.mark.parametrize("verbose, numbers", [(True, [1, 2, 3, 4, 5, 6]), (1, [1, 2, 3, 4, 5, 6]), (3, [3, 6])])
def test_every_kth_epoch_is_printed_once(make, start, verbose, numbers, capsys):
    model = fit(verbose, make=make)
    printed = capsys.readouterr()
    n_iter = int(model.n_iter_[0] if make is LogisticRegression else model.n_iter_)
    numbers = [number for number in numbers if number <= n_iter]
    assert printed.out.count("\n") == len(numbers) > 0 and printed.err == ""
    starts = [line.replace(":", ",").split(",")[0] for line in printed.out.splitlines()]
    assert starts == [f"{start} {number}" for number in numbers]


def test_lines_go_to_a_handler_of_the_user_alone(own_handler, capsys):
    fit(2)
    assert capsys.readouterr() == ("", "")
    assert own_handler.getvalue().count("Iteration") == 3


def test_a_handler_that_does_nothing_swallows_no_line(capsys):
    handler = logging.NullHandler()
    LOGGER.addHandler(handler)
    try:
        fit(2)
    finally:
        LOGGER.removeHandler(handler)
    assert capsys.readouterr().out.count("Iteration") == 3


def test_a_disabled_logger_is_silent(capsys, monkeypatch):
    monkeypatch.setattr(LOGGER, "disabled", True)
    fit(2)
    assert capsys.readouterr() == ("", "")


def test_lines_go_to_the_root_logger_where_its_level_lets_them_through(capsys, caplog):
    with caplog.at_level(logging.INFO):
        fit(2)
    assert [record.name for record in caplog.records] == ["sknn_concepts"] * 3
    assert capsys.readouterr().out == ""
    caplog.clear()
    fit(2)  # a handler of the root logger that would not show them does not swallow them
    assert not caplog.records and capsys.readouterr().out.count("Iteration") == 3


def test_partial_fit_counts_its_calls(capsys):
    X, y = samples("binary")
    network = MLPClassifier(verbose=2, random_state=0)
    for _ in range(4):
        network.partial_fit(X, y, classes=[0, 1])
    assert capsys.readouterr().out.count("\n") == 2
