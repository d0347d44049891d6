"""A script as users write it, which type checkers accept in their strict modes. It also runs."""

from typing import Any

import numpy as np
import numpy.typing as npt
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
    cache_info,
    warmup,
)
from sknn_concepts.activations import Activation, LeakyRelu
from sknn_concepts.curvature import hessian_diagonal
from sknn_concepts.export import Tensor
from sknn_concepts.initializers import Initializer, LecunNormal
from sknn_concepts.losses import Loss
from sknn_concepts.math import exp
from sknn_concepts.optimizers import AdamW
from sknn_concepts.pruning import MagnitudePruning, OptimalBrainDamage, prune
from sknn_concepts.schedules import Cosine
from sknn_concepts.tabular import TableEncoder


class Bump(Activation):
    """An activation of one's own."""

    width: float = 1.0

    def value(self, z: float) -> float:
        return exp(-z * z / self.width)

    def slope(self, z: float) -> float:
        return -2.0 * z / self.width * exp(-z * z / self.width)

    def onnx(self, z: Tensor) -> Tensor:
        return (-z * z / self.width).apply("Exp")


class Cubic(Loss):
    """A loss of one's own."""

    def loss(self, raw: float, target: float) -> float:
        return abs(raw - target) ** 3

    def gradient(self, raw: float, target: float) -> float:
        return 3.0 * (raw - target) * abs(raw - target)


class Tiny(Initializer):
    """An initializer of one's own."""

    def weights(self, random_state: np.random.RandomState, fan_in: int, fan_out: int) -> npt.NDArray[np.float64]:
        return 0.01 * random_state.standard_normal((fan_in, fan_out))


def main() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)

    network = MLPClassifier((8, 4), activation=[Bump(width=2.0), "relu"], solver=AdamW(weight_decay=0.1), max_iter=2)
    pipeline = make_pipeline(StandardScaler(), network)
    search = GridSearchCV(pipeline, {"mlpclassifier__activation": ["tanh", LeakyRelu(0.1)]}, cv=2)
    probabilities: npt.NDArray[Any] = search.fit(X, y).predict_proba(X)
    print(probabilities.shape, search.best_params_)

    fitted = MLPClassifier((4,), learning_rate=Cosine(), initializer=LecunNormal(), max_iter=2).fit(X, y)
    small = prune(fitted, X, y, OptimalBrainDamage(sparsity=0.5)).sparsify()
    print(small.n_weights_, fitted.loss_, hessian_diagonal(fitted, X, y))
    fitted.partial_fit(X, y)
    print(prune(fitted, X, y, MagnitudePruning(sparsity=0.5)).predict(X))

    regressor = MLPRegressor(loss=Cubic(), initializer=Tiny(), max_iter=2, random_state=0)
    print(regressor.fit(X, X[:, 1]).predict(X).mean())
    print(LogisticRegression().fit(X, y).coef_, Perceptron().fit(X, y).intercept_)

    ensemble = TabularClassifier(n_members=2, n_folds=2, random_state=0).fit(X, y)
    print(ensemble.leaderboard_["weight"], ensemble.predict(X))
    print(TabularRegressor(n_members=2, n_folds=2).fit(X, X[:, 1]).predict(X))
    print(TableEncoder(embedding="piecewise_linear").fit_transform(X).shape)

    seconds: float = warmup(dtypes=["float32"], activations=["relu"], solvers=["adam"])
    print(seconds, [info.n_files for info in cache_info()])


if __name__ == "__main__":
    main()
