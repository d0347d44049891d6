"""One changed import: arguments, errors, warnings and attributes of the installed scikit-learn, whichever it is."""

import inspect
import re
import warnings

import numpy as np
import pytest
import sklearn.linear_model
import sklearn.neural_network
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

import sknn_concepts
from sknn_concepts.validation import compat

THEIRS = {
    "LogisticRegression": sklearn.linear_model.LogisticRegression,
    "Perceptron": sklearn.linear_model.Perceptron,
    "MLPClassifier": sklearn.neural_network.MLPClassifier,
    "MLPRegressor": sklearn.neural_network.MLPRegressor,
}
POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD

X, Y3 = make_classification(80, 5, n_informative=5, n_redundant=0, n_classes=3, flip_y=0.2, random_state=1)
Y2 = np.array(["no", "yes"])[(Y3 > 0).astype(int)]


def both(name, **arguments):
    """Scikit-learn's estimator and ours."""
    return THEIRS[name](**arguments), getattr(sknn_concepts, name)(**arguments)


def told(estimator, *data):
    """Error of a fit (None if it went well), and warnings, as pairs of a type and a text."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            estimator.fit(*data)
            error = None
        except Exception as problem:
            error = type(problem), str(problem)
    return error, [(warning.category, str(warning.message)) for warning in caught]


def words(text):
    """The text as a pattern in which numbers are any, and only the first line counts: the rest is advice."""
    first = text.strip().splitlines()[0]
    return re.sub(r"(\\?-)?\d+(\\?\.\d+)?(e(\\?-)?\d+)?", r"[-\\de.]+", re.escape(first))


def assert_said(theirs, ours):
    """Each warning of theirs has one of ours with its words, and there is no other."""
    for category, text in theirs:
        assert any(issubclass(other, category) and re.match(words(text), said) for other, said in ours), (text, ours)
    assert len(ours) == len(theirs), ours


@pytest.mark.parametrize("name", THEIRS)
def test_constructors_take_what_scikit_learn_takes_in_its_order(name):
    theirs, ours = (inspect.signature(cls).parameters for cls in (THEIRS[name], getattr(sknn_concepts, name)))
    assert [n for n in ours if ours[n].kind is POSITIONAL] == [n for n in theirs if theirs[n].kind is POSITIONAL]
    for argument in theirs:
        assert ours[argument].default == theirs[argument].default, argument
    assert set(THEIRS[name]().get_params()) <= set(getattr(sknn_concepts, name)().get_params())
    documented = re.findall(r"^([\w, ]+) : ", inspect.getdoc(getattr(sknn_concepts, name)), re.MULTILINE)
    assert set(theirs) <= {argument for line in documented for argument in line.split(", ")}


@pytest.mark.parametrize("name", THEIRS)
def test_methods_take_what_scikit_learn_takes_in_its_order(name):
    for method, function in inspect.getmembers(THEIRS[name], inspect.isfunction):
        if method.startswith("_") or method == "set_callbacks":
            continue
        theirs = inspect.signature(function).parameters
        ours = inspect.signature(getattr(getattr(sknn_concepts, name), method)).parameters
        assert [n for n, p in ours.items() if p.kind is POSITIONAL][: len(theirs)] == [
            n for n, p in theirs.items() if p.kind is POSITIONAL
        ], method
        assert set(theirs) <= set(ours), method


@pytest.mark.parametrize("name", THEIRS)
def test_fitted_attributes_and_methods_are_there(name):
    theirs, ours = both(name, max_iter=5)
    told(theirs, X, Y3), told(ours, X, Y3)
    # what Perceptron inherits from stochastic gradient descent without an argument for it says nothing
    inherited = {"learning_rate", "epsilon", "power_t", "loss_functions", "set_callbacks"}
    inherited |= {"C"} if name == "Perceptron" else set()
    public = {n for n in dir(theirs) if not n.startswith("_")} - inherited
    assert [n for n in public if not hasattr(ours, n)] == []


#: Arguments, and the classes they are tried with. Where they are refused, both have to, with the same words.
ASKED = [
    ({"penalty": "l2"}, Y3),
    ({"penalty": "l2", "C": 0.1, "n_jobs": 2}, Y3),
    ({"penalty": "l1", "solver": "liblinear"}, Y2),
    ({"penalty": "l1", "solver": "saga"}, Y3),
    ({"penalty": None}, Y3),
    ({"penalty": None, "C": 0.1}, Y2),
    ({"penalty": "elasticnet", "l1_ratio": 0.3, "solver": "saga"}, Y2),
    ({"penalty": "elasticnet", "solver": "saga", "l1_ratio": None}, Y2),
    ({"penalty": "elasticnet", "l1_ratio": 0.3}, Y2),
    ({"penalty": "elasticnet", "l1_ratio": 1, "solver": "newton-cg", "dual": True}, Y2),
    ({"penalty": "l1"}, Y3),
    ({"penalty": "l1", "solver": "liblinear", "dual": True}, Y2),
    ({"penalty": "l2", "l1_ratio": 0.5}, Y2),
    ({"penalty": "l1", "l1_ratio": 0.5, "solver": "saga"}, Y2),
    ({"penalty": "none"}, Y2),
    ({"penalty": "l3"}, Y2),
    ({"l1_ratio": None}, Y2),
    ({"l1_ratio": 1, "solver": "liblinear"}, Y2),
    ({"l1_ratio": 1}, Y2),
    ({"l1_ratio": 0.5, "solver": "liblinear"}, Y2),
    ({"l1_ratio": 0.5, "C": np.inf}, Y2),
    ({"C": np.inf}, Y3),
    ({"penalty": None, "solver": "liblinear"}, Y2),
    ({"solver": "liblinear"}, Y3),
    ({"solver": "sag", "dual": True}, Y2),
    ({"solver": "liblinear", "n_jobs": 2}, Y2),
]
if "multi_class" in inspect.signature(THEIRS["LogisticRegression"]).parameters:
    ASKED += [({"multi_class": value}, Y3) for value in ("auto", "ovr", "multinomial")]
    ASKED += [({"multi_class": "ovr"}, Y2), ({"multi_class": "multinomial", "solver": "liblinear"}, Y3)]


@pytest.mark.parametrize(("arguments", "y"), ASKED, ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_arguments_mean_what_they_mean_in_scikit_learn(arguments, y):
    theirs, ours = both("LogisticRegression", tol=1e-9, max_iter=10_000, random_state=0, **arguments)
    (problem, warned), (our_problem, we_warned) = told(theirs, X, y), told(ours, X, y)
    assert (problem is None) == (our_problem is None), (problem, our_problem)
    if problem is not None and arguments.get("penalty") not in ("none", "l3"):
        assert problem[1].removesuffix(".") in our_problem[1]
    if problem is not None:
        assert issubclass(our_problem[0], problem[0])
        return
    assert_said(warned, we_warned)
    assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-5)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["l1", "elasticnet"])
@pytest.mark.parametrize("given", ["penalty", "l1_ratio"])
def test_what_a_solver_does_not_take_is_named_as_it_was_given(given, kind):
    share = {"l1": 1, "elasticnet": 0.5}[kind]
    if given == "l1_ratio" and not compat.PENALTY_IS_DEPRECATED:
        pytest.skip("this scikit-learn asks for a penalty by name")
    arguments = {"penalty": kind, "l1_ratio": share} if given == "penalty" else {"l1_ratio": share}
    error, _ = told(sknn_concepts.LogisticRegression(**arguments), X, Y2)
    assert f"got {kind} penalty. {given}={arguments[given]!r} needs solver='saga'" in error[1]


@pytest.mark.filterwarnings("ignore:'penalty' was deprecated:FutureWarning", "ignore:.*l1_ratio")
def test_penalties_are_copied_shown_and_searched():
    model = sknn_concepts.LogisticRegression("l1", C=0.5, solver="saga")  # as scikit-learn, which takes it by place
    assert model.get_params()["penalty"] == "l1" and "penalty='l1'" in repr(model)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(penalty=None).penalty is None
    grid = {"penalty": ["l1", "l2"], "C": [0.1, 1.0]}
    searches = [GridSearchCV(m.set_params(solver="saga", max_iter=5000), grid) for m in both("LogisticRegression")]
    theirs, ours = (search.fit(X, Y3).cv_results_["mean_test_score"] for search in searches)
    assert_allclose(ours, theirs)


UNFINISHED = [
    *(("LogisticRegression", {"solver": s, "max_iter": 1}) for s in ("lbfgs", "newton-cg", "sag", "saga", "liblinear")),
    ("LogisticRegression", {"solver": "newton-cholesky", "max_iter": 1}),
    ("Perceptron", {"max_iter": 2}),
    *(("MLPClassifier", {"solver": s, "max_iter": 2}) for s in ("lbfgs", "sgd", "adam")),
    *(("MLPRegressor", {"solver": s, "max_iter": 2}) for s in ("lbfgs", "adam")),
    ("MLPClassifier", {"solver": "lbfgs", "max_fun": 3}),
]


@pytest.mark.parametrize(("name", "arguments"), UNFINISHED, ids=str)
def test_a_filter_for_scikit_learns_words_of_no_convergence_knows_ours(name, arguments):
    theirs, ours = both(name, random_state=0, **arguments)
    y = Y2 if name != "MLPRegressor" else Y3
    (_, warned), (_, we_warned) = told(theirs, X, y), told(ours, X, y)
    assert warned
    assert_said(warned, we_warned)
