"""Conversion by skl2onnx, which finds the converters of the estimators by itself."""

import numpy as np
import pytest
import sklearn.neural_network
from runtime import assert_close, feed_of, run
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_concepts import (
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    TabularClassifier,
    TabularRegressor,
)
from sknn_concepts.export import register_converters

pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")
pandas = pytest.importorskip("pandas")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
CLASSIFIERS = [
    Perceptron(),
    LogisticRegression(),
    MLPClassifier((8,), max_iter=20, random_state=0),
    TabularClassifier(n_members=2, n_folds=2, random_state=0),
]
REGRESSORS = [
    MLPRegressor(loss="poisson", hidden_layer_sizes=(8,), max_iter=20, random_state=0),
    TabularRegressor(n_members=2, n_folds=2, random_state=0),
]


def name_of(estimator):
    return type(estimator).__name__


def assert_same_classes(outputs, model, X):
    assert (outputs["label"] == model.predict(X)).all()
    if "probabilities" in outputs:
        assert_close(outputs["probabilities"], model.predict_proba(X))
    else:
        assert_close(outputs["scores"], model.decision_function(X))


@pytest.mark.parametrize("labels", [[0, 1, 2], ["a", "b", "c"]], ids=str)
@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=name_of)
def test_classifiers_in_pipelines(classifier, labels):
    pipeline = make_pipeline(StandardScaler(), classifier).fit(X, np.array(labels)[Y])
    samples = X.astype(np.float32)
    for options in (None, {"zipmap": False}, {id(pipeline): {"zipmap": False}}):
        assert_same_classes(run(skl2onnx.to_onnx(pipeline, samples[:1], options=options), samples), pipeline, X)
    with pytest.raises(ValueError, match="zipmap"):
        skl2onnx.to_onnx(pipeline, samples[:1], options={"zipmap": "columns"})


@pytest.mark.parametrize("regressor", REGRESSORS, ids=name_of)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressors_in_pipelines(regressor, n_outputs):
    pipeline = make_pipeline(StandardScaler(), regressor).fit(X[:, :2], X[:, 2 : 2 + n_outputs].squeeze())
    numbers = run(skl2onnx.to_onnx(pipeline, X[:1, :2].astype(np.float32)), X[:, :2].astype(np.float32))["variable"]
    assert numbers.shape == (150, n_outputs)
    assert_close(numbers, pipeline.predict(X[:, :2]))


def test_double_precision():
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=20, random_state=0)).fit(X, Y)
    outputs = run(skl2onnx.to_onnx(pipeline, X[:1]), X)
    assert_close(outputs["probabilities"], pipeline.predict_proba(X), "float64")


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("classifier", CLASSIFIERS[:3], ids=name_of)
def test_raw_scores(classifier, n_classes):
    samples, y = X[Y < n_classes].astype(np.float32), Y[Y < n_classes]
    classifier = clone(classifier).fit(samples, y)
    converted = skl2onnx.to_onnx(classifier, samples[:1], options={"zipmap": False, "raw_scores": True})
    scores = classifier.decision_function(samples)
    scores = np.column_stack([-scores, scores]) if n_classes == 2 else scores
    assert_close(list(run(converted, samples).values())[1], scores)


def test_several_labels():
    samples, y = make_multilabel_classification(80, n_classes=3, random_state=0)
    network = MLPClassifier((6,), max_iter=30, random_state=0).fit(samples, y)
    samples = samples.astype(np.float32)
    assert_same_classes(run(skl2onnx.to_onnx(network, samples[:1]), samples), network, samples)


def test_searches():
    search = GridSearchCV(MLPClassifier(max_iter=10, random_state=0), {"alpha": [1e-3, 1e-4]}, cv=2).fit(X, Y)
    samples = X.astype(np.float32)
    assert_same_classes(run(skl2onnx.to_onnx(search, samples[:1]), samples), search, samples)


@pytest.mark.parametrize(
    "make",
    [
        lambda parts: VotingClassifier(parts, voting="soft", flatten_transform=False),
        lambda parts: StackingClassifier(parts, LogisticRegression()),  # on probabilities
        lambda parts: CalibratedClassifierCV(parts[1][1], cv=2),  # of scores
        lambda parts: CalibratedClassifierCV(Perceptron(), cv=2),
    ],
    ids=["voting", "stacking", "calibrated", "calibrated perceptron"],
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_meta_estimators_after_registration(make, n_classes):
    register_converters()
    parts = [("a", LogisticRegression()), ("b", MLPClassifier(max_iter=10, random_state=0))]
    samples, y = X[Y < n_classes], Y[Y < n_classes]
    model = make(parts).fit(samples, y)
    samples = samples.astype(np.float32)
    outputs = run(skl2onnx.to_onnx(model, samples[:1], options={"zipmap": False}), samples)
    assert_same_classes(outputs, model, samples)


def test_tables_with_a_column_for_each_input():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"size": X[:, 0], "color": np.array(["red", "blue", "green"])[Y], "n": np.arange(150)})
    frame.loc[::7, "size"] = None
    model = TabularClassifier(n_members=2, n_folds=2, random_state=0).fit(frame, X[:, 1] > 3)
    converted = skl2onnx.to_onnx(model, frame[1:])
    assert [one.name for one in converted.graph.input] == ["size", "color", "n"]
    assert_same_classes(run(converted, feed_of(frame)), model, frame)


def test_old_operators_are_refused():
    model = MLPClassifier(max_iter=2, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match="target_opset >= 13; got 12"):
        skl2onnx.to_onnx(model, X[:1], target_opset=12)
    for opset in (13, 18, None):
        assert_same_classes(run(skl2onnx.to_onnx(model, X[:1], target_opset=opset), X), model, X)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_converters_of_scikit_learn_read_the_network(kind):
    """The converter of scikit-learn's own network, which reads the kind of targets from its label binarizer."""
    samples, y = make_multilabel_classification(80, n_classes=3, random_state=0)
    y = {"binary": y[:, 0], "multiclass": y.sum(axis=1), "multilabel": y}[kind]
    theirs = sklearn.neural_network.MLPClassifier((6,), max_iter=5, random_state=0).fit(samples, y)
    ours = MLPClassifier((6,), max_iter=5, random_state=0).fit(samples, y)
    classes = np.arange(3) if kind == "multilabel" else np.unique(y)
    first = MLPClassifier((6,), random_state=0).partial_fit(samples, y, classes=classes)
    for name in ("y_type_", "sparse_input_"):
        expected = getattr(theirs._label_binarizer, name)
        assert getattr(ours._label_binarizer, name) == getattr(first._label_binarizer, name) == expected
    assert ours._label_binarizer.classes_.tolist() == theirs._label_binarizer.classes_.tolist()
    theirs.__dict__.update({name: getattr(ours, name) for name in ("coefs_", "intercepts_", "_label_binarizer")})
    samples = samples.astype(np.float32)
    outputs = run(skl2onnx.to_onnx(theirs, samples[:1], options={"zipmap": False}), samples)
    assert_close(outputs["probabilities"], ours.predict_proba(samples))
    assert (outputs["label"] == ours.predict(samples)).all()


FRESH = """
import numpy as np
import skl2onnx
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sknn_concepts import LogisticRegression

X, y = load_iris(return_X_y=True)
pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
for _ in range(2):  # the second time, the converter is known
    model = skl2onnx.to_onnx(pipeline, X[:1].astype(np.float32), options={"zipmap": False})
    print(*(output.name for output in model.graph.output))
"""


def test_nothing_needs_to_be_imported(tmp_path, run_python):
    (tmp_path / "script.py").write_text(FRESH)
    assert run_python(tmp_path / "script.py") == ["label probabilities"] * 2


def test_inputs_in_another_order_are_refused():
    frame = pandas.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=["a", "b", "c"])
    model = TabularClassifier(n_members=1, n_folds=1, random_state=0).fit(frame, frame["a"] > 0)
    with pytest.raises(ValueError, match="must be in the order of the columns"):
        skl2onnx.to_onnx(model, frame[["c", "b", "a"]])
